"""Puts a Russian noun phrase into the nominative: «рыжего кота в шляпе» → «рыжий кот в шляпе».

Most captions that the model has learned are in the nominative.  If the grammar is ambiguous, the
words stay unchanged, because the model has learned other cases, too.
"""

import re
from functools import lru_cache
from typing import Any

from bot.russian.words import morph

_JOINT = re.compile(r"(\s*,\s*|\s+и\s+)")
_NOUNS = frozenset({"NOUN"})
_ADJECTIVES = frozenset({"ADJF", "PRTF"})
_NUMERALS = frozenset({"NUMR"})
_MOST_ADJECTIVES = 4  # before a noun; each one is compared with each meaning of the noun

Parse = Any  # of pymorphy3, which has no types


def in_nominative(text: str, case: str) -> str:
    """The text with the noun phrases at its beginning in the nominative, if they are in `case`.

    `case` is `accs`, `gent` or `ablt`.  A noun phrase is a noun with the adjectives before it;
    commas and «и» join several.
    """
    parts = _JOINT.split(text)  # clauses at the even places
    is_list = True
    for place in range(0, len(parts), 2):
        words = parts[place].split()
        changed = _changed(words, case) if is_list else []
        if not changed and (place == 0 or _is_in(case, words)):
            return text
        is_list = len(changed) == len(words)
        parts[place] = " ".join(changed + words[len(changed) :])
    return "".join(parts)


def names_a_thing(text: str) -> bool:
    """Whether a text begins like a noun phrase, and not with a verb or a preposition."""
    speech = {parse.tag.POS for word in text.split()[:1] for parse in _parses(word)}
    return not speech.isdisjoint(_NOUNS | _ADJECTIVES | _NUMERALS) and "INFN" not in speech


def begins_with_preposition(text: str) -> bool:
    """Whether a text begins with a preposition: «на холодильник»."""
    return any(_parses(word)[0].tag.POS == "PREP" for word in text.split()[:1])


def _changed(words: list[str], case: str) -> list[str]:
    """The noun at the beginning, with its adjectives, in the nominative; empty where in doubt."""
    adjectives = 0
    while adjectives < len(words) and _in(case, words[adjectives], _ADJECTIVES):
        adjectives += 1
        if adjectives > _MOST_ADJECTIVES:
            return []
    for head in range(min(adjectives, len(words) - 1), -1, -1):  # «рыжего» can be a noun, too
        for noun in _in(case, words[head], _NOUNS):
            described = [_agreeing(word, noun, case) for word in words[:head]]
            if None in described:
                continue
            if _is_in(case, words[head + 1 :], noun.tag.number):
                return []  # grammar cannot tell «деда мороза» (one thing) from «дочку врача» (two)
            if head == 0 and _is_in("nomn", words):
                return words[:1]
            nominative = [parse.inflect({"nomn"}).word for parse in [*described, noun]]
            return [_written_as(old, new) for old, new in zip(words, nominative, strict=False)]
    return []


def _agreeing(word: str, noun: Parse, case: str) -> Parse | None:
    """The parse of an adjective that agrees with a noun; None if no parse does."""
    for parse in _in(case, word, _ADJECTIVES):
        pairs = ("number", "gender", "animacy")
        asked = [(getattr(parse.tag, name), getattr(noun.tag, name)) for name in pairs]
        if all(own is None or own == wanted for own, wanted in asked):
            return parse
    return None


def _is_in(case: str, words: list[str], number: str | None = None) -> bool:
    """Whether the first of the words can be in a case, and cannot be in the nominative as well."""
    found = [parse.tag for word in words[:1] for parse in _in(case, word)]
    if case != "nomn" and _is_in("nomn", words):
        return False
    return any(number in (None, tag.number) for tag in found)


def _in(case: str, word: str, speech: frozenset[str] = _NOUNS | _ADJECTIVES) -> list[Parse]:
    """The parses of a word in a case; none for words outside the dictionary, which are guesses."""
    if not morph().word_is_known(word.lower()):
        return []
    return [p for p in _parses(word) if p.tag.case == case and p.tag.POS in speech]


@lru_cache(1000)  # each word of a text is looked at several times
def _parses(word: str) -> list[Parse]:
    found: list[Parse] = morph().parse(word.lower())
    return found


def _written_as(old: str, new: str) -> str:
    """A word with the capitals of another."""
    if old.isupper() and len(old) > 1:
        return new.upper()
    return new.capitalize() if old[0].isupper() else new
