"""An animal or thing in a place, or with another one; pictures: (S, S, 4) uint8, straight alpha."""

from functools import cache
from io import BytesIO
from typing import Literal

import numpy as np
import resvg_py
from PIL import Image

from emojich_core.scenes.compose import fitted, visible

INSIDE = 0.6  # longer side of a thing in a place, against the canvas
CENTRE = 0.53  # how far down its middle is, against the canvas
AFLOAT = 0.46  # the same on the sea, whose waves are in front of it
DRESSED = 0.74  # longer side of a head that wears something, against the canvas
CARRYING = 0.78  # of an animal that carries something
RIDING, RIDDEN = 0.56, 0.66  # of a rider, and of what it rides
SUNK = 0.25  # of the smaller of both heights: what the ridden thing hides of the rider
CORNER = 0.4  # of what is carried
SYMBOL = 0.34  # of the symbol of a mood

# How what is worn sits on a head: its width against the head's; how far down its middle is, against
# the head's height.
Place = Literal["top", "eyes", "ears", "neck"]
WORN: dict[Place, tuple[float, float]] = {
    "top": (0.5, -0.02),
    "eyes": (0.78, 0.46),
    "ears": (1.0, 0.26),
    "neck": (0.4, 0.94),
}

# By place: SVG of 100 × 100 behind the thing, and SVG in front of it.
PLACES = {
    "в космосе": (
        '<circle cx="50" cy="50" r="47" fill="#1b2350"/>'
        '<g fill="#fff"><circle cx="22" cy="30" r="2"/><circle cx="38" cy="12" r="1.6"/>'
        '<circle cx="66" cy="13" r="2"/><circle cx="13" cy="52" r="1.6"/>'
        '<circle cx="88" cy="56" r="2"/><circle cx="80" cy="76" r="1.6"/>'
        '<circle cx="24" cy="77" r="2"/><circle cx="52" cy="91" r="1.6"/></g>'
        '<circle cx="72" cy="28" r="8" fill="#ffd54a"/>'
        '<circle cx="76" cy="25" r="7" fill="#1b2350"/>',
        "",
    ),
    "на море": (
        '<circle cx="50" cy="50" r="47" fill="#a9e1ff"/>'
        '<circle cx="78" cy="25" r="8" fill="#ffcf33"/>',
        '<path d="M4 62 q11.5 -9 23 0 t23 0 t23 0 t23 0 A47 47 0 0 1 4 62z" fill="#1f7fe0"/>',
    ),
    "в лесу": (
        '<circle cx="50" cy="50" r="47" fill="#d4f2b8"/>'
        '<path d="M8 71 h84 A47 47 0 0 1 8 71z" fill="#6fbf4b"/>'
        '<g fill="#2f8a3b"><path d="M19 30 l13 24 h-26z M19 44 l15 27 h-30z"/>'
        '<path d="M81 30 l13 24 h-26z M81 44 l15 27 h-30z"/></g>',
        "",
    ),
    "в пустыне": (
        '<circle cx="50" cy="50" r="47" fill="#ffe6a8"/>'
        '<circle cx="24" cy="24" r="9" fill="#ff9a2e"/>'
        '<path d="M5 64 q22 -16 45 -2 t45 -2 A47 47 0 0 1 5 64z" fill="#e8b04f"/>',
        "",
    ),
    "в снегу": (
        '<circle cx="50" cy="50" r="47" fill="#8fb8e8"/>'
        '<g fill="#fff"><circle cx="20" cy="36" r="3"/><circle cx="40" cy="12" r="3"/>'
        '<circle cx="63" cy="14" r="3"/><circle cx="84" cy="38" r="3"/>'
        '<circle cx="12" cy="56" r="3"/><circle cx="89" cy="58" r="3"/></g>'
        '<path d="M7 68 q21 -9 43 0 t43 0 A47 47 0 0 1 7 68z" fill="#fff"/>',
        '<path d="M14 80 q18 -8 36 0 t36 0 A47 47 0 0 1 14 80z" fill="#f2f8ff"/>',
    ),
    "под дождем": (
        '<g stroke="#3d8bf2" stroke-width="3" stroke-linecap="round">'
        '<path d="M14 34 l-5 13 M30 34 l-4 10 M72 34 l-4 10 M90 34 l-5 13 M12 62 l-5 13'
        ' M92 62 l-5 13"/></g>',
        '<g fill="#9db2c8"><circle cx="30" cy="20" r="13"/><circle cx="48" cy="15" r="15"/>'
        '<circle cx="68" cy="20" r="13"/><rect x="20" y="18" width="60" height="15" rx="7"/></g>',
    ),
    "в огне": (
        '<path d="M50 2 q8 18 22 26 q2 -9 0 -14 q22 20 20 46 q-3 34 -42 38 q-39 -4 -42 -38'
        ' q0 -22 16 -38 q0 8 4 14 q16 -12 22 -34z" fill="#ff7a1a"/>',
        '<path d="M16 78 q6 -10 14 -12 q-2 8 6 10 q4 -8 14 -16 q8 10 14 16 q8 -2 6 -10'
        ' q10 4 14 12 q-10 20 -34 20 t-34 -20z" fill="#ffc933"/>',
    ),
}


