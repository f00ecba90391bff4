"""Finds the emoji that a word or phrase of the lexicon means, in whatever form it stands.

арбузы → 🍉, роботик → 🤖, мышь летучая → 🦇, ревнуешь → 😒.
"""

from collections.abc import Iterator
from functools import cache
from typing import NamedTuple

from emojich_core.reading.diminutives import bases
from emojich_core.reading.lexicon import emoji_by_phrase, other_things, person
from emojich_core.reading.vocabulary import Vocabulary
from emojich_core.reading.words import (
    forms,
    is_likely,
    is_link,
    lemma,
    lexeme,
    meant_forms,
    plain,
    plurals,
)
from emojich_core.reading.written_emoji import bare

_PREFIX = 2  # letters of a word that all of its forms begin with


class Entry(NamedTuple):
    """A word or phrase of the lexicon, and its emoji."""

    phrase: str  # without ё
    emoji: str


def find(vocabulary: Vocabulary, phrase: str) -> Entry | None:
    """The entry that a word or phrase stands for, if the weights draw its emoji."""
    return next((e for e in _entries(vocabulary, phrase) if e.emoji in vocabulary.names), None)


def find_undrawn(vocabulary: Vocabulary, phrase: str) -> Entry | None:
    """The entry that a word or phrase stands for, whether or not the weights draw its emoji."""
    return next(_entries(vocabulary, phrase), None)


def _entries(vocabulary: Vocabulary, phrase: str) -> Iterator[Entry]:
    """The entries that a phrase may stand for, the surest first.

    An entry of a woman or man is followed by that of a person of either sex.
    """
    for said in _possible_phrases(vocabulary, plain(phrase)):
        if emoji := bare(emoji_by_phrase().get(said, "")):
            yield Entry(said, emoji)
            yield Entry(said, person(emoji))


def _possible_phrases(vocabulary: Vocabulary, phrase: str) -> Iterator[str]:
    """What a phrase may stand in the lexicon as, the surest first."""
    yield phrase
    if " " in phrase:
        yield _in_form_of_lexicon(phrase)
        first, *others = phrase.split()
        if len(others) == 1 and not is_link(first) and not is_link(others[0]):
            yield _in_form_of_lexicon(f"{others[0]} {first}")  # мышь летучая
            for base in bases(others[0]):  # гаечный ключик
                yield _in_form_of_lexicon(f"{first} {base}")
        return
    yield from plurals(phrase)  # the lexicon has тапки, and no тапка; a конёк is no коньки
    yield from meant_forms(phrase)
    # A diminutive of the lexicon is no form of another word, also if the weights lack its emoji:
    # галочка.
    if not vocabulary.knows(phrase) and emoji_by_phrase().keys().isdisjoint(meant_forms(phrase)):
        yield from bases(phrase)
        for part in phrase.split("-")[:-1]:
            yield from forms(part)
            yield from bases(part)
    if _is_verb(phrase):
        yield from _verbs_like(phrase)


def is_said(phrase: str) -> bool:
    """Whether the lexicon has a phrase in this form."""
    return plain(phrase) in emoji_by_phrase()


def names_another_thing(phrase: str) -> bool:
    """Whether an entry's phrase names another thing than its emoji shows: капибара, a beaver."""
    return phrase in _other_things()


def _in_form_of_lexicon(phrase: str) -> str:
    """The phrase of the lexicon that has these words in other forms; else the phrase itself."""
    alike = _phrases_by_prefixes().get(_prefixes(phrase), ())
    return next((said for said in alike if _lemmas(said) == _lemmas(phrase)), phrase)


def _verbs_like(verb: str) -> list[str]:
    """The forms of a verb that the lexicon has, in its order: ревную for ревновать."""
    said = {plain(form) for form in lexeme(verb)}.intersection(emoji_by_phrase())
    alike = (each for each in said if _is_verb(each) and lemma(each) == lemma(verb))
    return sorted(alike, key=_places().__getitem__)


@cache
def _places() -> dict[str, int]:
    """The places of phrases in the lexicon."""
    return {said: place for place, said in enumerate(emoji_by_phrase())}


def _is_verb(word: str) -> bool:
    return is_likely("VERB", word) or is_likely("INFN", word)


@cache
def _phrases_by_prefixes() -> dict[tuple[str, ...], list[str]]:
    found: dict[tuple[str, ...], list[str]] = {}
    for said in emoji_by_phrase():
        found.setdefault(_prefixes(said), []).append(said)
    return found


def _prefixes(phrase: str) -> tuple[str, ...]:
    return tuple(word[:_PREFIX] for word in phrase.split())


@cache
def _lemmas(phrase: str) -> tuple[str, ...]:
    return tuple(lemma(word) for word in phrase.split())


@cache
def _other_things() -> frozenset[str]:
    return frozenset(map(plain, other_things()))
