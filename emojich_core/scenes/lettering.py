"""Words under a picture, in Russian capitals of round strokes: no font with them is installed."""

import numpy as np
from PIL import Image

from emojich_core.reading.lettering import in_lines
from emojich_core.scenes.compose import fitted, rendered

HEIGHT = 14  # of a letter; Ц and Д reach below, Й and Ё above
GAP, LEADING = 5.0, 24.0  # between letters, and from line to line
SPACE = 8.0  # width of a space
LETTER, RIM, SHADE = "#ff3d6e", "#ffffff", "#3a1330"
STROKE = 3.4  # width
MARGIN = 8.0  # around the words: the rim
LARGEST = 0.42  # height of the words against the canvas, at most
PICTURE = 0.98  # side of the picture against the canvas, at most
REACH = 1.04  # side of the picture against the space above the words: it may touch their rim

# Width, and path from the upper left corner.
LETTERS: dict[str, tuple[float, str]] = {
    "А": (10, "M0 14L5 0L10 14M2 9.5h6"),
    "Б": (9, "M8 0H0V14H5a4 4 0 0 0 0-8H0"),
    "В": (9, "M0 0V14H5a3.7 3.7 0 0 0 0-7.4H0M0 0H4.5a3.3 3.3 0 0 1 0 6.6"),
    "Г": (8, "M8 0H0V14"),
    "Д": (11, "M0 16.5V13.5H11V16.5M2 13.5Q3.6 9 3.6 0H9V13.5"),
    "Е": (8, "M8 0H0V14H8M0 6.8H7"),
    "Ё": (8, "M8 0H0V14H8M0 6.8H7M2-4.2v.1M6-4.2v.1"),
    "Ж": (13, "M6.5 0V14M0 0L6.5 7L0 14M13 0L6.5 7L13 14"),
    "З": (9, "M0 1.6Q2 0 4.5 0A3.3 3.3 0 0 1 4.5 6.6H3M4.5 6.6A3.7 3.7 0 0 1 4.5 14Q2 14 0 12.2"),
    "И": (9, "M0 0V14L9 0V14"),
    "Й": (9, "M0 0V14L9 0V14M2-4.6Q4.5-2.6 7-4.6"),
    "К": (9, "M0 0V14M8.5 0L0 7.5L9 14"),
    "Л": (9, "M0 14Q3 13 3 0H9V14"),
    "М": (12, "M0 14V0L6 8.5L12 0V14"),
    "Н": (9, "M0 0V14M9 0V14M0 7H9"),
    "О": (11, "M5.5 0C12.8 0 12.8 14 5.5 14C-1.8 14-1.8 0 5.5 0z"),
    "П": (9, "M0 14V0H9V14"),
    "Р": (9, "M0 14V0H4.8a4 4 0 0 1 0 8H0"),
    "С": (9.5, "M9.5 2.2Q8 0 5.3 0C-1.8 0-1.8 14 5.3 14Q8 14 9.5 11.8"),
    "Т": (10, "M0 0H10M5 0V14"),
    "У": (10, "M0 0L5.2 8.2M10 0L4.4 11Q3 14 .5 13.8"),
    "Ф": (13, "M6.5-1V15M6.5 2C-2.2 2-2.2 11.4 6.5 11.4C15.2 11.4 15.2 2 6.5 2z"),
    "Х": (10, "M0 0L10 14M10 0L0 14"),
    "Ц": (10, "M0 0V14H10V16.8M8 0V14"),
    "Ч": (8.5, "M0 0V4Q0 8 4 8H8.5M8.5 0V14"),
    "Ш": (13, "M0 0V14H13V0M6.5 0V14"),
    "Щ": (14.5, "M0 0V14H14.5V16.8M12.6 0V14M6.3 0V14"),
    "Ъ": (11, "M0 0H3V14H7a3.8 3.8 0 0 0 0-7.6H3"),
    "Ы": (11.5, "M0 0V14H3.6a3.7 3.7 0 0 0 0-7.4H0M11.5 0V14"),
    "Ь": (9, "M0 0V14H5a3.8 3.8 0 0 0 0-7.6H0"),
    "Э": (9.5, "M0 2.2Q1.5 0 4.2 0C11.3 0 11.3 14 4.2 14Q1.5 14 0 11.8M3.5 7H9"),
    "Ю": (14, "M0 0V14M0 7H4.2M9.2 0C15.4 0 15.4 14 9.2 14C3 14 3 0 9.2 0z"),
    "Я": (9, "M9 14V0H4a3.8 3.8 0 0 0 0 7.6H9M4 7.6L0 14"),
    "0": (9, "M4.5 0C10.6 0 10.6 14 4.5 14C-1.6 14-1.6 0 4.5 0z"),
    "1": (4, "M0 3L4 0V14"),
    "2": (9, "M.3 3.6Q.8 0 4.5 0Q8.6 0 8.6 3.8Q8.6 6.6 .3 14H9"),
    "3": (9, "M0 1.6Q2 0 4.5 0A3.3 3.3 0 0 1 4.5 6.6H3M4.5 6.6A3.7 3.7 0 0 1 4.5 14Q2 14 0 12.2"),
    "4": (10, "M7 14V0L0 10H10"),
    "5": (9, "M8.5 0H1.6L.8 6Q2.4 5 4.4 5Q9 5 9 9.4Q9 14 4.4 14Q1.6 14 0 12.2"),
    "6": (9, "M7.6 .4Q0 1.6 0 9.4Q0 14 4.5 14Q9 14 9 9.6Q9 5.4 4.6 5.4Q1 5.4 0 9"),
    "7": (9, "M0 0H9L3.5 14"),
    "8": (9, "M4.5 6.6C9 6.6 9 0 4.5 0S0 6.6 4.5 6.6C10.6 6.6 10.6 14 4.5 14S-1.6 6.6 4.5 6.6z"),
    "9": (9, "M1.4 13.6Q9 12.4 9 4.6Q9 0 4.5 0Q0 0 0 4.4Q0 8.6 4.4 8.6Q8 8.6 9 5"),
    "!": (1, "M.5 0V9M.5 13.9v.1"),
    "?": (8, "M0 3.2Q.4 0 4 0Q8 0 8 3.4Q8 5.4 4 7.4V9.4M4 13.9v.1"),
    ".": (1, "M.5 13.9v.1"),
    ",": (1, "M.6 13.4L0 16.4"),
    "-": (5, "M0 7.5H5"),
    "+": (8, "M0 7.5H8M4 3.5V11.5"),
    "=": (8, "M0 5.4H8M0 9.8H8"),
}  # fmt: skip


