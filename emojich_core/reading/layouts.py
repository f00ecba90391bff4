"""The layouts of a reading, in the order in which `emojich_core.scenes` applies them.

What is worn comes first, then come counts and other things, then moods, and places last.
"""

from dataclasses import replace

from emojich_core.reading import counts
from emojich_core.request import THEN, Reading

# Clothes that no emoji shows by itself; each is a layout of its own, as are the places.
COLOURED_OUTFITS = ("в шапке", "в костюме")
OUTFITS = (*COLOURED_OUTFITS, "в колпаке")
# Weather and night, which may be in another place: ночью в лесу.
WEATHER = ("под дождем", "под луной", "в тумане", "в снегу")
PLACES = (
    *("в космосе", "на луне", "на море", "под водой", "в лесу", "в пустыне", "в огне", "на пляже"),
    *("в небе", "в городе", "на лугу", "в комнате", "на сцене", *WEATHER),
)
# Moods, with a symbol that is drawn or with letters Z.
MOODS = ("in a mood", "asleep")


def with_layout(reading: Reading, layout: str, *others: Reading) -> Reading:
    """The reading with one more layout, and the other things that this layout arranges.

    Moods and places stay last, because all things are there: кот в лесу с грибом.  Of several of
    a thing, each has its mood.  What is worn comes first: медведь на мотоцикле в очках.
    """
    layouts = _layouts_of(reading)
    ends = PLACES if layout in counts.LAYOUTS.values() else (*PLACES, *MOODS)
    before = len(layouts)
    while before and layouts[before - 1] in ends:
        before -= 1
    if _is_worn(layout):
        before = next((n for n, each in enumerate(layouts) if not _is_worn(each)), before)
    place = sum(map(_takes_another, layouts[:before]))
    things = (*reading.others[:place], *others, *reading.others[place:])
    layouts = [*layouts[:before], layout, *layouts[before:]]
    return replace(reading, layout=THEN.join(layouts), others=things)


def with_place(reading: Reading, place: str) -> Reading | None:
    """The reading in one more place; None if it is in another place already, except for WEATHER."""
    layouts = _layouts_of(reading)
    places = [each for each in layouts if each in PLACES]
    if place in places:
        return reading
    if place not in WEATHER and any(each not in WEATHER for each in places):
        return None
    in_order = sorted([*places, place], key=WEATHER.__contains__)
    layouts = [*layouts[: len(layouts) - len(places)], *in_order]
    return replace(reading, layout=THEN.join(layouts))


def with_last_layout(reading: Reading, layout: str) -> Reading:
    """The reading with a layout after all others."""
    return replace(reading, layout=THEN.join([*_layouts_of(reading), layout]))


def _is_worn(layout: str) -> bool:
    return layout.startswith(("worn", *OUTFITS)) or layout == "clothed"


def _takes_another(layout: str) -> bool:
    """Whether a layout arranges a thing besides the first."""
    one = (*PLACES, *counts.LAYOUTS.values(), "fat", "thin", "asleep")
    return layout not in one and not layout.startswith(OUTFITS)


def _layouts_of(reading: Reading) -> list[str]:
    return reading.layout.split(THEN) if reading.layout else []