def placed(rgba: np.ndarray, place: str) -> np.ndarray:
    """A thing in the middle of one of PLACES."""
    size = len(rgba)
    behind, before = (_render(part, size) for part in PLACES[place])
    canvas = behind.copy()
    thing = fitted(rgba, INSIDE)
    middle = round(size * (AFLOAT if place == "на море" else CENTRE))
    canvas.alpha_composite(thing, ((size - thing.width) // 2, middle - thing.height // 2))
    canvas.alpha_composite(before)
    return np.asarray(canvas)


def wearing(rgba: np.ndarray, worn_rgba: np.ndarray, place: Place) -> np.ndarray:
    """A head with a hat, glasses, headphones or a bow."""
    size = len(rgba)
    head, worn = fitted(rgba, DRESSED), visible(worn_rgba)
    share, down = WORN[place]
    width = round(head.width * share)
    worn = worn.resize((width, round(width * worn.height / worn.width)), Image.Resampling.LANCZOS)
    top = size - round(size * 0.03) - head.height
    canvas = Image.new("RGBA", (size, size))
    canvas.alpha_composite(head, ((size - head.width) // 2, top))
    above = top + round(head.height * down) - worn.height // 2
    above = min(max(above, 0), size - worn.height)
    canvas.alpha_composite(worn, ((size - width) // 2, above))
    return np.asarray(canvas)


def carrying(rgba: np.ndarray, carried_rgba: np.ndarray) -> np.ndarray:
    """An animal with a smaller thing before it, at the lower right."""
    return _overlaid(rgba, CARRYING, (0.0, 0.0), carried_rgba, CORNER, (1.0, 1.0))


def riding(rgba: np.ndarray, ridden_rgba: np.ndarray) -> np.ndarray:
    """An animal on top of what it rides, which hides its lowest part."""
    size = len(rgba)
    rider, ridden = fitted(rgba, RIDING), fitted(ridden_rgba, RIDDEN)
    hidden = min(round(ridden.height * SUNK), round(rider.height * SUNK))
    height = rider.height + ridden.height - hidden
    top = max(0, (size - height) // 2)
    canvas = Image.new("RGBA", (size, size))
    canvas.alpha_composite(rider, ((size - rider.width) // 2, top))
    below = min(top + rider.height - hidden, size - ridden.height)
    canvas.alpha_composite(ridden, ((size - ridden.width) // 2, below))
    return np.asarray(canvas)


def in_mood(rgba: np.ndarray, symbol_rgba: np.ndarray) -> np.ndarray:
    """A head with a symbol of its mood at the upper right."""
    return _overlaid(rgba, CARRYING, (0.0, 1.0), symbol_rgba, SYMBOL, (1.0, 0.0))


def _overlaid(
    behind: np.ndarray,
    behind_side: float,
    behind_at: tuple[float, float],
    before: np.ndarray,
    before_side: float,
    before_at: tuple[float, float],
) -> np.ndarray:
    """Two pictures of given sizes; places (x, y) from 0, the left or top edge, to 1."""
    size = len(behind)
    canvas = Image.new("RGBA", (size, size))
    layers = ((behind, behind_side, behind_at), (before, before_side, before_at))
    for rgba, side, (x, y) in layers:
        image = fitted(rgba, side)
        corner = (round(x * (size - image.width)), round(y * (size - image.height)))
        canvas.alpha_composite(image, corner)
    return np.asarray(canvas)


@cache
def _render(body: str, size: int) -> Image.Image:
    svg = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 100 100">{body}</svg>'
    png = bytes(resvg_py.svg_to_bytes(svg_string=svg, width=size, height=size))
    return Image.open(BytesIO(png), formats=("PNG",)).convert("RGBA")
