"""Clothes and places in the words that scenes were learned with: в цилиндре → в шляпе.

A row of `scene_words.tsv` is what scenes say, a tab, and what else users say, separated by "; ".
"""

from functools import cache
from pathlib import Path

from emojich_core.reading.words import lemma

FILE = Path(__file__).with_name("scene_words.tsv")
_LONGEST = 4  # words: на северном полюсе


def in_scene_words(prompt: str) -> str:
    """The prompt with what a thing wears, and where it is, in the words of scenes."""
    words, place = prompt.split(), 1
    while place < len(words):
        for end in range(min(len(words), place + _LONGEST), place + 1, -1):
            if said := _table().get(_key(words[place:end])):
                words[place:end] = said.split()
                break
        place += 1
    return " ".join(words)


@cache
def _table() -> dict[str, str]:
    """What scenes say, by what else users say, in dictionary forms."""
    rows = [line.split("\t") for line in FILE.read_text("utf-8").splitlines()[1:]]
    return {_key(other.split()): said for said, others in rows for other in others.split("; ")}


def _key(words: list[str]) -> str:
    return " ".join(map(lemma, words))
