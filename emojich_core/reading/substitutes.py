"""Substitutes: what is drawn for a noun that the weights have not learned.

The noun becomes the name of its emoji, else the nearest word of `neighbours.tsv`.  The bot tells
the user which word the model draws instead where that is another thing: a морская свинка is no
свинка.
"""

from dataclasses import replace
from functools import cache
from pathlib import Path

from emojich_core.reading.lookup import find, names_another_thing
from emojich_core.reading.tables import rows
from emojich_core.reading.text import replace_word, words_in
from emojich_core.reading.vocabulary import Vocabulary
from emojich_core.reading.whole_phrases import read_whole
from emojich_core.reading.words import forms, is_noun, plain
from emojich_core.request import Reading

NEIGHBOURS = Path(__file__).with_name("neighbours.tsv")


def read_substituted(vocabulary: Vocabulary, prompt: str, texts: list[str]) -> Reading | None:
    """The reading with the first unknown word of `texts` replaced, if any has a substitute."""
    unknown = [text for text in texts if not vocabulary.knows(text)]
    for text in unknown:
        if found := find(vocabulary, text):
            name = vocabulary.scene_name(found.emoji)
            told = found.phrase if names_another_thing(found.phrase) else ""
            return _read_replaced(vocabulary, replace_word(prompt, text, name), told, name)
    for text in filter(is_noun, unknown):
        for form in forms(text):
            if name := _name_of_neighbour(vocabulary, form):
                return _read_replaced(vocabulary, replace_word(prompt, text, name), form, name)
    return None


def _name_of_neighbour(vocabulary: Vocabulary, word: str) -> str:
    """What the nearest word is drawn as; an empty string if there is none, or it is unknown."""
    near = _neighbours().get(word, "")
    if not near or vocabulary.knows(near):
        return near
    found = find(vocabulary, near)
    return vocabulary.names[found.emoji] if found else ""


def _read_replaced(vocabulary: Vocabulary, prompt: str, unknown: str, instead: str) -> Reading:
    """The reading of a prompt in which a word was replaced; the bot tells the user of `unknown`."""
    reading = read_whole(vocabulary, words_in(prompt)) or Reading(prompt)
    return replace(reading, unknown=unknown, instead=instead) if unknown else reading


@cache
def _neighbours() -> dict[str, str]:
    return {plain(word): near for word, near in rows(NEIGHBOURS)}
