"""Reports an evaluation: figures as tables and in the model card, stickers on pages like a chat."""

import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import matplotlib
import numpy as np
from PIL import Image, ImageDraw, ImageFont

from emojich_core.errors import BundleError

SECTION = re.compile(r"(<!-- figures -->\n).*?(<!-- /figures -->)", re.DOTALL)
COLUMNS = 8
CELL = 196  # pixels; eight and the margins make 1600
STICKER = 160
CAPTION = 34  # height of the line under a sticker
MARGIN = 16
FONT_SIZE = 14
# The corners of the background, clockwise from the top left: the greens of Telegram's own.
CORNERS = ((219, 221, 187), (136, 184, 132), (107, 165, 135), (213, 216, 141))
DOODLE = 62  # pixels between the small drawings on it
PILL = (46, 78, 58, 120)  # behind a caption
WORDS = (255, 255, 255, 255)
MARKS = {True: (40, 140, 60, 215), False: (190, 50, 50, 205), None: PILL}


@dataclass(frozen=True)
class Figure:
    """One number, and the bound that it should keep, if any."""

    key: str
    title: str
    value: float  # shares are 0…1
    unit: str = "%"
    at_least: float | None = None
    at_most: float | None = None

    @property
    def met(self) -> bool | None:
        """Whether the value keeps its bound; None without a bound."""
        if self.at_least is not None:
            return self.value >= self.at_least
        return None if self.at_most is None else self.value <= self.at_most

    @property
    def reached(self) -> str:
        """The value with its unit."""
        return self._written(self.value)

    @property
    def wanted(self) -> str:
        """The bound with its unit; empty without a bound."""
        if self.at_least is not None:
            return f"≥ {self._written(self.at_least)}"
        return "" if self.at_most is None else f"≤ {self._written(self.at_most)}"

    @property
    def mark(self) -> str:
        """✓ or ✗; empty without a bound."""
        return {True: "✓", False: "✗", None: ""}[self.met]

    def to_json(self) -> dict[str, Any]:
        """All fields, and whether the bound is met."""
        return {**asdict(self), "met": self.met}

    def _written(self, value: float) -> str:
        if self.unit == "%":
            return f"{value * 100:.1f} %"
        # A bound is met or not by the number itself; with three digits it looks so, too.
        return f"{value:.3f}" if not self.unit else f"{value:.4g} {self.unit}"


def table(figures: Sequence[Figure]) -> str:
    """The figures in columns, for a terminal."""
    rows = [("", "reached", "floor", "")]
    rows += [(f.title, f.reached, f.wanted, f.mark) for f in figures]
    widths = [max(len(row[i]) for row in rows) for i in range(3)]
    return "\n".join(
        f"{title:<{widths[0]}}  {reached:>{widths[1]}}  {wanted:>{widths[2]}}  {mark}".rstrip()
        for title, reached, wanted, mark in rows
    )


def markdown(figures: Sequence[Figure]) -> str:
    """The figures as a table for a page."""
    rows = ["| figure | reached | floor | |", "| --- | ---: | ---: | --- |"]
    rows += [f"| {f.title} | {f.reached} | {f.wanted} | {f.mark} |" for f in figures]
    return "\n".join(rows)


def check_card(card: Path) -> None:
    """Check that `write_section` will work.

    Raises BundleError where there is no model card with marks for figures, OSError where it cannot
    be written.
    """
    if card.exists():
        with card.open("r+", encoding="utf-8") as page:
            if SECTION.search(page.read()):
                return
    raise BundleError(f"{card} has no section <!-- figures --> … <!-- /figures --> to rewrite.")


def write_section(card: Path, text: str) -> None:
    """Replace the text between the marks of a model card."""
    page = card.read_text("utf-8")
    written = SECTION.sub(lambda marks: f"{marks[1]}{text.strip()}\n{marks[2]}", page)
    card.write_text(written, "utf-8")


