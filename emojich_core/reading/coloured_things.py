"""Things in a colour, синие ракеты: the thing is drawn, and its finished picture is coloured."""

from dataclasses import replace

from emojich_core.colours import GIVEN
from emojich_core.reading.colour_names import SHADES
from emojich_core.reading.learned_scenes import read_head_in_outfit
from emojich_core.reading.vocabulary import Vocabulary
from emojich_core.reading.whole_phrases import read_known_noun, read_whole
from emojich_core.reading.words import forms, lemma
from emojich_core.request import Reading


def read_coloured_thing(vocabulary: Vocabulary, texts: list[str]) -> Reading | None:
    """The reading of one thing in one colour, whose variants are of the same colour."""
    for place, text in enumerate(texts):
        found = [basic for form in forms(text) if (basic := SHADES.get(form, form)) in GIVEN]
        if not found:
            continue
        rest = texts[:place] + texts[place + 1 :]
        reading = read_whole(vocabulary, rest) or read_known_noun(vocabulary, rest)
        if not reading and not place:
            reading = read_head_in_outfit(vocabulary, rest)
        if not reading:
            continue
        named = read_whole(vocabulary, texts)  # зеленый чай, белый медведь
        has_colour_in_name = named and found[0] in map(lemma, named.prompt.split())
        if not named or (named.colours and not has_colour_in_name):
            variants = tuple(each for each in reading.variants if not _names_a_colour(each))
            return replace(reading, variants=variants, colour=found[0], colours=())
        return replace(named, colours=())
    return None


def _names_a_colour(caption: str) -> bool:
    return not GIVEN.keys().isdisjoint(map(lemma, caption.split()))
