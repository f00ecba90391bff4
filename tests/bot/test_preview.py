"""The picture to choose from."""

from io import BytesIO

import pytest
from PIL import Image
from telegram.constants import FileSizeLimit

from bot.preview import columns, render_preview
from tests.bot.parts import draw_sticker


@pytest.mark.parametrize(
    ("count", "grid"), [(1, 1), (2, 2), (3, 3), (4, 2), (5, 3), (6, 3), (7, 3), (9, 3)]
)
def test_grid(count: int, grid: int) -> None:
    assert columns(count) == grid


@pytest.mark.parametrize("count", [1, 2, 4, 5, 9])
def test_preview_is_a_photo_for_telegram(count: int) -> None:
    file = render_preview([draw_sticker(number) for number in range(count)])
    assert len(file) < FileSizeLimit.PHOTOSIZE_UPLOAD
    with Image.open(BytesIO(file)) as image:
        assert image.format == "JPEG"
        assert 500 < image.width <= 1024


def test_every_sticker_is_in_its_place() -> None:
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
