"""A thing with another one; pictures: (S, S, 4) uint8, straight alpha."""

from typing import NamedTuple

import numpy as np
from PIL import Image

from emojich_core.scenes.compose import fitted, laid_flat, rendered

# Longer sides against the canvas:
CARRYING, CORNER = 0.78, 0.4  # of an animal that carries something, and of what is carried
RIDING, RIDDEN = 0.56, 0.66  # of a rider, and of what it rides
SITTING, SEAT = 0.6, 0.96  # of a sitter, and of its seat
SYMBOL = 0.34  # of the symbol of a mood
SUNK = 0.2  # of the smaller of both heights: what the ridden thing hides of the rider
INSIDE_SUNK = 0.42  # the same of what is in a thing
SEAT_HEIGHT = 0.84  # how far down a seat the sitter's lower edge is, against the seat's height
TOUCHING = 0.3  # least overlap of two pictures, against the sides of the one in front

_SLEEP = (
    '<g fill="none" stroke="#3d8bf2" stroke-width="9" stroke-linecap="round"'
    ' stroke-linejoin="round"><path d="M58 8 h34 l-34 38 h34"/>'
    '<path d="M30 46 h20 l-20 23 h20" stroke-width="7"/>'
    '<path d="M8 74 h12 l-12 14 h12" stroke-width="5"/></g>'
)


def carrying(rgba: np.ndarray, carried_rgba: np.ndarray) -> np.ndarray:
    """An animal with a smaller thing before it, at the lower right."""
    return _overlaid(_Layer(rgba, CARRYING, (0.0, 0.0)), _Layer(carried_rgba, CORNER, (1.0, 1.0)))


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
    return in_mood(rgba, np.asarray(rendered(_SLEEP, len(rgba))))


def in_mood(rgba: np.ndarray, symbol_rgba: np.ndarray) -> np.ndarray:
    """A head with a symbol of its mood at the upper right."""
    return _overlaid(_Layer(rgba, CARRYING, (0.0, 1.0)), _Layer(symbol_rgba, SYMBOL, (1.0, 0.0)))


class _Layer(NamedTuple):
    """A picture (S, S, 4) of a scene: its longer side against the canvas, and its place.

    The place is (x, y), from 0, at the left or top edge, to 1.
    """

    rgba: np.ndarray
    side: float
    place: tuple[float, float]


def _overlaid(behind: _Layer, before: _Layer) -> np.ndarray:
    """Two pictures in one.

    Both move towards the middle where they are so flat or narrow that they would lie apart.
    """
    size = len(behind.rgba)
    canvas = Image.new("RGBA", (size, size))
    layers = (behind, before)
    images = [fitted(layer.rgba, layer.side) for layer in layers]
    margins = [
        max(0, size - sum(sides) + round(TOUCHING * sides[1])) // 2
        for sides in zip(*(image.size for image in images), strict=True)
    ]
    for image, layer in zip(images, layers, strict=True):
        left, top = (
            margin + round(share * (size - 2 * margin - side))
            for margin, share, side in zip(margins, layer.place, image.size, strict=True)
        )
        canvas.alpha_composite(image, (left, top))
    return np.asarray(canvas)
