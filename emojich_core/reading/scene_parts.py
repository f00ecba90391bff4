"""One part of a scene after its first thing: в лесу, в красной шляпе, с пиццей, и читает газету."""

from collections.abc import Sequence
from dataclasses import replace

from emojich_core.reading.colour_names import basic_colour
from emojich_core.reading.descriptions import description_of
from emojich_core.reading.diminutives import bases
from emojich_core.reading.layouts import (
    COLOURED_OUTFITS,
    OUTFITS,
    PLACES,
    with_layout,
    with_place,
)
from emojich_core.reading.subjects import with_description
from emojich_core.reading.things import as_head, has_known_eyes, is_only_a_head, read_thing
from emojich_core.reading.vocabulary import Vocabulary
from emojich_core.reading.words import agrees, can_be, forms, is_likely, is_locative, is_qualifier
from emojich_core.request import THEN, Reading

# The layouts, by a word between two things.
LINKS = {
    **dict.fromkeys(("и", "или", "против", "у", "возле", "около", "перед"), "beside"),
    **dict.fromkeys(("рядом", "вместе", "среди", "к", "ко", "от", "напротив"), "beside"),
    **dict.fromkeys(("с", "со", "о", "об", "про", "для"), "with"),
    **dict.fromkeys(("на", "за", "над", "через", "по"), "on"),
    **dict.fromkeys(("в", "во", "из", "из-за"), "in"),
    "под": "under",
}
# Clothes that an emoji shows: the emoji, and where it sits on a head.
WORN = {
    "в шляпе": ("🎩", "top"),
    "в короне": ("👑", "top"),
    "в кепке": ("🧢", "top"),
    "в шлеме": ("🪖", "top"),
    "в каске": ("⛑", "crown"),
    "в очках": ("👓", "eyes"),
    "в темных очках": ("🕶", "eyes"),
    "в наушниках": ("🎧", "ears"),
    "с бантом": ("🎀", "neck"),
    "в шарфе": ("🧣", "throat"),
    "с шарфом": ("🧣", "throat"),
}
# Emoji of clothes below a head.
CLOTHES = ("👔", "👕", "👖", "🧥", "👗", "👘", "🥻", "🩱", "🩳", "👙", "👚", "🥼", "🦺", "🎽", "🥋")
SEATS = ("🛋", "🛏", "🪑", "💺")
# Boards whose drawings have a person on them, and a board without one.
RIDDEN_BOARDS, BOARD = ("🏂", "🏄"), "🛹"
# Parts of a thing are no second thing: кот с большим хвостом.
_PARTS_OF_THINGS = {
    *("глаз", "волос", "ухо", "хвост", "лапа", "нос"),
    *("ус", "рот", "зуб", "крыло", "рог", "голова", "борода", "грива", "коса", "прическа"),
    *("щека", "живот", "пузо", "рука", "нога", "палец", "улыбка", "лицо", "копыто", "клюв"),
}


def with_part(vocabulary: Vocabulary, first: Reading, part: Sequence[str]) -> Reading | None:
    """The reading of a thing and one part of the scene after it, which a verb may begin."""
    if len(part) == 2 and part[0] in ("и", "а") and description_of(part[1]):  # и злой
        return with_description(vocabulary, first, part[1])
    follows_verb = len(part) > 1 and can_be("VERB", part[0])
    if follows_verb:
        described = with_description(vocabulary, first, part[0])
        part = part[1:]
        if _is_part_of_thing(part[-1]):  # машет лапой
            return described
        if described and (part[0] in LINKS or " ".join(part) in PLACES):  # спит на диване
            first = described
    where = _without_adjectives(part)
    if where in PLACES:
        return with_place(first, where)
    if part[0] in ("с", "со") and "глаз" in forms(part[-1]):
        return _with_coloured_eyes(vocabulary, first, part)
    if where in OUTFITS:
        return _in_outfit(vocabulary, first, part, where)
    if where in WORN:
        return _with_worn(vocabulary, first, part, where)
    return _with_other_thing(vocabulary, first, part, follows_verb)


