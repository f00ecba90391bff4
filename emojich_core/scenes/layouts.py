"""The arrangements of drawings in one picture, by name."""

from collections.abc import Callable, Sequence
from functools import partial
from itertools import groupby
from typing import Any

import numpy as np
from PIL import Image

from emojich_core.reading import counts
from emojich_core.request import IN_PIXELS, THEN, WRITTEN
from emojich_core.scenes.compose import counted, group, in_pixels, mirrored, pair, stretched
from emojich_core.scenes.eyes import Eye, eyes_in
from emojich_core.scenes.lettering import lettered
from emojich_core.scenes.outfits import OUTFITS
from emojich_core.scenes.places import ALL_INSIDE, INSIDE, PLACES, placed
from emojich_core.scenes.together import (
    INSIDE_SUNK,
    asleep,
    carrying,
    in_mood,
    riding,
    sitting,
)
from emojich_core.scenes.worn import WORN, Place, clothed, wearing

Pixels = np.ndarray[Any, Any]  # (S, S, 4) uint8 with straight alpha

# Layouts of one drawing.
ALONE: dict[str, Callable[[Pixels], Pixels]] = {
    **{name: partial(counted, count=count) for count, name in counts.LAYOUTS.items()},
    "fat": partial(stretched, across=1.45),
    "thin": partial(stretched, across=0.62),
    "asleep": asleep,
    **{place: partial(placed, place=place) for place in PLACES},
}
# Layouts of a drawing and another one.
WITH_ANOTHER: dict[str, Callable[[Pixels, Pixels], Pixels]] = {
    "beside": pair,
    "with": carrying,
    "with another": lambda thing, other: mirrored(carrying(mirrored(thing), mirrored(other))),
    "on": riding,
    "in": partial(riding, sunk=INSIDE_SUNK),
    "under": lambda thing, above: riding(above, thing),
    "in a mood": in_mood,
    "on a seat": sitting,
    "clothed": clothed,
}

# By layout, where a drawing is worn on the first one.
_WORN: dict[str, Place] = {f"worn at the {place}": place for place in WORN}
_ON_A_HEAD = {*_WORN, *(name for name, outfit in OUTFITS.items() if outfit.place)}
LAYOUTS = {*ALONE, *WITH_ANOTHER, *_WORN, *OUTFITS}


def arrange(layout: str, pictures: Sequence[Image.Image], caption: str = "") -> Image.Image:
    """One picture of pictures (RGBA, squares of one size), in the layout of this name.

    The name may be that of several with THEN between, which are applied in this order: "in a mood;
    на море".  Places come last, and all but the first are weather; then IN_PIXELS and words.  Each
    takes as many pictures as it arranges.  `caption` is that of the first picture, whose eyes may
    be known.
    Raises KeyError for an unknown name.
    """
    scene, *others = map(np.asarray, pictures)
    eyes = eyes_in(scene, caption).places
    names = layout.split(THEN)
    words = names.pop().removeprefix(WRITTEN) if names[-1].startswith(WRITTEN) else ""
    is_coarse = names[-1:] == [IN_PIXELS]
    places = [name for name in names if name in PLACES]
    scene = _put_together(scene, others, [n for n in names if n not in (*places, IN_PIXELS)], eyes)
    if places:
        has_several = any(name in (*WITH_ANOTHER, *counts.LAYOUTS.values()) for name in names)
        has_room = "под дождем" not in places  # else a cloud is there
        scene = placed(scene, *places, side=ALL_INSIDE if has_several and has_room else INSIDE)
    scene = in_pixels(scene) if is_coarse else scene
    return Image.fromarray(lettered(scene, words) if words else scene)


def _put_together(
    scene: Pixels, others: list[Pixels], names: Sequence[str], eyes: Sequence[Eye]
) -> Pixels:
    """The first drawing with the others, which are taken out of `others`, before any place.

    Layouts of _ON_A_HEAD that follow one another are worn at once, so that the first thing worn
    does not count as a part of the head.  `eyes` are those of the first drawing.
    """
    is_first = True
    for are_worn, run in groupby(names, _ON_A_HEAD.__contains__):
        if are_worn:
            worn = [_worn(name, others, len(scene)) for name in run]
            scene = wearing(scene, worn, eyes if is_first else ())
            is_first = False
            continue
        for name in run:
            scene = _applied(name, scene, others, is_first)
            is_first = False
    return scene


def _applied(name: str, scene: Pixels, others: list[Pixels], is_first: bool) -> Pixels:
    """A drawing in one layout that is not of _ON_A_HEAD; of `others`, the next one is taken."""
    if name in OUTFITS:
        return clothed(scene, OUTFITS[name].picture(len(scene)))
    if name == "beside" and not is_first:
        return group(scene, others.pop(0))
    if name in WITH_ANOTHER:
        return WITH_ANOTHER[name](scene, others.pop(0))
    return ALONE[name](scene)


def _worn(name: str, others: list[Pixels], size: int) -> tuple[Pixels, Place]:
    """The drawing that a layout puts on a head, and where; of `others`, the next one is taken."""
    if name in _WORN:
        return others.pop(0), _WORN[name]
    outfit = OUTFITS[name]
    return outfit.picture(size), outfit.place or "top"
