"""Pictures that users send: opened safely, upright, on white, in the middle of a square."""

import subprocess
import sys
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from emojich_core.image_file import MAX_BYTES, BadImage, Problem, open_square
from tests.png import png_header

ROOT = Path(__file__).parents[2]


def encoded(image: Image.Image, kind: str, **options: object) -> bytes:
    file = BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_wide_picture_stands_in_the_middle_of_a_white_square(kind: str) -> None:
    square = open_square(encoded(Image.new("RGB", (400, 200), "green"), kind), 64)
    pixels = np.asarray(square).astype(int)
    assert (square.mode, square.size) == ("RGB", (64, 64))
    assert (pixels[:16] == 255).all()
    assert (pixels[-16:] == 255).all()
    assert abs(pixels[17:47] - (0, 128, 0)).max() < 12


def test_picture_is_turned_as_its_exif_says() -> None:
    lying = Image.new("RGB", (40, 20), "blue")
    lying.paste("red", (0, 0, 20, 20))
    exif = Image.Exif()
    exif[0x0112] = 6  # to be turned by 90° to the right
    turned = open_square(encoded(lying, "JPEG", exif=exif), 40)
    red, blue = turned.getpixel((20, 5)), turned.getpixel((20, 35))
    assert red[0] > 200 > red[2]  # type: ignore[index]
    assert blue[2] > 200 > blue[0]  # type: ignore[index]


def test_exif_that_cannot_be_read_turns_nothing() -> None:
    file = encoded(Image.new("RGB", (20, 20), "red"), "JPEG", exif=b"Exif\0\0MM\0*\xff\xff\xff\xff")
    assert open_square(file, 20).size == (20, 20)


def test_transparent_pixels_become_white() -> None:
    clear = Image.new("RGBA", (30, 30), (200, 0, 0, 0))
    for kind in ("PNG", "WEBP"):
        assert open_square(encoded(clear, kind), 30).getextrema() == ((255, 255),) * 3


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "I;16", "RGBA"])
def test_every_mode_becomes_rgb(mode: str) -> None:
    grey = Image.new("L", (16, 16), 128)
    if mode == "I;16":
        image = Image.fromarray(np.full((16, 16), 128 * 257, np.uint16))
    else:
        image = grey.convert(mode)
    square = open_square(encoded(image, "PNG"), 16)
    assert square.mode == "RGB"
    if mode != "1":
        assert abs(np.asarray(square).astype(int) - 128).max() <= 1


def test_picture_of_one_row_is_opened() -> None:
    assert open_square(encoded(Image.new("RGB", (5000, 1), "red"), "PNG"), 64).size == (64, 64)


@pytest.mark.parametrize(
    ("file", "problem", "words"),
    [
        (png_header(10_000, 10_000), Problem.TOO_LARGE, "25 megapixels"),
        (png_header(60_000, 60_000), Problem.TOO_LARGE, "25 megapixels"),
        (b"\0" * (MAX_BYTES + 1), Problem.TOO_LARGE, "20 MB"),
        (png_header(50, 50), Problem.UNREADABLE, "JPEG, PNG, WEBP"),
        (encoded(Image.effect_noise((90, 90), 50), "JPEG")[:-400], Problem.UNREADABLE, "no pict"),
        (encoded(Image.new("RGB", (9, 9)), "GIF"), Problem.UNREADABLE, "no picture"),
        (encoded(Image.new("RGB", (9, 9)), "BMP"), Problem.UNREADABLE, "no picture"),
        (b"%!PS-Adobe-3.0 EPSF-3.0\n", Problem.UNREADABLE, "no picture"),
        (b"", Problem.UNREADABLE, "no picture"),
    ],
    ids=["100 megapixels", "3600", "bytes", "no pixels", "cut", "GIF", "BMP", "EPS", "empty"],
)
def test_bad_file_is_refused(file: bytes, problem: Problem, words: str) -> None:
    with pytest.raises(BadImage, match=words) as refused:
        open_square(file)
    assert refused.value.problem is problem


@pytest.mark.parametrize("kind", ["PNG", "WEBP"])
def test_animation_is_refused(kind: str) -> None:
    frames = [Image.new("RGB", (9, 9), colour) for colour in ("red", "blue")]
    file = encoded(frames[0], kind, save_all=True, append_images=frames[1:])
    with pytest.raises(BadImage) as refused:
        open_square(file)
    assert refused.value.problem is Problem.MOVING


def test_jpeg_of_a_phone_with_a_second_picture_is_opened() -> None:
    frames = [Image.new("RGB", (30, 30), colour) for colour in ("red", "blue")]
    file = encoded(frames[0], "MPO", save_all=True, append_images=frames[1:])
    red = open_square(file, 8).getpixel((4, 4))
    assert red[0] > 240  # type: ignore[index]


MEMORY = """
import resource, sys
from emojich_core.image_file import BadImage, open_square
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
try:
    open_square(sys.stdin.buffer.read())
except BadImage:
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
"""


def test_100_megapixels_take_no_memory() -> None:
    bomb = encoded(Image.new("L", (10_000, 10_000)), "PNG")  # some 100 KB
    done = subprocess.run(
        [sys.executable, "-c", MEMORY], input=bomb, cwd=ROOT, capture_output=True, check=True
    )
    unit = 1 if sys.platform == "darwin" else 1024
    assert int(done.stdout) * unit < 20_000_000
    assert done.stderr == b""


NO_NUMPY = (
    "import sys, emojich_core.image_file; sys.exit(bool({'numpy', 'torch'} & set(sys.modules)))"
)


def test_module_imports_neither_numpy_nor_torch() -> None:
    assert subprocess.run([sys.executable, "-c", NO_NUMPY], cwd=ROOT, check=False).returncode == 0
