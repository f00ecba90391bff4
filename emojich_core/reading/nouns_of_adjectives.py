"""The things that adjectives are made of: банановый → банан, кошачья морда → кошка."""

from collections.abc import Iterator
from dataclasses import replace

from emojich_core.reading.things import read_thing
from emojich_core.reading.vocabulary import Vocabulary
from emojich_core.reading.word_ends import stems
from emojich_core.reading.words import can_be, forms, is_adjective, lemma, plain
from emojich_core.request import Reading

# The end of an adjective, and the end that its noun may have instead.
_NOUNS = (
    *(("ечный", "це"), ("чный", "ка"), ("чный", "ко"), ("чный", "ца"), ("чный", "к")),
    *(("жный", "г"), ("жный", "га"), ("шный", "ха"), ("шный", "х")),
    *(("ный", ""), ("ный", "а"), ("ный", "я"), ("ный", "ь"), ("ный", "о"), ("ный", "е")),
    *(("ной", ""), ("ной", "а"), ("ний", "ь"), ("ний", "а"), ("ний", "о"), ("ний", "")),
    *(("овый", ""), ("овый", "а"), ("овый", "о"), ("евый", ""), ("евый", "я"), ("евый", "ь")),
    *(("ский", ""), ("ский", "ь"), ("ской", ""), ("ской", "е"), ("енский", "о")),
    *(("ачий", "ка"), ("ячий", "яц"), ("чий", "ка"), ("чий", "ца"), ("чий", "к")),
    *(("овий", ""), ("жий", "дь"), ("иный", "ь"), ("иный", "а")),
    *(("ий", "а"), ("ий", ""), ("ий", "ь")),
    *(("янный", "о"), ("яной", ""), ("ливый", "ь"), ("истый", "")),
)
_STEM = 3  # letters before the end, at least


def read_noun_of_adjective(vocabulary: Vocabulary, texts: list[str]) -> Reading | None:
    """The reading of the noun of the first adjective among `texts` whose noun can be drawn.

    The bot tells the user that it draws the noun instead, unless the adjective is the whole prompt.
    """
    for text in filter(is_adjective, texts):
        for noun in _nouns_of(text):
            reading = read_thing(vocabulary, [noun])
            if reading and not reading.unknown:
                if len(texts) == 1:
                    return reading
                return replace(reading, unknown=" ".join(map(plain, texts)), instead=noun)
    return None


def _nouns_of(adjective: str) -> Iterator[str]:
    """The nouns of the dictionary that an adjective may be made of, in the nominative."""
    for form in forms(adjective):
        for stem, _, other in stems(form, _NOUNS, _STEM):
            noun = stem + other
            if can_be("NOUN", noun) and lemma(noun) == noun:
                yield noun
