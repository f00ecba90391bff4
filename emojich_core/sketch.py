"""A sketch: one small picture of a request's images while they are being drawn.

The images are in the grid of the later candidates; rows that are not decoded yet are plain.
"""

from collections.abc import Sequence
from io import BytesIO

from PIL import Image

WIDTH = 512  # pixels, at most
MAX_BYTES = 100 * 1024
PLAIN = "#e6ebf2"  # of rows that are not decoded yet; images are on white
_GAP = 8  # pixels between two images
_QUALITIES = (85, 70, 50, 30, 10)  # of the JPEG, the best that fits; noise needs the lowest


def lay_out(pictures: Sequence[Image.Image | None], full_height: int) -> bytes:
    """A JPEG of at most MAX_BYTES: upper parts of pictures (RGB) in a grid; None: nothing yet.

    `full_height` is that of a complete picture, in pixels; the pictures are as wide.
    """
    columns = 2 if len(pictures) == 4 else min(len(pictures), 3)
    rows = -(-len(pictures) // columns)
    cell = (WIDTH - (columns - 1) * _GAP) // columns
    size = (columns * (cell + _GAP) - _GAP, rows * (cell + _GAP) - _GAP)
    page = Image.new("RGB", size, "white")
    for number, picture in enumerate(pictures):
        row, column = divmod(number, columns)
        left, top = column * (cell + _GAP), row * (cell + _GAP)
        page.paste(PLAIN, (left, top, left + cell, top + cell))
        if picture is not None:
            height = max(1, round(cell * picture.height / full_height))
            page.paste(picture.resize((cell, height), Image.Resampling.BILINEAR), (left, top))
    for quality in _QUALITIES:
        file = BytesIO()
        page.save(file, "JPEG", quality=quality)
        if file.tell() <= MAX_BYTES:
            break
    return file.getvalue()
