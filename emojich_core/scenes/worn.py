"""What a head wears: hats, glasses, clothes below it; pictures: (S, S, 4) uint8, straight alpha."""

from collections.abc import Sequence
from typing import Literal, NamedTuple

import numpy as np
from PIL import Image

from emojich_core.scenes.compose import FULL, centred, fitted, visible
from emojich_core.scenes.eyes import Eye

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
# Where the neck of a profile is from its face: behind it and down, against the face's width.
_NECK_BEHIND, _NECK_BELOW = 0.3, 0.42
PROFILE = 8.5  # half the width of a face against an eye's radius, where one eye is seen
FRONT = 2.2  # half the width of a face against the distance of its eyes
BODY = 0.18  # distance of the eyes against the width above which all of a thing is a face
CLOTHED, CLOTHES = 0.56, 0.6  # of a head above clothes, and of the clothes
OVERLAP = 0.14  # share of the head's height that is in front of the clothes


class _Face(NamedTuple):
    """Where a face is in the visible part of a picture, in pixels."""

    left: float
    right: float
    top: float
    bottom: float
    eyes: float  # how far down their middle is
    radius: float  # of an eye
    is_profile: bool = False

    @property
    def width(self) -> float:
        """From left to right."""
        return self.right - self.left


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
        width = max(1, round(face.width * share))
        height = max(1, round(width * image.height / image.width))
        image = image.resize((width, height), Image.Resampling.LANCZOS)
        x, y = _middle(face, place, height, head.width)
        layer = (image, head.width + round(x - width / 2), head.height + round(y - height / 2))
        layers.insert(0 if down > 1 else len(layers), layer)
    page = Image.new("RGBA", (3 * head.width, 3 * head.height))
    for image, left, top in layers:
        page.alpha_composite(image, (max(0, left), max(0, top)))
    return centred(fitted(np.asarray(page), FULL, len(rgba)), len(rgba))


def _middle(face: _Face, place: Place, height: int, head_width: int) -> tuple[float, float]:
    """The middle (x, y) of what is worn, `height` high; in pixels from the head's upper left."""
    x = (face.left + face.right) / 2
    y = face.top + WORN[place][1] * (face.bottom - face.top)
    if place == "eyes":
        y = face.eyes
    elif place in NECKS and face.is_profile:
        is_left = x < head_width / 2
        x += face.width * (_NECK_BEHIND if is_left else -_NECK_BEHIND)
        y = face.eyes + face.width * _NECK_BELOW
    if place in HATS:
        lowest = face.eyes - face.radius - height * (0.5 - _BRIM)
        y = min(y, lowest)
    return x, y


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
