"""Pictures for fine-tuning: accepted formats and sizes, and how they are read."""

import os
import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import EpsImagePlugin, Image, ImageFile, PngImagePlugin

from emojich_core.finetuning.pairs import BadData, picture, read_pairs

GREYS = np.linspace(0, 65535, 64 * 64).astype(np.uint16).reshape(64, 64)


@pytest.mark.parametrize("name", ["grey.png", "grey.tif"])
def test_picture_with_16_bits_is_scaled_to_8(tmp_path: Path, name: str) -> None:
    Image.fromarray(GREYS).save(tmp_path / name)
    seen = np.asarray(picture(tmp_path / name, 64))
    assert abs(seen.astype(int) - (GREYS[..., None] / 257)).max() <= 1


def test_picture_with_16_bits_and_a_transparent_colour_is_read(tmp_path: Path) -> None:
    grey = np.full((32, 32), 30000, np.uint16)
    grey[:, 16:] = 500
    Image.fromarray(grey).save(tmp_path / "clear.png", transparency=500)
    seen = picture(tmp_path / "clear.png", 32)
    assert (seen.getpixel((4, 4)), seen.getpixel((28, 4))) == ((117,) * 3, (255,) * 3)


@pytest.mark.parametrize(
    ("mode", "kind"),
    [
        ("1", "PNG"), ("L", "PNG"), ("LA", "PNG"), ("P", "GIF"), ("PA", "PNG"), ("RGB", "BMP"),
        ("RGBA", "WEBP"), ("CMYK", "JPEG"), ("CMYK", "TIFF"), ("YCbCr", "JPEG"),
    ],
)  # fmt: skip
def test_every_kind_of_picture_is_read(tmp_path: Path, mode: str, kind: str) -> None:
    left_white = Image.new("RGB", (64, 32), "white")
    left_white.paste("black", (32, 0, 64, 32))
    image = left_white.convert("P").convert("PA") if mode == "PA" else left_white.convert(mode)
    file = tmp_path / "x"
    image.convert("RGBA" if mode == "PA" else mode).save(file, kind)
    seen = picture(file, 64).convert("L")
    assert seen.getpixel((8, 32)) > 250
    assert seen.getpixel((56, 32)) < 5
    assert seen.getpixel((56, 2)) == 255


def test_transparent_palette_and_rotated_picture_are_read(tmp_path: Path) -> None:
    image = Image.new("P", (20, 10), 0)
    image.putpalette([255, 0, 0, 0, 0, 255])
    image.paste(1, (10, 0, 20, 10))
    exif = Image.Exif()
    exif[0x0112] = 6  # turned by 90° clockwise, to be seen upright
    image.save(tmp_path / "x.png", transparency=bytes([255, 0]), exif=exif)
    seen = picture(tmp_path / "x.png", 20)
    assert [seen.getpixel((10, y)) for y in (2, 17)] == [(255, 0, 0), (255, 255, 255)]
    assert seen.getpixel((2, 2)) == (255, 255, 255)


def test_picture_with_a_large_text_chunk_is_read(tmp_path: Path) -> None:
    notes = PngImagePlugin.PngInfo()
    notes.add_text("workflow", "x" * 3_000_000, zip=True)
    notes.add_itxt("prompt", "кот" * 1_000_000, zip=True)
    Image.new("RGB", (8, 8), "red").save(tmp_path / "x.png", pnginfo=notes)
    assert picture(tmp_path / "x.png", 8).getpixel((4, 4)) == (255, 0, 0)


def refusal(folder: Path, name: str) -> str:
    """The message about a refused picture."""
    (folder / "captions.csv").write_text(f"file,text\n{name},кот\n", encoding="utf-8")
    with pytest.raises(BadData) as raised:
        read_pairs(folder)
    return str(raised.value).splitlines()[1].strip()


@pytest.mark.parametrize("size", [(1, 20_000), (20_000, 1), (30, 900)])
def test_very_narrow_picture_is_refused(tmp_path: Path, size: tuple[int, int]) -> None:
    Image.new("L", size).save(tmp_path / "x.png")
    assert refusal(tmp_path, "x.png").startswith(f"line 2: x.png has {size[0]} × {size[1]} pixels")


@pytest.mark.parametrize("size", [(8000, 8000), (12_000, 12_000), (60_000, 60_000)])
def test_a_picture_of_too_many_pixels_is_not_decoded(
    tmp_path: Path, size: tuple[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    Image.new("1", (8, 8)).save(tmp_path / "x.png")
    header = bytearray((tmp_path / "x.png").read_bytes())
    header[16:24] = struct.pack(">II", *size)
    header[29:33] = struct.pack(">I", zlib.crc32(header[12:29]))
    (tmp_path / "x.png").write_bytes(header)
    monkeypatch.setattr(ImageFile.ImageFile, "load", None)
    assert "more than 50000000 pixels" in refusal(tmp_path, "x.png")


def test_narrow_picture_allocates_no_full_size_square(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sizes: list[tuple[int, int]] = []
    new = Image.new
    Image.new("L", (200, 4000)).save(tmp_path / "x.png")
    monkeypatch.setattr(
        Image, "new", lambda mode, size, *c: sizes.append(size) or new(mode, size, *c)
    )
    assert picture(tmp_path / "x.png", 40).getpixel((20, 20)) == (0, 0, 0)
    assert max(max(size) for size in sizes) == 40


def test_eps_picture_starts_no_ghostscript(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    started: list[object] = []
    monkeypatch.setattr(EpsImagePlugin, "Ghostscript", lambda *call, **more: started.append(call))
    eps = "%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 8 8\n%%EndComments\nshowpage\n%%EOF\n"
    (tmp_path / "x.png").write_text(eps)
    assert "x.png is no image that can be read (PNG, " in refusal(tmp_path, "x.png")
    assert started == []


def test_file_that_is_no_picture_is_one_sentence(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.png")
    assert refusal(tmp_path, "pipe.png") == "line 2: pipe.png is no file"
    Image.new("F", (8, 8)).save(tmp_path / "x.tif")
    assert "x.tif has 32 bits a pixel" in refusal(tmp_path, "x.tif")
    assert "cannot be read (File name too long)" in refusal(tmp_path, "x" * 300)


def test_circular_links_are_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "a.png").symlink_to("b.png")
    (tmp_path / "b.png").symlink_to("a.png")
    assert "a.png cannot be read (" in refusal(tmp_path, "a.png")


def test_table_that_never_ends_is_refused(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "captions.csv")
    with pytest.raises(BadData, match=r"captions\.csv is no file"):
        read_pairs(tmp_path)
    (tmp_path / "captions.csv").unlink()
    (tmp_path / "captions.csv").symlink_to("/dev/zero")
    with pytest.raises(BadData, match=r"captions\.csv is no file"):
        read_pairs(tmp_path)
