"""Images of unusual kinds: what becomes of them, in every place that decodes."""

import re
import struct
import subprocess
import sys
import zlib
from base64 import b85decode

import cv2
import numpy as np
import pytest

from netdef.data.datum import decode_image
from netdef.errors import DataError

UPRIGHT = np.zeros((3, 16, 32), np.uint8)
UPRIGHT[:, :, :16] = 255


def jpeg(image):
    return cv2.imencode(".jpg", image.transpose(1, 2, 0))[1].tobytes()


def with_orientation(content, number):
    """Put an EXIF block with an orientation into a JPEG."""
    block = b"Exif\0\0" + b"II*\0" + struct.pack("<IHHHIII", 8, 1, 0x112, 3, 1, number, 0)
    return content[:2] + b"\xff\xe1" + struct.pack(">H", len(block) + 2) + block + content[2:]


def test_an_image_is_turned_as_its_camera_says():
    turned = decode_image(with_orientation(jpeg(UPRIGHT), 6), color=True)
    assert turned.shape == (3, 32, 16)
    assert turned[:, :16].min() > 250 and turned[:, 16:].max() < 5


def test_sixteen_bits_become_eight_where_colours_are_asked_for():
    content = cv2.imencode(".png", np.full((4, 5, 3), 0x8001, np.uint16))[1].tobytes()
    image = decode_image(content, color=True)
    assert (image.dtype, image.shape, image.max()) == (np.uint8, (3, 4, 5), 128)
    with pytest.raises(DataError, match="^its image has uint16 pixels; save it with 8 bits"):
        decode_image(content)


# 8 x 8 pixels of cyan 0, magenta and yellow 255, black 0: red.
CMYK = (
    b"|JeWT01iQ9Z(?NtWB>pF0095n07C#95)>B{5gQj47aklNASgmBC?zE*Q93;^LSR*8WM5TXTWWZjfogG(b6Z`7wT6"
    b"(MqpPi}XMnuPx~9jOsH>#^zyK5o00;mG1Va%3O%VWD5dcdO0RO}Q6aWDL000000000000000000L6!~hf!0RR9100"
    b"00000000000000RP$m4g^C0O#oQ{O8@{r08BD6O#j&"
)


def test_four_inks_become_three_colours():
    image = decode_image(b85decode(CMYK), color=True)
    assert image.shape == (3, 8, 8)
    blue, green, red = image.astype(int).mean(axis=(1, 2))
    assert red > 200 and max(blue, green) < 60


def test_transparency_is_dropped():
    content = cv2.imencode(".png", np.full((4, 5, 4), 7, np.uint8))[1].tobytes()
    assert decode_image(content, color=True).shape == (3, 4, 5)


def test_the_first_picture_of_an_animation():
    # Two frames of one pixel: white, then black (GIF89a, two colours).
    frame = b"\x2c\0\0\0\0\x01\0\x01\0\0\x02\x02%c\x01\0"
    content = (
        b"GIF89a\x01\0\x01\0\x80\0\0\xff\xff\xff\0\0\0" + frame % 0x44 + frame % 0x4C + b"\x3b"
    )
    assert decode_image(content, color=True).ravel().tolist() == [255, 255, 255]


def bomb():
    """Return a PNG of 60,000 x 60,000 pixels in a few bytes."""

    def chunk(kind, body):
        return (
            struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
        )

    head = struct.pack(">IIBBBBB", 60000, 60000, 8, 0, 0, 0, 0)
    body = zlib.compress(bytes(60001))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", body) + chunk(b"IEND", b"")


REFUSED = (
    "its image is too large for OpenCV (pixels <= CV_IO_MAX_IMAGE_PIXELS); make it smaller, or"
    " raise OPENCV_IO_MAX_IMAGE_PIXELS in the environment"
)


def test_a_small_file_of_too_many_pixels_is_refused():
    with pytest.raises(DataError, match=f"^{re.escape(REFUSED)}$"):
        decode_image(bomb(), color=True)


def test_the_limit_is_set_before_opencv_is_imported():
    code = (
        "import netdef.data.datum as datum\n"
        "content = b'P5 17000 17000 255 ' + bytes(17000 * 17000)\n"
        "try: datum.decode_image(content, False)\n"
        "except datum.DataError as error: print(error)"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout == f"{REFUSED}\n"


def test_opencv_says_nothing_of_its_own():
    code = (
        "import sys, netdef.data.datum as datum\n"
        "try: datum.decode_image(sys.stdin.buffer.read(), True)\n"
        "except datum.DataError as error: print(error)"
    )
    content = cv2.imencode(".tiff", np.zeros((3, 4, 3), np.float32))[1].tobytes()
    ran = subprocess.run([sys.executable, "-c", code], input=content, capture_output=True)
    assert (ran.returncode, ran.stderr) == (0, b"")
    assert ran.stdout.startswith(b"its ")
