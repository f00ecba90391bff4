"""Clothes and places in the words that scenes were learned with: в цилиндре → в шляпе.

A row of `scene_words.tsv` is the scenes' words, a tab, and other words of users, separated by "; ".
"""

from functools import cache
from pathlib import Path

from emojich_core.reading.diminutives import bases
from emojich_core.reading.tables import rows
from emojich_core.reading.words import agrees, is_adjective, lemma

FILE = Path(__file__).with_name("scene_words.tsv")
_LONGEST = 4  # words: на северном полюсе


def in_scene_words(prompt: str) -> str:
    """The prompt with its clothes and places in the words of scenes, the longest phrase first.

    Adjectives that no row has stay before the noun: в красной шапочке → в красной шапке.
    """
    words, place = [word.strip(",.!?:;") for word in prompt.split()], 1
    while place < len(words):
        for end in range(min(len(words), place + _LONGEST), place, -1):
            if said := _said(words[place:end]):
                words[place:end] = said
                break
        place += 1
    return " ".join(words)


def _said(words: list[str]) -> list[str]:
    """The scenes' words for these; an empty list if no row of the table has them."""
    if said := _scene_words().get(_lemmas(words)):
        return said.split()
    preposition, *adjectives, noun = words if len(words) > 1 else ("", *words)
    if not preposition or not all(is_adjective(w) or agrees(w, noun) for w in adjectives):
        return []
    for form in (lemma(noun), *bases(noun)):
        if said := _scene_words().get(f"{preposition.lower()} {form}"):
            first, *rest = said.split()
            return [first, *adjectives, *rest]
    return []


@cache
def _scene_words() -> dict[str, str]:
    """The scenes' words, by the dictionary forms of other words, and of themselves."""
    found = {_lemmas(said.split()): said for said, _ in rows(FILE)}
    return found | {
        _lemmas(other.split()): said for said, others in rows(FILE) for other in others.split("; ")
    }


def _lemmas(words: list[str]) -> str:
    return " ".join(map(lemma, words))
