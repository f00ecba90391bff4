"""Things in a colour, синие ракеты: the thing is drawn, and its finished picture is coloured."""

from dataclasses import replace

from emojich_core.colours import GIVEN
from emojich_core.reading.colour_names import (
    basic_colour,
    natural_colours,
    with_plain_colours,
)
from emojich_core.reading.learned_scenes import read_head_in_outfit
from emojich_core.reading.substitutes import read_substituted
from emojich_core.reading.vocabulary import Vocabulary
from emojich_core.reading.whole_phrases import read_known_noun, read_whole
from emojich_core.reading.words import lemma
from emojich_core.request import Reading

HEART = "сердце"


def read_coloured_thing(vocabulary: Vocabulary, texts: list[str]) -> Reading | None:
    """The reading of one thing in one colour, whose variants are of the same colour."""
    texts = with_plain_colours(texts)
    for place, text in enumerate(texts):
        colour = basic_colour(text)
        if not colour:
            continue
        rest = texts[:place] + texts[place + 1 :]
        reading = read_whole(vocabulary, rest) or read_known_noun(vocabulary, rest)
        if not reading and len(rest) == 1:
            reading = read_substituted(vocabulary, rest[0], rest)
        if not reading and not place:
            reading = read_head_in_outfit(vocabulary, rest)
        if not reading:
            continue
        named = read_whole(vocabulary, texts)  # зеленый чай, белый медведь
        if not named:
            return _in_colour(vocabulary, reading, colour)
        if colour in map(lemma, named.prompt.split()):
            # A thing that is white by name needs no white.
            return replace(named, colour="" if colour == "белый" else colour, colours=())
        return _in_colour(vocabulary, reading, colour) if named.colours else named
    return None


def read_colour_alone(vocabulary: Vocabulary, texts: list[str]) -> Reading | None:
    """The reading of a prompt that only names a colour: a heart in it."""
    colour = basic_colour(texts[0]) if len(texts) == 1 else ""
    return read_coloured_thing(vocabulary, [colour, HEART]) if colour else None


def _in_colour(vocabulary: Vocabulary, reading: Reading, colour: str) -> Reading:
    """A reading in a colour, without variants that are called by another or cannot take it."""
    emoji = vocabulary.emoji_by_caption
    variants = (
        each
        for each in reading.variants
        if each not in emoji or (emoji[each] in natural_colours() and not _names_a_colour(each))
    )
    return replace(reading, variants=tuple(variants), colour=colour, colours=())


def _names_a_colour(caption: str) -> bool:
    return not GIVEN.keys().isdisjoint(map(lemma, caption.split()))