def chat_page(
    stickers: Sequence[Image.Image],
    captions: Sequence[str],
    right: Sequence[bool | None] | None = None,
) -> Image.Image:
    """RGBA stickers of any size in rows of COLUMNS, each above its caption.

    `right` tells which of the captions to show on green and which on red.
    """
    marks = right or [None] * len(stickers)
    rows = max(1, math.ceil(len(stickers) / COLUMNS))
    height = STICKER + CAPTION + 14
    page = background(COLUMNS * CELL + 2 * MARGIN, rows * height + 2 * MARGIN)
    font = ImageFont.truetype(_font_file(), FONT_SIZE)
    for i, (sticker, caption, mark) in enumerate(zip(stickers, captions, marks, strict=True)):
        left, top = MARGIN + i % COLUMNS * CELL, MARGIN + i // COLUMNS * height
        small = sticker.convert("RGBA").resize((STICKER, STICKER), Image.Resampling.LANCZOS)
        page.alpha_composite(small, (left + (CELL - STICKER) // 2, top))
        _write(page, caption, (left + CELL // 2, top + STICKER + CAPTION // 2), font, MARKS[mark])
    return page.convert("RGB")


def background(width: int, height: int) -> Image.Image:
    """A soft gradient with faint drawings on it, opaque RGBA."""
    corners = np.array(CORNERS, np.float32)[[0, 1, 3, 2]].reshape(2, 2, 3).astype(np.uint8)
    page = Image.fromarray(corners).resize((width, height), Image.Resampling.BILINEAR)
    # Drawn at twice the size: PIL's lines are not smooth.
    lines = Image.new("L", (2 * width, 2 * height))
    draw = ImageDraw.Draw(lines)
    rng = np.random.default_rng(5)
    for row in range(height // DOODLE + 2):
        for column in range(width // DOODLE + 2):
            x = (column + 0.5 * (row % 2) + rng.uniform(-0.12, 0.12)) * DOODLE
            y = (row + rng.uniform(-0.12, 0.12)) * DOODLE
            angle, size = rng.uniform(0, 2 * math.pi), rng.uniform(0.2, 0.27) * DOODLE
            for stroke in _doodle(int(rng.integers(6))):
                points = _placed(stroke, 2 * x, 2 * y, 2 * size, angle)
                draw.line(points, fill=255, width=4, joint="curve")
    faint = lines.resize((width, height), Image.Resampling.LANCZOS).point(lambda v: v * 0.26)
    page.paste((255, 255, 255), (0, 0), faint)
    return page.convert("RGBA")


def _doodle(number: int) -> Iterator[np.ndarray]:
    """The strokes of one of six small drawings, points (N, 2) within -1…1."""
    around = np.linspace(0, 2 * math.pi, 49)
    sine, cosine = np.sin(around), np.cos(around)
    if number == 0:  # a heart
        yield np.stack((sine**3, -(13 * cosine - 5 * np.cos(2 * around)) / 16), axis=-1)
    elif number == 1:  # a star
        radius = np.where(np.arange(11) % 2, 0.45, 1.0)
        corners = np.linspace(0, 2 * math.pi, 11)
        yield np.stack((radius * np.sin(corners), -radius * np.cos(corners)), axis=-1)
    elif number == 2:  # a face
        yield np.stack((sine, cosine), axis=-1) * 0.9
        yield np.stack((np.sin(around / 4 - 0.785), np.cos(around / 4 - 0.785)), axis=-1) * 0.55
        for side in (-0.35, 0.35):
            yield np.array([(side, -0.35), (side, -0.15)])
    elif number == 3:  # a flower
        radius = 0.65 + 0.32 * np.cos(5 * around)
        yield np.stack((radius * sine, radius * cosine), axis=-1)
        yield np.stack((sine, cosine), axis=-1) * 0.2
    elif number == 4:  # a paper plane
        yield np.array([(-1, 0), (1, -0.8), (0.4, 0.9), (0, 0.25), (-1, 0)])
        yield np.array([(0, 0.25), (1, -0.8)])
    else:  # a moon: most of a circle, and back along another one through its ends
        tip, centre = 0.8, 0.75
        x, y = math.cos(tip) - centre, math.sin(tip)
        outer = np.linspace(tip, 2 * math.pi - tip, 40)
        inner = np.linspace(2 * math.pi - math.atan2(y, x), math.atan2(y, x), 30)
        back = np.stack((np.cos(inner), np.sin(inner)), axis=-1) * math.hypot(x, y) + (centre, 0)
        yield np.concatenate((np.stack((np.cos(outer), np.sin(outer)), axis=-1), back))


def _placed(stroke: np.ndarray, x: float, y: float, size: float, angle: float) -> list[tuple]:
    cosine, sine = math.cos(angle), math.sin(angle)
    rotated = stroke @ np.array([(cosine, sine), (-sine, cosine)])
    return [(float(a), float(b)) for a, b in rotated * size + (x, y)]


def _write(
    page: Image.Image,
    text: str,
    centre: tuple[int, int],
    font: ImageFont.FreeTypeFont,
    colour: tuple[int, int, int, int],
) -> None:
    """A line of text on a rounded, translucent ground, cut where it is too long for a cell."""
    while font.getlength(text) > CELL - 28:
        text = text.rstrip("…")[:-1].rstrip() + "…"
    width, height = round(font.getlength(text)) + 20, FONT_SIZE + 9
    scale = 4  # for smooth corners
    pill = Image.new("L", (width * scale, height * scale))
    corners = (0, 0, pill.width - 1, pill.height - 1)
    ImageDraw.Draw(pill).rounded_rectangle(corners, radius=pill.height // 2, fill=colour[3])
    mask = pill.resize((width, height), Image.Resampling.LANCZOS)
    place = (centre[0] - width // 2, centre[1] - height // 2)
    page.paste(colour[:3], place, mask)
    ImageDraw.Draw(page).text(centre, text, font=font, fill=WORDS, anchor="mm")


def _font_file() -> Path:
    """A font with Cyrillic letters; Pillow's own has none."""
    return Path(matplotlib.get_data_path()) / "fonts/ttf/DejaVuSans.ttf"
