"""The picture from which a user chooses stickers."""

from collections.abc import Callable
from contextlib import suppress
from io import BytesIO

import pytest
from PIL import EpsImagePlugin, Image, PngImagePlugin, UnidentifiedImageError
from telegram.constants import FileSizeLimit

from bot.pictures.preview import columns, render_preview
from bot.pictures.sticker import as_emoji, outlined
from bot.sandbox.images import inspect
from tests.bot.harness import draw_sticker


@pytest.mark.parametrize(
    ("count", "grid"), [(1, 1), (2, 2), (3, 3), (4, 2), (5, 3), (6, 3), (7, 3), (9, 3)]
)
def test_number_of_columns_follows_the_number_of_stickers(count: int, grid: int) -> None:
    assert columns(count) == grid


@pytest.mark.parametrize("count", [1, 2, 4, 5, 9])
def test_preview_fits_telegrams_limits_for_photos(count: int) -> None:
    file = render_preview([draw_sticker(number) for number in range(count)])
    assert len(file) < FileSizeLimit.PHOTOSIZE_UPLOAD
    with Image.open(BytesIO(file)) as image:
        assert image.format == "JPEG"
        assert 500 < image.width <= 1024


def test_preview_shows_stickers_in_order() -> None:
    colours = ["#ff0000", "#00ff00", "#0000ff", "#ff00ff"]
    stickers = []
    for colour in colours:
        file = BytesIO()
        Image.new("RGBA", (512, 512), colour).save(file, "WEBP", lossless=True)
        stickers.append(file.getvalue())
    with Image.open(BytesIO(render_preview(stickers))) as image:
        quarter = image.width // 4
        centres = [(quarter * x, quarter * y) for y in (1, 3) for x in (1, 3)]
        found = [image.getpixel(centre) for centre in centres]
    for pixel, colour in zip(found, colours, strict=True):
        wanted = tuple(bytes.fromhex(colour[1:]))
        assert all(abs(a - b) < 12 for a, b in zip(pixel, wanted, strict=True))  # type: ignore[arg-type]


EPS = b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 8 8\n%%EndComments\nshowpage\n%%EOF\n"


@pytest.mark.parametrize(
    "read", [lambda file: render_preview([file]), outlined, as_emoji, inspect], ids=range(4)
)
def test_eps_picture_starts_no_ghostscript(
    read: Callable[[bytes], object], monkeypatch: pytest.MonkeyPatch
) -> None:
    started: list[object] = []
    monkeypatch.setattr(EpsImagePlugin, "Ghostscript", lambda *call, **more: started.append(call))
    with suppress(UnidentifiedImageError):
        read(EPS)
    assert started == []


def test_picture_with_too_many_pixels_is_not_decoded(monkeypatch: pytest.MonkeyPatch) -> None:
    file = BytesIO()
    Image.new("L", (3000, 3000)).save(file, "PNG")
    monkeypatch.setattr(PngImagePlugin.PngImageFile, "load", None)
    render_preview([file.getvalue()])
