"""An animal or thing in a place, or with another one; pictures: (S, S, 4) uint8, straight alpha."""

from collections.abc import Sequence
from functools import cache
from typing import Literal, NamedTuple

import numpy as np
from PIL import Image

from emojich_core.scenes.compose import FULL, centred, fitted, laid_flat, rendered, visible
from emojich_core.scenes.eyes import Eye

INSIDE = 0.6  # longer side of a thing in a place, against the canvas
ALL_INSIDE = 0.74  # of several things there
CENTRE = 0.53  # how far down its middle is, against the canvas
# The same in places that have something in front of it or above it: waves, a cloud, a parasol.
MIDDLES = {
    "на море": 0.46,
    "под дождем": 0.64,
    "на пляже": 0.58,
    "на луне": 0.5,
    "в комнате": 0.56,
    "на сцене": 0.55,
}
CARRYING = 0.78  # of an animal that carries something
RIDING, RIDDEN = 0.56, 0.66  # of a rider, and of what it rides
SUNK = 0.2  # of the smaller of both heights: what the ridden thing hides of the rider
INSIDE_SUNK = 0.42  # the same of what is in a thing
SITTING, SEAT = 0.6, 0.96  # of a sitter, and of its seat
SEAT_HEIGHT = 0.84  # how far down a seat the sitter's lower edge is, against the seat's height
CORNER = 0.4  # of what is carried
TOUCHING = 0.3  # least overlap of two pictures, against the sides of the one in front
SYMBOL = 0.34  # of the symbol of a mood
CLOTHED, CLOTHES = 0.56, 0.6  # of a head above clothes, and of the clothes
PROFILE = 8.5  # half the width of a face against an eye's radius, where one eye is seen
FRONT = 2.2  # half the width of a face against the distance of its eyes
BODY = 0.18  # distance of the eyes against the width from which on all of a thing is a face
OVERLAP = 0.14  # share of the head's height that is in front of the clothes

