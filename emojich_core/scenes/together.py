"""An animal or thing in a place, or with another one; pictures: (S, S, 4) uint8, straight alpha."""

from functools import cache
from io import BytesIO
from typing import Literal

import numpy as np
import resvg_py
from PIL import Image

from emojich_core.scenes.compose import FULL, fitted, laid_flat, visible

INSIDE = 0.6  # longer side of a thing in a place, against the canvas
CENTRE = 0.53  # how far down its middle is, against the canvas
# The same in places that have something in front of it or above it: waves, a cloud, a parasol.
MIDDLES = {"на море": 0.46, "под дождем": 0.64, "на пляже": 0.58}
DRESSED = 0.74  # longer side of a head that wears something, against the canvas
CARRYING = 0.78  # of an animal that carries something
RIDING, RIDDEN = 0.56, 0.66  # of a rider, and of what it rides
SUNK = 0.25  # of the smaller of both heights: what the ridden thing hides of the rider
SITTING, SEAT = 0.6, 0.96  # of a sitter, and of its seat
SEAT_HEIGHT = 0.84  # how far down a seat the sitter's lower edge is, against the seat's height
CORNER = 0.4  # of what is carried
TOUCHING = 0.3  # least overlap of two pictures, against the height of the one in front
SYMBOL = 0.34  # of the symbol of a mood
TEAR, CHEEK = 0.24, (0.3, 0.7)  # of a tear, and where its middle is, across and down a head
CLOTHED, CLOTHES = 0.56, 0.6  # of a head above clothes, and of the clothes
OVERLAP = 0.14  # share of the head's height that is in front of the clothes

# How what is worn sits on a head: its width against the head's; how far down its middle is, against
# the head's height.
Place = Literal["top", "forehead", "eyes", "ears", "neck", "throat", "chest"]
WORN: dict[Place, tuple[float, float]] = {
    "top": (0.5, -0.02),
    "forehead": (0.76, 0.06),
    "eyes": (0.78, 0.46),
    "ears": (1.0, 0.26),
    "neck": (0.4, 0.94),
    "throat": (0.8, 1.08),
    "chest": (0.52, 0.64),
}

