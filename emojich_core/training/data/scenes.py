"""A thing in a place, or with a hat on; pictures are (S, S, 4) uint8 with straight alpha."""

from functools import cache
from io import BytesIO

import numpy as np
import resvg_py
from PIL import Image

from emojich_core.training.data.compose import fitted, visible

INSIDE = 0.6  # longer side of a thing in a place, against the canvas
CENTRE = 0.53  # how far down its middle is
DRESSED = 0.74  # and of one that wears something
HAT_WIDTH = 0.5  # against that of who wears it
OVERLAP = 0.35  # how far a hat is pulled over the head, against the hat's height

# Where → a drawing of 100 × 100 behind the thing, and what comes before it.
PLACES = {
    "в космосе": (
        '<circle cx="50" cy="50" r="47" fill="#1b2350"/>'
        '<g fill="#fff"><circle cx="22" cy="30" r="2"/><circle cx="38" cy="12" r="1.6"/>'
        '<circle cx="66" cy="13" r="2"/><circle cx="13" cy="52" r="1.6"/>'
        '<circle cx="88" cy="56" r="2"/><circle cx="80" cy="76" r="1.6"/>'
        '<circle cx="24" cy="77" r="2"/><circle cx="52" cy="91" r="1.6"/></g>'
        '<circle cx="79" cy="27" r="8" fill="#ffd54a"/>'
        '<circle cx="83" cy="24" r="7" fill="#1b2350"/>',
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
}


def placed(rgba: np.ndarray, place: str) -> np.ndarray:
    """A thing in the middle of one of PLACES."""
    size = len(rgba)
    behind, before = (_drawn(part, size) for part in PLACES[place])
    canvas = behind.copy()
    thing = fitted(rgba, INSIDE)
    canvas.alpha_composite(
        thing, ((size - thing.width) // 2, round(size * CENTRE) - thing.height // 2)
    )
    canvas.alpha_composite(before)
    return np.asarray(canvas)


def wearing(rgba: np.ndarray, hat_rgba: np.ndarray) -> np.ndarray:
    """A thing with another one, a hat, on top of it."""
    size = len(rgba)
    thing = fitted(rgba, DRESSED)
    hat = visible(hat_rgba)
    width = round(thing.width * HAT_WIDTH)
    hat = hat.resize((width, round(width * hat.height / hat.width)), Image.Resampling.LANCZOS)
    top = size - round(size * 0.03) - thing.height
    canvas = Image.new("RGBA", (size, size))
    canvas.alpha_composite(thing, ((size - thing.width) // 2, top))
    above = top - round(hat.height * (1 - OVERLAP))
    canvas.alpha_composite(hat, ((size - width) // 2, max(above, 0)))
    return np.asarray(canvas)


@cache
def _drawn(body: str, size: int) -> Image.Image:
    svg = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 100 100">{body}</svg>'
    png = bytes(resvg_py.svg_to_bytes(svg_string=svg, width=size, height=size))
    return Image.open(BytesIO(png), formats=("PNG",)).convert("RGBA")
