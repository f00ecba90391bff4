"""Which scene a prompt asks for: a layout, and the things in it."""

from collections.abc import Callable, Sequence
from dataclasses import replace

from emojich_core.request import Reading
from emojich_core.words import can_be, forms, is_one

Thing = Callable[[Sequence[str]], Reading | None]  # the reading of words that mean one thing
Drawn = Callable[[str], str | None]  # the caption of an emoji, if the weights draw it

COUNTS = {
    **dict.fromkeys(("два", "две", "двое", "2", "пара"), "twice"),
    **dict.fromkeys(("три", "трое", "3"), "three times"),
}
LINKS = {"и": "beside", "с": "with", "со": "with", "на": "on", "в": "on", "под": "under"}
# What is worn: its emoji, and where.
WORN = {
    "в шляпе": ("🎩", "top"),
    "в короне": ("👑", "top"),
    "в кепке": ("🧢", "top"),
    "в шапке": ("🧢", "top"),
    "в шлеме": ("🪖", "top"),
    "в каске": ("⛑", "top"),
    "в очках": ("👓", "eyes"),
    "в темных очках": ("🕶", "eyes"),
    "в наушниках": ("🎧", "ears"),
    "с бантом": ("🎀", "neck"),
}
# Moods: adjectives and verbs (of participles, too) for each symbol.
MOODS = {
    "💤": ("сонный", "спать", "дремать"),
    "💢": ("злой", "сердитый", "злиться", "сердиться"),
    "💧": ("грустный", "печальный", "плакать", "грустить"),
    "❤": ("влюбленный", "влюбить", "любить"),
    "💡": ("умный", "думать"),
    "🎵": ("музыкальный", "петь"),
}
PLACES = ("в космосе", "на море", "в лесу", "в пустыне", "в снегу", "под дождем", "в огне")


def scene(texts: Sequence[str], thing: Thing, drawn: Drawn) -> Reading | None:
    """The reading of words that name a thing and where it is, with what, or how often.

    Verbs between things say no more than their places: кот ест рыбу, кот едет на машине.
    """
    if len(texts) > 1 and texts[0] in COUNTS and (counted := thing(texts[1:])):
        return _alone(counted, COUNTS[texts[0]])
    for place in range(1, len(texts)):
        first = thing(texts[:place])
        rest = texts[place:]
        is_done = len(rest) > 1 and can_be("VERB", rest[0])
        if is_done:
            rest = rest[1:]
        if first and (found := _with(first, rest, thing, drawn, is_done)):
            return found
    return None


def in_mood(texts: Sequence[str], thing: Thing, drawn: Drawn) -> Reading | None:
    """The reading of a thing in a mood: злой заяц, заяц злится."""
    ends = ((texts[0], texts[1:]), (texts[-1], texts[:-1])) if len(texts) > 1 else ()
    for said, rest in ends:
        symbol = next((s for s, words in MOODS.items() if not {*forms(said)}.isdisjoint(words)), "")
        caption = drawn(symbol) if symbol else None
        if caption and (found := thing(rest)):
            return replace(_alone(found, "in a mood"), others=(Reading(caption),))
    return None


def _with(
    first: Reading,
    rest: Sequence[str],
    thing: Thing,
    drawn: Drawn,
    is_done: bool,
) -> Reading | None:
    """The reading of a thing and the words after it, without the verb that `is_done`."""
    where = " ".join(rest)
    if where in PLACES:
        return replace(first, layout=where)
    if worn := WORN.get(where) or WORN.get(f"{rest[0]} {rest[-1]}"):
        emoji, place = worn
        caption, in_words = drawn(emoji), thing(rest[1:])
        dressed = _alone(first, f"worn at the {place}")
        other = Reading(caption, colour=in_words.colour if in_words else "") if caption else None
        return replace(dressed, others=(other,)) if other else None
    layout = LINKS.get(rest[0], "")
    if not layout and (not is_done or is_one("PREP", rest[0])):
        return None
    other = thing(rest[1:] if layout else rest)
    if not other or other.unknown:
        return None
    other = replace(other, variants=(), colours=())
    return replace(first, layout=layout or "with", others=(other,))


def _alone(reading: Reading, layout: str) -> Reading:
    """A reading whose candidates show one thing: its variants may have no head, or be several."""
    return replace(reading, variants=(), layout=layout)