def lettered(rgba: np.ndarray, text: str) -> np.ndarray:
    """A picture (S, S, 4) uint8 with words under it; signs that LETTERS lack are left out."""
    size = len(rgba)
    words = _words(text, size)
    if words is None:
        return rgba
    canvas = Image.new("RGBA", (size, size))
    left = size - words.height
    picture = fitted(rgba, min(PICTURE, PICTURE * REACH * left / size))
    top = max(0, (size - words.height - picture.height) // 2)
    canvas.alpha_composite(picture, ((size - picture.width) // 2, top))
    below = min(top + picture.height, size - words.height)
    canvas.alpha_composite(words, ((size - words.width) // 2, below))
    return np.asarray(canvas)


def _words(text: str, size: int) -> Image.Image | None:
    """The words as a picture as wide or as high as may be; None if no word is left.

    `size` is the side of the canvas, in pixels.
    """
    lines = in_lines("".join(each for each in text.upper() if each in LETTERS or each == " "))
    if not lines:
        return None
    widths = [_width(line) for line in lines]
    paths = ""
    for number, (line, width) in enumerate(zip(lines, widths, strict=True)):
        x, y = (max(widths) - width) / 2, number * LEADING
        for letter in line:
            paths += f'<path transform="translate({x:.2f} {y:.1f})" d="{_path(letter)}"/>'
            x += _advance(letter)
    wide = max(widths) + 2 * MARGIN
    high = (len(lines) - 1) * LEADING + HEIGHT + 2 * MARGIN
    highest = 100 * LARGEST * min(1, 0.55 + 0.25 * len(lines))  # one line gets less than two
    scale = min(100 / wide, highest / high)
    style = 'fill="none" stroke-linecap="round" stroke-linejoin="round"'
    layers = ((SHADE, STROKE + 5.4, 0.9), (RIM, STROKE + 4, 0), (LETTER, STROKE, 0))
    body = "".join(
        f'<g {style} stroke="{colour}" stroke-width="{width}" transform="translate(0 {down})">'
        f"{paths}</g>"
        for colour, width, down in layers
    )
    svg = f'<g transform="scale({scale}) translate({MARGIN} {MARGIN})">{body}</g>'
    return rendered(svg, size).crop(
        (0, 0, round(wide * scale * size / 100), round(high * scale * size / 100))
    )


def _path(letter: str) -> str:
    return LETTERS[letter][1] if letter in LETTERS else ""


def _advance(letter: str) -> float:
    return (LETTERS[letter][0] if letter in LETTERS else SPACE - GAP) + GAP


def _width(line: str) -> float:
    return sum(map(_advance, line)) - GAP
