"""Renders the picture of all candidates, from which a user chooses."""

import math
from collections.abc import Sequence
from functools import cache
from io import BytesIO

from PIL import Image, ImageColor, ImageDraw, ImageFilter, ImageFont, ImageOps

_MAX_WIDTH = 1024  # px; Telegram shows a photo of up to 1280 px as it is
_MAX_CELL = 512  # px, a sticker's own size
_MARGIN = 36
_GAP = 24
_MAX_ZOOM = 1.6  # of custom emoji and thumbnails, which a larger factor would blur
_FORMATS = ("WEBP", "PNG", "JPEG")  # of stickers and their thumbnails
_MAX_PIXELS = 2048**2  # of a file that is decoded; a sticker has 512 by 512
_QUALITY = 92  # of the JPEG: far below the 10 MB that the Bot API takes

_CORNERS = ("#dcebff", "#efe3ff", "#dff5ea", "#ffeedd")  # of the background, row by row
_DOODLE_STEP = 64  # px between two doodles
_DOODLE = "#ffffffb0"
_CARD = "#ffffffa8"
_SHADOW = (43, 62, 96)
_ACCENT = "#3390ec"  # Telegram's blue
_DIGITS_SIZE = {1: 0.56, 2: 0.5, 3: 0.4}  # of a badge's number, by its digits
_COARSE = 4  # shadows are blurred at this fraction of their size
_FINE = 4  # badges are drawn this much larger and scaled down: Pillow does not smooth edges

Point = tuple[float, float]


def columns(count: int) -> int:
    """How many candidates stand in a row, in the picture and in its buttons."""
    return 2 if count == 4 else min(count, 3)


def render_preview(stickers: list[bytes]) -> bytes:
    """A JPEG of the candidates (WebP or PNG files) in a grid, numbered from 1."""
    return render_grid(stickers, columns(len(stickers)), 1)


