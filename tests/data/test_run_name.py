import os

from netdef.data.run_name import file_stamp, run_name


def test_what_prints_alike_has_one_name():
    assert run_name("a", 1, (2.5, None)) == run_name("a", 1, (2.5, None))
    assert len({run_name("a", 1), run_name("a1"), run_name("a", "1"), run_name()}) == 4
    assert run_name("a").isalnum()


def test_a_file_that_was_changed_is_another(tmp_path):
    (tmp_path / "a").write_text("12")
    os.utime(tmp_path / "a", ns=(1, 1))
    first = file_stamp(tmp_path / "a")
    assert first == file_stamp(tmp_path / "../" / tmp_path.name / "a")
    (tmp_path / "a").write_text("13")
    assert file_stamp(tmp_path / "a") != first
    assert file_stamp("no such file") == ("no such file",)