def _with_coloured_eyes(
    vocabulary: Vocabulary, first: Reading, part: Sequence[str]
) -> Reading | None:
    """The reading of a head with eyes of a colour: с зелёными глазами."""
    colour = basic_colour(part[1])
    head = as_head(vocabulary, first)
    is_seen = len(part) == 3 and colour and has_known_eyes(head)
    return replace(head, eyes=colour) if is_seen else None


def _in_outfit(vocabulary: Vocabulary, first: Reading, part: Sequence[str], outfit: str) -> Reading:
    """The reading of a head in one of OUTFITS, which may have a colour: в синей шапке."""
    colour = next(filter(None, map(basic_colour, part[1:-1])), "")
    is_coloured = colour and outfit in COLOURED_OUTFITS
    layout = f"{outfit} {colour}" if is_coloured else outfit
    return with_layout(as_head(vocabulary, first), layout)


def _with_worn(
    vocabulary: Vocabulary, first: Reading, part: Sequence[str], worn: str
) -> Reading | None:
    """The reading of a head with a thing of WORN, which may have a colour: в красной шляпе."""
    emoji, place = WORN[worn]
    if emoji not in vocabulary.names:
        return None
    in_words = read_thing(vocabulary, part[1:])
    outfit = Reading(vocabulary.caption_of(emoji), colour=in_words.colour if in_words else "")
    head = as_head(vocabulary, first)
    if place == "throat" and not is_only_a_head(vocabulary, head):
        place = "chest"
    return with_layout(head, f"worn at the {place}", outfit)


def _with_other_thing(
    vocabulary: Vocabulary, first: Reading, part: Sequence[str], follows_verb: bool
) -> Reading | None:
    """The reading of a thing and another one: с пиццей; of ест пиццу, after the verb: пиццу."""
    layout, named = _layout_and_thing(part)
    if not layout and (not follows_verb or is_likely("PREP", part[0])):
        return None
    other = read_thing(vocabulary, named)
    if not other or (other.unknown and first.unknown) or _is_part_of_thing(part[-1]):
        return None
    if other.unknown:
        first = replace(first, unknown=other.unknown, instead=other.instead)
    if other.layout and not first.layout and layout in ("beside", "with"):
        return with_layout(other, "beside", replace(first, variants=(), colours=()))
    other = replace(other, variants=(), colours=(), unknown="", instead="", layout="", others=())
    emoji = vocabulary.emoji_by_caption.get(other.prompt, "")
    if part[0] == "в" and emoji in CLOTHES:
        return with_layout(as_head(vocabulary, first), "clothed", other)
    layout = layout or "with"
    if follows_verb and layout == "in" and not is_locative(part[-1]):  # играет в футбол
        layout = "with"
    if layout in ("on", "in") and emoji in SEATS:
        layout = "on a seat"
    if layout == "on" and emoji in RIDDEN_BOARDS and BOARD in vocabulary.names:
        other = replace(other, prompt=vocabulary.caption_of(BOARD))
    if layout == "with" and layout in first.layout.split(THEN):
        layout = "with another"
    return with_layout(first, layout, other)


def _layout_and_thing(part: Sequence[str]) -> tuple[str, Sequence[str]]:
    """The layout that the first words of a part ask for, "" for none, and the words after them."""
    if part[:2] == ["на", "фоне"]:
        return "on a seat", part[2:]
    layout = LINKS.get(part[0], "")
    named = part[1:] if layout else part
    return layout, named[1:] if layout == "beside" and named[:1] == ["с"] else named  # рядом с


def _without_adjectives(part: Sequence[str]) -> str:
    """A part of a scene without the adjectives before its noun: в красной шляпе → в шляпе.

    Adjectives that belong to its name stay: в темных очках.
    """
    named, noun = " ".join(part), part[-1]
    is_plain = all(is_qualifier(word) or agrees(word, noun) for word in part[1:-1])
    if named in WORN or named in OUTFITS or not is_plain:
        return named
    return f"{part[0]} {part[-1]}"


def _is_part_of_thing(word: str) -> bool:
    """Whether a word names a part of a thing: лапкой."""
    return not _PARTS_OF_THINGS.isdisjoint((*forms(word), *bases(word)))