# By place: SVG of 100 × 100 behind the thing, and SVG in front of it.
PLACES = {
    "в космосе": (
        '<circle cx="50" cy="50" r="47" fill="#1b2350"/>'
        '<g fill="#fff"><circle cx="22" cy="30" r="2"/><circle cx="36" cy="14" r="1.6"/>'
        '<circle cx="76" cy="24" r="1.6"/><circle cx="13" cy="52" r="1.6"/>'
        '<circle cx="88" cy="56" r="2"/><circle cx="80" cy="76" r="1.6"/>'
        '<circle cx="24" cy="77" r="2"/><circle cx="52" cy="91" r="1.6"/></g>'
        # A planet, because a moon makes it a night; between the ears of a head.
        '<circle cx="56" cy="14" r="6.5" fill="#ffab4a"/>'
        '<ellipse cx="56" cy="14" rx="12" ry="3.2" fill="none" stroke="#ffe3b0" stroke-width="2"'
        ' transform="rotate(-18 56 14)"/>',
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
    "на пляже": (
        '<circle cx="50" cy="50" r="47" fill="#a9e1ff"/>'
        '<circle cx="80" cy="28" r="8" fill="#ffcf33"/>'
        '<path d="M3.5 44 h93 A47 47 0 0 1 91 73 h-82 A47 47 0 0 1 3.5 44z" fill="#2f8fe6"/>'
        '<path d="M6 64 q22 -7 44 -2 t44 0 A47 47 0 0 1 6 64z" fill="#f6dc94"/>'
        '<path d="M22 30 l3 42" stroke="#a8713a" stroke-width="2.4"/>'
        '<path d="M7 35 a17 17 0 0 1 31 -3 z" fill="#ff5a52"/>'
        '<path d="M14 33.7 q2 -12 6.5 -13.5 q5.5 2 8 11.5 z" fill="#fff"/>',
        "",
    ),
    "в небе": (
        '<circle cx="50" cy="50" r="47" fill="#7cc8ff"/>'
        '<g fill="#fff"><circle cx="18" cy="34" r="7"/><circle cx="26" cy="30" r="8"/>'
        '<circle cx="34" cy="35" r="6"/><circle cx="74" cy="18" r="6"/>'
        '<circle cx="81" cy="21" r="6"/></g>',
        '<g fill="#fff"><circle cx="24" cy="82" r="9"/><circle cx="37" cy="80" r="11"/>'
        '<circle cx="52" cy="83" r="12"/><circle cx="66" cy="80" r="10"/>'
        '<circle cx="77" cy="82" r="8"/><rect x="22" y="80" width="57" height="11" rx="5.5"/></g>',
    ),
    "в городе": (
        '<circle cx="50" cy="50" r="47" fill="#bfe3f7"/>'
        '<path d="M4.5 60 v-16 h14 v-18 h16 v10 h12 v-24 h16 v16 h14 v-10 h10 v20 h9 v22z"'
        ' fill="#7f93b2"/>'
        '<g fill="#ffe28a"><path d="M22 30 h4 v4 h-4z M28 38 h4 v4 h-4z M50 17 h4 v4 h-4z'
        ' M56 25 h4 v4 h-4z M80 24 h4 v4 h-4z M66 34 h4 v4 h-4z M9 48 h4 v4 h-4z"/></g>'
        '<path d="M4.8 60 h90.4 A47 47 0 0 1 4.8 60z" fill="#5b6472"/>'
        '<path d="M18 84 h12 M44 84 h12 M70 84 h12" stroke="#fff" stroke-width="2.4"/>',
        "",
    ),
    "на лугу": (
        '<circle cx="50" cy="50" r="47" fill="#bdeaff"/>'
        '<circle cx="78" cy="24" r="8" fill="#ffcf33"/>'
        '<path d="M4 60 q23 -12 46 -2 t46 -2 A47 47 0 0 1 4 60z" fill="#7ccf4f"/>',
        '<g fill="#ff6fae"><circle cx="20" cy="78" r="3.5"/><circle cx="70" cy="86" r="3.5"/></g>'
        '<g fill="#fff"><circle cx="33" cy="88" r="3.5"/><circle cx="83" cy="74" r="3.5"/></g>',
    ),
    "под луной": (
        '<circle cx="50" cy="50" r="47" fill="#2b3a78"/>'
        '<path d="M30 10 a14 14 0 1 0 12 22 a13 13 0 0 1 -12 -22z" fill="#ffe08a"/>'
        '<g fill="#fff"><circle cx="62" cy="14" r="1.6"/><circle cx="80" cy="28" r="2"/>'
        '<circle cx="88" cy="48" r="1.6"/><circle cx="13" cy="52" r="1.6"/></g>'
        '<path d="M7 70 q22 -9 43 -1 t43 1 A47 47 0 0 1 7 70z" fill="#1d2a5c"/>',
        "",
    ),
    "в тумане": (
        '<circle cx="50" cy="50" r="47" fill="#b9c6d2"/>'
        '<g fill="#cdd7e0"><rect x="12" y="22" width="52" height="8" rx="4"/>'
        '<rect x="40" y="36" width="52" height="8" rx="4"/></g>',
        '<g fill="#eef3f7" fill-opacity="0.85"><rect x="6" y="54" width="62" height="8" rx="4"/>'
        '<rect x="34" y="66" width="58" height="8" rx="4"/>'
        '<rect x="18" y="78" width="60" height="8" rx="4"/></g>',
    ),
}


def placed(rgba: np.ndarray, place: str) -> np.ndarray:
    """A thing in the middle of one of PLACES."""
    size = len(rgba)
    behind, before = (_render(part, size) for part in PLACES[place])
    canvas = behind.copy()
    thing = fitted(rgba, INSIDE)
    middle = round(size * MIDDLES.get(place, CENTRE))
    canvas.alpha_composite(thing, ((size - thing.width) // 2, middle - thing.height // 2))
    canvas.alpha_composite(before)
    return np.asarray(canvas)


def wearing(rgba: np.ndarray, worn_rgba: np.ndarray, place: Place) -> np.ndarray:
    """A head with a hat, glasses, headphones, a bow or a scarf."""
    size = len(rgba)
    head, worn = fitted(rgba, DRESSED), visible(worn_rgba)
    share, down = WORN[place]
    width = round(head.width * share)
    worn = worn.resize((width, round(width * worn.height / worn.width)), Image.Resampling.LANCZOS)
    top = size - round(size * 0.03) - head.height
    if down > 1:  # a scarf, which hangs below the head: both are centred
        top = max(0, (size - round(head.height * down) - worn.height // 2) // 2)
    above = top + round(head.height * down) - worn.height // 2
    above = min(max(above, 0), size - worn.height)
    canvas = Image.new("RGBA", (size, size))
    layers = [(head, top), (worn, above)]
    for image, upper in layers[::-1] if down > 1 else layers:  # the chin is in front of a scarf
        canvas.alpha_composite(image, ((size - image.width) // 2, upper))
    return np.asarray(canvas)


def clothed(rgba: np.ndarray, clothes_rgba: np.ndarray) -> np.ndarray:
    """A head above clothes: the head is in front of their upper edge."""
    size = len(rgba)
    head, clothes = fitted(rgba, CLOTHED), fitted(clothes_rgba, CLOTHES)
    hidden = round(head.height * OVERLAP)
    top = max(0, (size - head.height - clothes.height + hidden) // 2)
    canvas = Image.new("RGBA", (size, size))
    below = min(top + head.height - hidden, size - clothes.height)
    canvas.alpha_composite(clothes, ((size - clothes.width) // 2, below))
    canvas.alpha_composite(head, ((size - head.width) // 2, top))
    return np.asarray(canvas)


def carrying(rgba: np.ndarray, carried_rgba: np.ndarray) -> np.ndarray:
    """An animal with a smaller thing before it, at the lower right."""
    return _overlaid(rgba, CARRYING, (0.0, 0.0), carried_rgba, CORNER, (1.0, 1.0))


def riding(rgba: np.ndarray, ridden_rgba: np.ndarray) -> np.ndarray:
    """An animal on top of what it rides, which hides its lowest part; a board lies flat."""
    size = len(rgba)
    rider, ridden = fitted(rgba, RIDING), fitted(laid_flat(ridden_rgba), RIDDEN)
    hidden = min(round(ridden.height * SUNK), round(rider.height * SUNK))
    height = rider.height + ridden.height - hidden
    top = max(0, (size - height) // 2)
    canvas = Image.new("RGBA", (size, size))
    canvas.alpha_composite(rider, ((size - rider.width) // 2, top))
    below = min(top + rider.height - hidden, size - ridden.height)
    canvas.alpha_composite(ridden, ((size - ridden.width) // 2, below))
    return np.asarray(canvas)


def sitting(rgba: np.ndarray, seat_rgba: np.ndarray) -> np.ndarray:
    """An animal in front of a large seat or bed, on its lower part."""
    size = len(rgba)
    sitter, seat = fitted(rgba, SITTING), fitted(seat_rgba, SEAT)
    top = (size - seat.height) // 2
    canvas = Image.new("RGBA", (size, size))
    canvas.alpha_composite(seat, ((size - seat.width) // 2, top))
    bottom = top + round(seat.height * SEAT_HEIGHT)
    canvas.alpha_composite(sitter, ((size - sitter.width) // 2, max(0, bottom - sitter.height)))
    return np.asarray(canvas)


def in_mood(rgba: np.ndarray, symbol_rgba: np.ndarray) -> np.ndarray:
    """A head with a symbol of its mood at the upper right."""
    return _overlaid(rgba, CARRYING, (0.0, 1.0), symbol_rgba, SYMBOL, (1.0, 0.0))


def in_tears(rgba: np.ndarray, tear_rgba: np.ndarray) -> np.ndarray:
    """A head with a tear below its left eye."""
    size = len(rgba)
    head, tear = fitted(rgba, FULL), fitted(tear_rgba, TEAR)
    left, top = (size - head.width) // 2, (size - head.height) // 2
    canvas = Image.new("RGBA", (size, size))
    canvas.alpha_composite(head, (left, top))
    x, y = (round(share * side) for share, side in zip(CHEEK, head.size, strict=True))
    canvas.alpha_composite(tear, (left + x - tear.width // 2, top + y - tear.height // 2))
    return np.asarray(canvas)


def _overlaid(
    behind: np.ndarray,
    behind_side: float,
    behind_at: tuple[float, float],
    before: np.ndarray,
    before_side: float,
    before_at: tuple[float, float],
) -> np.ndarray:
    """Two pictures of given sizes; places (x, y) from 0, the left or top edge, to 1.

    Both move towards the middle where they are so flat that they would lie apart.
    """
    size = len(behind)
    canvas = Image.new("RGBA", (size, size))
    images = (fitted(behind, behind_side), fitted(before, before_side))
    height = sum(image.height for image in images) - round(TOUCHING * images[1].height)
    margin = max(0, size - height) // 2
    for image, (x, y) in zip(images, (behind_at, before_at), strict=True):
        upper = margin + round(y * (size - 2 * margin - image.height))
        canvas.alpha_composite(image, (round(x * (size - image.width)), upper))
    return np.asarray(canvas)


@cache
def _render(body: str, size: int) -> Image.Image:
    svg = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 100 100">{body}</svg>'
    png = bytes(resvg_py.svg_to_bytes(svg_string=svg, width=size, height=size))
    return Image.open(BytesIO(png), formats=("PNG",)).convert("RGBA")
