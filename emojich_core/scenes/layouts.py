"""The arrangements of drawings in one picture, by name."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import numpy as np
from PIL import Image

from emojich_core.scenes.compose import counted, pair
from emojich_core.scenes.together import PLACES, WORN, carrying, in_mood, placed, riding, wearing

# Each takes the drawings, (S, S, 4) uint8 with straight alpha, and returns such a picture.
LAYOUTS: dict[str, Callable[..., np.ndarray[Any, Any]]] = {
    "beside": pair,
    "twice": partial(counted, count=2),
    "three times": partial(counted, count=3),
    "with": carrying,
    "on": riding,
    "under": lambda thing, above: riding(above, thing),
    "in a mood": in_mood,
    **{f"worn at the {place}": partial(wearing, place=place) for place in WORN},
    **{place: partial(placed, place=place) for place in PLACES},
}


def arrange(layout: str, pictures: Sequence[Image.Image]) -> Image.Image:
    """One picture of pictures (RGBA, squares of one size), in the layout of this name.

    Raises KeyError for another name.
    """
    return Image.fromarray(LAYOUTS[layout](*map(np.asarray, pictures)))