# How what is worn sits on a head: its width against the head's; how far down its middle is, against
# the head's height.
Place = Literal["top", "crown", "eyes", "ears", "neck", "throat", "chest"]
WORN: dict[Place, tuple[float, float]] = {
    "top": (0.5, -0.02),
    "crown": (0.66, 0.04),
    "eyes": (0.78, 0.46),
    "ears": (1.0, 0.26),
    "neck": (0.4, 0.94),
    "throat": (0.8, 1.08),
    "chest": (0.52, 0.64),
}
HATS, NECKS = ("top", "crown"), ("neck", "throat", "chest")
_BRIM = 0.02  # share of a hat's height that may be before the eyes

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
    "на луне": (
        '<circle cx="50" cy="50" r="47" fill="#1b2350"/>'
        '<g fill="#fff"><circle cx="22" cy="30" r="2"/><circle cx="38" cy="12" r="1.6"/>'
        '<circle cx="60" cy="10" r="1.6"/><circle cx="12" cy="50" r="1.6"/>'
        '<circle cx="88" cy="52" r="1.6"/></g>'
        '<circle cx="79" cy="27" r="9" fill="#3d8bf2"/>'
        '<path d="M73 22 q4 -3 7 0 q1 4 -3 5 q-5 0 -4 -5z M80 30 q4 -1 5 2 q-3 3 -6 1z"'
        ' fill="#6fd06a"/>'
        '<path d="M6 66 q22 -12 44 -10 t44 10 A47 47 0 0 1 6 66z" fill="#c9cfda"/>'
        '<g fill="#a9b1c1"><ellipse cx="20" cy="73" rx="6" ry="2.6"/>'
        '<ellipse cx="80" cy="74" rx="7" ry="3"/><ellipse cx="46" cy="90" rx="8" ry="3"/></g>',
        "",
    ),
    "под водой": (
        '<circle cx="50" cy="50" r="47" fill="#38a8e8"/>'
        '<path d="M4 58 A47 47 0 0 0 96 58 q-22 -8 -46 -4 t-46 4z" fill="#2386cf"/>'
        '<path d="M12 77 q18 -8 38 -2 t38 2 A47 47 0 0 1 12 77z" fill="#f0d48a"/>'
        '<g fill="none" stroke="#2fae6b" stroke-width="3.4" stroke-linecap="round">'
        '<path d="M17 78 q-5 -8 0 -15 t0 -14 M25 80 q5 -7 0 -13 M84 78 q5 -8 0 -15 t0 -13'
        ' M76 80 q-5 -7 0 -12"/></g>',
        '<g fill="#fff" fill-opacity="0.7"><circle cx="26" cy="28" r="3.4"/>'
        '<circle cx="33" cy="18" r="2.2"/><circle cx="74" cy="22" r="3"/>'
        '<circle cx="81" cy="35" r="2"/><circle cx="20" cy="40" r="1.8"/></g>',
    ),
    "в комнате": (
        '<circle cx="50" cy="50" r="47" fill="#ffe0bd"/>'
        '<path d="M8.7 72 h82.6 A47 47 0 0 1 8.7 72z" fill="#c98f5a"/>'
        '<rect x="20" y="18" width="25" height="26" rx="2" fill="#fff"/>'
        '<rect x="22.5" y="20.5" width="20" height="21" fill="#9bdcff"/>'
        '<path d="M32.5 20 v22 M22 31 h21" stroke="#fff" stroke-width="2"/>'
        '<rect x="64" y="18" width="17" height="14" rx="1.5" fill="#a8713a"/>'
        '<rect x="66" y="20" width="13" height="10" fill="#ffd35a"/>'
        '<ellipse cx="50" cy="83" rx="32" ry="7" fill="#e0655f"/>',
        "",
    ),
    "на сцене": (
        '<circle cx="50" cy="50" r="47" fill="#3b2366"/>'
        '<path d="M50 3 L18 80 h64z" fill="#fff3b8" fill-opacity="0.5"/>'
        '<path d="M10.5 75 h79 A47 47 0 0 1 10.5 75z" fill="#b9783f"/>'
        '<ellipse cx="50" cy="81" rx="31" ry="6" fill="#ffe9a6"/>'
        '<path d="M32 6.5 Q28 45 10.5 75 A47 47 0 0 1 32 6.5z M68 6.5 Q72 45 89.5 75'
        ' A47 47 0 0 0 68 6.5z" fill="#d8323f"/>',
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

# Weather and night over a place: the same.
WEATHER = {
    "под дождем": (
        '<circle cx="50" cy="50" r="47" fill="#3a4c6b" fill-opacity="0.3"/>',
        '<g stroke="#e8f4ff" stroke-width="2" stroke-linecap="round">'
        '<path d="M24 33 l-4 10 M39 31 l-3 8 M62 31 l-3 8 M78 33 l-4 10 M15 55 l-4 10 M88 52'
        ' l-4 10 M21 76 l-4 10 M82 76 l-4 10"/></g>'
        '<g fill="#8799b0"><circle cx="32" cy="17" r="9"/><circle cx="48" cy="13" r="11"/>'
        '<circle cx="65" cy="17" r="9"/><rect x="24" y="15" width="50" height="11" rx="5.5"/></g>',
    ),
    "под луной": (
        '<circle cx="50" cy="50" r="47" fill="#14205c" fill-opacity="0.72"/>'
        '<path d="M44 8 a11 11 0 1 0 10 17 a10.5 10.5 0 0 1 -10 -17z" fill="#ffe08a"/>'
        '<g fill="#fff"><circle cx="66" cy="12" r="1.4"/><circle cx="80" cy="24" r="1.6"/>'
        '<circle cx="24" cy="22" r="1.4"/><circle cx="12" cy="44" r="1.4"/></g>',
        "",
    ),
    "в тумане": ("", PLACES["в тумане"][1]),
    "в снегу": (
        "",
        '<g fill="#fff"><circle cx="20" cy="36" r="2.6"/><circle cx="38" cy="12" r="2.6"/>'
        '<circle cx="66" cy="13" r="2.6"/><circle cx="84" cy="40" r="2.6"/>'
        '<circle cx="12" cy="58" r="2.6"/><circle cx="89" cy="62" r="2.6"/>'
        '<circle cx="26" cy="84" r="2.6"/><circle cx="74" cy="86" r="2.6"/></g>',
    ),
}


_SLEEP = (
    '<g fill="none" stroke="#3d8bf2" stroke-width="9" stroke-linecap="round"'
    ' stroke-linejoin="round"><path d="M58 8 h34 l-34 38 h34"/>'
    '<path d="M30 46 h20 l-20 23 h20" stroke-width="7"/>'
    '<path d="M8 74 h12 l-12 14 h12" stroke-width="5"/></g>'
)


def placed(rgba: np.ndarray, place: str, *weather: str, side: float = INSIDE) -> np.ndarray:
    """A thing in the middle of one of PLACES, where there may be WEATHER; `side` of the thing."""
    size = len(rgba)
    layers = [PLACES[place], *(WEATHER[each] for each in weather)]
    canvas = Image.new("RGBA", (size, size))
    for behind, _ in layers:
        canvas.alpha_composite(_background(behind, size))
    thing = fitted(rgba, side)
    middle = round(size * max(MIDDLES.get(each, CENTRE) for each in (place, *weather)))
    canvas.alpha_composite(thing, ((size - thing.width) // 2, middle - thing.height // 2))
    for _, before in layers:
        canvas.alpha_composite(_background(before, size))
    return np.asarray(canvas)


def wearing(
    rgba: np.ndarray, worn: Sequence[tuple[np.ndarray, Place]], eyes: Sequence[Eye] = ()
) -> np.ndarray:
    """A head with hats, glasses, headphones, a bow or a scarf.

    `eyes` are those of the picture, if known: glasses are before them, and hats above them.
    """
    head = visible(rgba)
    face = _face(rgba, head, eyes)
    # The head in the middle of a page that has room for all of it; a scarf is behind the chin.
    layers = [(head, head.width, head.height)]
    for worn_rgba, place in worn:
        image = visible(worn_rgba)
        share, down = WORN[place]
        width = max(1, round((face.right - face.left) * share))
        height = max(1, round(width * image.height / image.width))
        middle = face.top + down * (face.bottom - face.top)
        x = (face.left + face.right) / 2
        if place == "eyes":
            middle = face.eyes
        elif place in NECKS and face.is_profile:  # the neck is behind the face, and below it
            is_left = x < head.width / 2
            x += (face.right - face.left) * (0.3 if is_left else -0.3)
            middle = face.eyes + (face.right - face.left) * 0.42
        if place in HATS:  # its lower edge
            middle = min(middle, face.eyes - face.radius - height * (0.5 - _BRIM))
        image = image.resize((width, height), Image.Resampling.LANCZOS)
        layer = (image, head.width + round(x - width / 2), head.height + round(middle - height / 2))
        layers.insert(0 if down > 1 else len(layers), layer)
    page = Image.new("RGBA", (3 * head.width, 3 * head.height))
    for image, left, top in layers:
        page.alpha_composite(image, (max(0, left), max(0, top)))
    return centred(fitted(np.asarray(page), FULL, len(rgba)), len(rgba))


class _Face(NamedTuple):
    """Where a face is in the visible part of a picture, in pixels."""

    left: float
    right: float
    top: float
    bottom: float
    eyes: float  # how far down their middle is
    radius: float  # of an eye
    is_profile: bool = False


def _face(rgba: np.ndarray, head: Image.Image, eyes: Sequence[Eye]) -> _Face:
    """The face of a thing: all of a head, or the part around the eye of a profile."""
    width, height = head.size
    if not eyes:
        return _Face(0, width, 0, height, WORN["eyes"][1] * height, 0)
    left, top, *_ = Image.fromarray(rgba).getchannel("A").getbbox() or (0, 0)
    middle = sum(eye.y for eye in eyes) / len(eyes) - top
    radius = eyes[0].radius
    x = sum(eye.x for eye in eyes) / len(eyes) - left
    half = width / 2
    if len(eyes) == 1:
        half = min(PROFILE * radius, half)
    elif abs(eyes[0].x - eyes[1].x) < BODY * width:  # of a body from the front
        half = FRONT * abs(eyes[0].x - eyes[1].x)
    else:
        return _Face(0, width, 0, height, middle, radius)
    alpha = np.asarray(head)[..., 3] > 127
    columns = alpha[:, max(0, round(x - half / 2)) : round(x + half / 2) + 1].any(axis=1)
    highest = int(np.argmax(columns))
    upper = max(highest, middle - 2 * half)
    return _Face(x - half, x + half, upper, upper + 2 * half, middle, radius, len(eyes) == 1)


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


def riding(rgba: np.ndarray, ridden_rgba: np.ndarray, sunk: float = SUNK) -> np.ndarray:
    """An animal on top of what it rides, which hides its lowest part; a board lies flat."""
    size = len(rgba)
    rider, ridden = fitted(rgba, RIDING), fitted(laid_flat(ridden_rgba), RIDDEN)
    hidden = min(round(ridden.height * sunk), round(rider.height * sunk))
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


def asleep(rgba: np.ndarray) -> np.ndarray:
    """A sleeper with three letters Z at the upper right."""
    return in_mood(rgba, np.asarray(_background(_SLEEP, len(rgba))))


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
    """Two pictures of given sizes; places (x, y) from 0, the left or top edge, to 1.

    Both move towards the middle where they are so flat or narrow that they would lie apart.
    """
    size = len(behind)
    canvas = Image.new("RGBA", (size, size))
    images = (fitted(behind, behind_side), fitted(before, before_side))
    margins = [
        max(0, size - sum(sides) + round(TOUCHING * sides[1])) // 2
        for sides in zip(*(image.size for image in images), strict=True)
    ]
    for image, place in zip(images, (behind_at, before_at), strict=True):
        left, top = (
            margin + round(share * (size - 2 * margin - side))
            for margin, share, side in zip(margins, place, image.size, strict=True)
        )
        canvas.alpha_composite(image, (left, top))
    return np.asarray(canvas)


@cache
def _background(body: str, size: int) -> Image.Image:
    return rendered(body, size)
