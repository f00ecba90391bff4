"""The arrangements of drawings in one picture, by name."""

from collections.abc import Callable, Sequence
from functools import partial
from itertools import takewhile
from typing import Any

import numpy as np
from PIL import Image

from emojich_core.reading import counts
from emojich_core.request import IN_PIXELS, THEN, WRITTEN
from emojich_core.scenes.compose import counted, group, in_pixels, mirrored, pair, stretched
from emojich_core.scenes.eyes import eyes_in
from emojich_core.scenes.lettering import lettered
from emojich_core.scenes.outfits import OUTFITS
from emojich_core.scenes.together import (
    ALL_INSIDE,
    INSIDE,
    INSIDE_SUNK,
    PLACES,
    WORN,
    Place,
    asleep,
    carrying,
    clothed,
    in_mood,
    placed,
    riding,
    sitting,
    wearing,
)

Drawing = np.ndarray[Any, Any]  # (S, S, 4) uint8 with straight alpha

# Layouts of one drawing.
ALONE: dict[str, Callable[[Drawing], Drawing]] = {
    **{name: partial(counted, count=count) for count, name in counts.LAYOUTS.items()},
    "fat": partial(stretched, across=1.45),
    "thin": partial(stretched, across=0.62),
    "asleep": asleep,
    **{place: partial(placed, place=place) for place in PLACES},
}
# Layouts of a drawing and another one.
WITH_ANOTHER: dict[str, Callable[[Drawing, Drawing], Drawing]] = {
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


# Of several drawings on the first one, all at once: by layout, where each is worn.
_WORN: dict[str, Place] = {f"worn at the {place}": place for place in WORN}
_HATS = {name: outfit for name, outfit in OUTFITS.items() if outfit.place}
LAYOUTS = {*ALONE, *WITH_ANOTHER, *_WORN, *OUTFITS}


def arrange(layout: str, pictures: Sequence[Image.Image], caption: str = "") -> Image.Image:
    """One picture of pictures (RGBA, squares of one size), in the layout of this name.

    The name may be that of several with THEN between, which are applied in this order: "in a mood;
    на море"; places come last, and all but the first are weather; then IN_PIXELS and words.  Each
    takes as many pictures as it arranges.  `caption` of the first picture, whose eyes may be known.
    Raises KeyError for an unknown name.
    """
    scene, *others = map(np.asarray, pictures)
    eyes = eyes_in(scene, caption).places
    names = layout.split(THEN)
    words = names.pop().removeprefix(WRITTEN) if names[-1].startswith(WRITTEN) else ""
    is_coarse = names[-1:] == [IN_PIXELS]
    places = [name for name in names if name in PLACES]
    for number, name in enumerate(names):
        if name in _WORN or name in _HATS:
            if number and (names[number - 1] in _WORN or names[number - 1] in _HATS):
                continue  # worn with the one before
            together = takewhile(lambda each: each in _WORN or each in _HATS, names[number:])
            worn = [_worn(each, others, len(scene)) for each in together]
            scene = wearing(scene, worn, () if number else eyes)
        elif name in OUTFITS:
            scene = clothed(scene, OUTFITS[name].picture(len(scene)))
        elif name == "beside" and number:
            scene = group(scene, others.pop(0))
        elif name in WITH_ANOTHER:
            scene = WITH_ANOTHER[name](scene, others.pop(0))
        elif name not in (*places, IN_PIXELS):
            scene = ALONE[name](scene)
    if places:
        has_several = any(name in (*WITH_ANOTHER, *counts.LAYOUTS.values()) for name in names)
        has_room = "под дождем" not in places  # else a cloud is there
        scene = placed(scene, *places, side=ALL_INSIDE if has_several and has_room else INSIDE)
    scene = in_pixels(scene) if is_coarse else scene
    return Image.fromarray(lettered(scene, words) if words else scene)


def _worn(layout: str, others: list[Drawing], size: int) -> tuple[Drawing, Place]:
    """What a layout puts on a head, and where; of `others`, the next one is taken."""
    if layout in _WORN:
        return others.pop(0), _WORN[layout]
    outfit = OUTFITS[layout]
    return outfit.picture(size), outfit.place or "top"
