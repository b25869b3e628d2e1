import pytest

from netdef.data.window_list import ImageWindow, read_window_list
from netdef.errors import DataError, MissingFile

LIST = """# 0
images/a.jpg
3
20
30
2
4 0.75 1 2 11 12
0 0.1 0 0 29 19
# 1
b.png 3 5 6 0
# 2
c.png 3 5 6
1 7 1e-1 -2 3 4 5
"""


def read(tmp_path, text):
    (tmp_path / "windows.txt").write_text(text)
    return read_window_list(tmp_path / "windows.txt")


def test_windows_in_order_with_their_lines(tmp_path):
    assert read(tmp_path, LIST) == [
        ImageWindow(7, "images/a.jpg", 4, 0.75, 1, 2, 11, 12),
        ImageWindow(8, "images/a.jpg", 0, 0.1, 0, 0, 29, 19),
        ImageWindow(13, "c.png", 7, 0.1, -2, 3, 4, 5),
    ]


def test_a_list_of_another_system(tmp_path):
    (tmp_path / "windows.txt").write_bytes(b"\xef\xbb\xbf" + LIST.replace("\n", "\r\n").encode())
    assert read_window_list(tmp_path / "windows.txt") == read(tmp_path, LIST)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", ": lists no windows; begin each image with '# 0' and its path"),
        ("# 0 a.png 3 5 6 0", ": lists no windows; begin each image with '# 0' and its path"),
        ("0\na.png", ":1: '0' stands where '#' should begin an image"),
        ("# x", ":1: the image's number must be a whole number, got 'x'"),
        ("# 0\na.png\n3\n5\n6.5", ":5: the width must be a whole number, got '6.5'"),
        ("# 0\na.png 3 5 6\n2 1 0.5 1 1", ":3: the file ends where x2 should follow"),
        ("# 0\na.png 3 5 6\n1\n1 0.5 1 1 4", ":4: the file ends where y2 should follow"),
        ("# 0\n", ":1: the file ends where the image's path should follow"),
        ("# 0 a 3 5 6 1\n1 much 1 1 1 1", ":2: the overlap must be a number, got 'much'"),
        ("# 0 a 3 5 6 1\n1 1 4 1 3 1", ":2: the window 4 1 3 1 ends before it begins"),
        ("# 0 a 3 5 6 1\n1 1 4 1 4 1\n9", ":3: '9' stands where '#' should begin an image"),
    ],
)
def test_what_is_refused(tmp_path, text, message):
    with pytest.raises(DataError) as caught:
        read(tmp_path, text)
    assert str(caught.value) == f"{tmp_path}/windows.txt{message}"


def test_files_that_are_no_lists(tmp_path):
    with pytest.raises(MissingFile) as missing:
        read_window_list(tmp_path / "nowhere")
    assert str(missing.value) == f"{tmp_path}/nowhere: no such file or folder"
    (tmp_path / "image").write_bytes(b"\x89PNG\xff")
    with pytest.raises(DataError) as binary:
        read_window_list(tmp_path / "image")
    assert str(binary.value) == f"{tmp_path}/image: is not text; give a list of windows"
