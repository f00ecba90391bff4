"""Outfits that no emoji shows by itself: a knitted cap, Santa's cap, a suit; drawn as SVG."""

from typing import Literal, NamedTuple

import numpy as np

from emojich_core.colours import GIVEN, rgb_of
from emojich_core.scenes.compose import rendered
from emojich_core.scenes.worn import Place

_CAP = (
    '<circle cx="50" cy="30" r="9" fill="#fff"/>'
    '<path d="M20 66 Q20 34 50 34 T80 66z" fill="{colour}"/>'
    '<path d="M35 64 V42 M50 64 V36 M65 64 V42" stroke="#000" stroke-opacity=".16"'
    ' stroke-width="2.4"/>'
    '<rect x="15" y="60" width="70" height="15" rx="7" fill="#fff"/>'
    '<path d="M26 62 v11 M38 62 v11 M50 62 v11 M62 62 v11 M74 62 v11" stroke="#c8d2de"'
    ' stroke-width="2"/>'
)
_SANTAS_CAP = (
    '<path d="M20 66 Q22 26 56 26 Q84 28 88 56 Q78 44 70 46 Q80 56 80 66z" fill="#e5303a"/>'
    '<path d="M70 46 Q80 56 80 66 h-12 Q70 54 62 47z" fill="#000" fill-opacity=".12"/>'
    '<circle cx="88" cy="60" r="8" fill="#fff"/>'
    '<rect x="14" y="60" width="70" height="15" rx="7.5" fill="#fff"/>'
)
_SUIT = (
    '<path d="M12 92 Q10 52 34 46 h32 Q90 52 88 92z" fill="{colour}"/>'
    '<path d="M37 44 h26 L50 84z" fill="#fff"/>'
    '<path d="M46 47 h8 l-2 7 l4 20 l-6 8 l-6 -8 l4 -20z" fill="#d8323f"/>'
    '<path d="M36 44 L30 58 L38 60 L35 66 L50 90 L41 62z M64 44 L70 58 L62 60 L65 66 L50 90'
    ' L59 62z" fill="#000" fill-opacity=".28"/>'
)
_RED, _DARK = "#e5484d", "#33405e"


class Outfit(NamedTuple):
    """An outfit as SVG, and where it is on a head; "" for clothes below it."""

    svg: str
    place: Place | Literal[""]

    def picture(self, size: int) -> np.ndarray:
        """The outfit as (size, size, 4) uint8."""
        return np.asarray(rendered(self.svg, size))


def _in_colours(name: str, svg: str, usual: str, place: Place | Literal[""]) -> dict[str, Outfit]:
    """An outfit in its usual colour, and in each that can be asked for."""
    named = {f"{name} {each}": f"rgb{rgb_of(colour)}" for each, colour in GIVEN.items()}
    colours = {name: usual, **named}
    return {each: Outfit(svg.format(colour=colour), place) for each, colour in colours.items()}


# By layout: see `emojich_core.reading.arranged_scenes`.
OUTFITS = {
    "в колпаке": Outfit(_SANTAS_CAP, "crown"),
    **_in_colours("в шапке", _CAP, _RED, "crown"),
    **_in_colours("в костюме", _SUIT, _DARK, ""),
}