def render_grid(
    stickers: Sequence[bytes | None], per_row: int, first: int | None, max_cell: int = _MAX_CELL
) -> bytes:
    """A JPEG of stickers (WebP, PNG or JPEG files) on cards, `per_row` in a row.

    Numbered from `first`; None: without numbers.  A card stays empty where the sticker is None.
    `max_cell` is the largest side of a card, in pixels.
    """
    rows = math.ceil(len(stickers) / per_row)
    cell = min(max_cell, (_MAX_WIDTH - 2 * _MARGIN - (per_row - 1) * _GAP) // per_row)
    canvas = _background(_span(per_row, cell), _span(rows, cell)).copy()  # RGB, opaque
    for index, sticker in enumerate(stickers):
        row, column = divmod(index, per_row)
        in_this_row = min(per_row, len(stickers) - row * per_row)
        left = (canvas.width - _span(in_this_row, cell)) // 2  # centres a last row with gaps
        corner = (left + _MARGIN + column * (cell + _GAP), _MARGIN + row * (cell + _GAP))
        _draw_card(canvas, sticker, corner, cell)
        if first is not None:
            badge = _badge(first + index, max(min(56, cell // 5), cell // 7))
            inset = min(12, cell // 25)
            canvas.paste(badge, (corner[0] + inset, corner[1] + inset), badge)
    out = BytesIO()
    # Colours at full resolution (4:4:4): halved, they would bleed over the stickers' edges.
    canvas.save(out, "JPEG", quality=_QUALITY, subsampling=0)
    return out.getvalue()


def _span(cells: int, cell: int) -> int:
    return 2 * _MARGIN + cells * cell + (cells - 1) * _GAP


def _draw_card(canvas: Image.Image, file: bytes | None, corner: tuple[int, int], cell: int) -> None:
    """Draw a card, and on it the sticker with a soft shadow."""
    canvas.paste(_card(cell), corner, _card(cell))
    picture = _read(file) if file else None
    if picture is None:
        return
    inner = round(min(cell * 0.88, max(picture.size) * _MAX_ZOOM))
    sticker = ImageOps.contain(picture, (inner, inner), Image.Resampling.BICUBIC)
    offset = (cell - sticker.width) // 2, (cell - sticker.height) // 2
    canvas.paste(_SHADOW, corner, _shadow(sticker.getchannel("A"), offset, cell))
    canvas.paste(sticker, (corner[0] + offset[0], corner[1] + offset[1]), sticker)


def _read(file: bytes) -> Image.Image | None:
    """A picture; None where Pillow cannot read it: owners may put any sticker into their packs."""
    try:
        with Image.open(BytesIO(file), formats=_FORMATS) as image:
            return image.convert("RGBA") if image.width * image.height <= _MAX_PIXELS else None
    except (OSError, ValueError, Image.DecompressionBombError):
        return None


def _shadow(outline: Image.Image, offset: tuple[int, int], cell: int) -> Image.Image:
    """A sticker's shadow on its card: the sticker's outline, blurred, a little lower.

    Blurred at a quarter of the size, which shows no difference and costs a tenth.
    """
    faint = Image.new("L", (cell, cell))
    faint.paste(outline.point(lambda alpha: alpha * 3 // 10), (offset[0], offset[1] + cell // 60))
    small = faint.reduce(_COARSE).filter(ImageFilter.GaussianBlur(cell / 55 / _COARSE))
    return small.resize((cell, cell), Image.Resampling.BILINEAR)


@cache
def _card(side: int) -> Image.Image:
    fine = Image.new("RGBA", (side * 2, side * 2), "#ffffff00")
    ImageDraw.Draw(fine).rounded_rectangle(
        (0, 0, side * 2 - 1, side * 2 - 1), radius=side // 5, fill=_CARD
    )
    return fine.resize((side, side), Image.Resampling.LANCZOS)


@cache
def _badge(number: int, size: int) -> Image.Image:
    """A number in a blue disc with a white rim."""
    side = size * _FINE
    fine = Image.new("RGBA", (side, side), "#ffffff00")
    draw = ImageDraw.Draw(fine)
    rim = side // 14
    draw.ellipse((0, 0, side - 1, side - 1), fill="#ffffff")
    draw.ellipse((rim, rim, side - 1 - rim, side - 1 - rim), fill=_ACCENT)
    font = ImageFont.load_default(round(side * _DIGITS_SIZE[len(str(number))]))
    draw.text(
        (side / 2, side / 2),
        str(number),
        "#ffffff",
        font,
        anchor="mm",
        stroke_width=side // 60,
        stroke_fill="#ffffff",
    )
    return fine.resize((size, size), Image.Resampling.LANCZOS)


@cache
def _background(width: int, height: int) -> Image.Image:
    """A soft gradient between four colours, strewn with doodles like a chat's wallpaper."""
    corners = Image.new("RGB", (2, 2))
    for index, colour in enumerate(_CORNERS):
        corners.putpixel((index % 2, index // 2), ImageColor.getrgb(colour))
    canvas = corners.resize((width, height), Image.Resampling.BICUBIC).convert("RGBA")
    canvas.alpha_composite(_doodles(width, height))
    return canvas.convert("RGB")


def _doodles(width: int, height: int) -> Image.Image:
    """Staggered rows of white outlines, each turned another way."""
    fine = Image.new("RGBA", (width * 2, height * 2), "#ffffff00")
    draw = ImageDraw.Draw(fine)
    step = _DOODLE_STEP * 2
    for row in range(height // _DOODLE_STEP + 2):
        for column in range(width // _DOODLE_STEP + 2):
            outline = _OUTLINES[(row * 3 + column * 2) % len(_OUTLINES)]
            centre = (column * step + row % 2 * step // 2, row * step)
            rotated = _rotate(
                outline, angle=row * 2.1 + column * 0.9, scale=step / 5, centre=centre
            )
            draw.line(rotated, fill=_DOODLE, width=6, joint="curve")
    return fine.resize((width, height), Image.Resampling.LANCZOS)


def _rotate(
    outline: list[Point], angle: float, scale: float, centre: tuple[int, int]
) -> list[Point]:
    sin, cos = math.sin(angle) * scale, math.cos(angle) * scale
    return [(centre[0] + x * cos - y * sin, centre[1] + x * sin + y * cos) for x, y in outline]


def _star(points: int, inner: float) -> list[Point]:
    """A closed star; with `inner` 1 and many points, a circle."""
    outline = []
    for index in range(2 * points + 1):
        radius = inner if index % 2 else 1.0
        angle = math.pi * index / points
        outline.append((radius * math.sin(angle), radius * math.cos(angle)))
    return outline


def _heart() -> list[Point]:
    outline = []
    for index in range(49):
        t = math.tau * index / 48
        y = 13 * math.cos(t) - 5 * math.cos(2 * t) - 2 * math.cos(3 * t) - math.cos(4 * t)
        outline.append((math.sin(t) ** 3, -y / 16))
    return outline


def _wave() -> list[Point]:
    return [(x / 12, 0.35 * math.sin(x / 2.5)) for x in range(-14, 15)]


_OUTLINES = (_star(5, 0.45), _heart(), _star(20, 1.0), _wave(), _star(4, 0.3))
