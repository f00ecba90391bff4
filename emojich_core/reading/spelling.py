"""Mends what a user typed: signs around words, repeated letters, words with one letter wrong.

A word is misspelled if neither the dictionary nor the lexicon has it; its spelling is mended where
only one word of the lexicon is that near.
"""

import re
from collections.abc import Callable, Iterator
from functools import cache, lru_cache

from emojich_core.reading.lexicon import emoji_by_phrase
from emojich_core.reading.text import WORD
from emojich_core.reading.words import forms, is_adjective, is_in_dictionary, parses, plain

_PREPOSITIONS = {"в", "во", "на", "с", "со", "под", "из", "у", "за", "и"}
# The end of a sentence within a text becomes a comma, unless a preposition or «и» follows it.
_SENTENCE_END = re.compile(
    rf"(?<=\w)\s?[!?.;:…]+\s+(?=[^\W\d_])(?!(?:{'|'.join(sorted(_PREPOSITIONS))})\b)", re.IGNORECASE
)
_SIGNS = re.compile(r"[^\w\s,+-]|_")
_LOOSE_SIGNS = re.compile(r"(?:^|(?<=\s))[,-]+|[,-]+$")
_REPEATED_LETTER = re.compile(r"(\w)\1{2,}")
_LETTERS = "абвгдежзийклмнопрстуфхцчшщъыьэюя"
_SHORTEST = 5  # letters of a misspelled word: shorter ones are too near to each other
_LONGEST = 25
# Spellings that sound alike: карова, дильфин, пицтса.
_SOUNDS = (("тьс", "ц"), ("тс", "ц"), ("дс", "ц"), ("о", "а"), ("е", "и"), ("э", "и"), ("ы", "и"))
_VOICED = re.compile("[бвгджз](?=[пфктсшщцчх]|$)")
_VOICELESS = str.maketrans("бвгджз", "пфктшс")


def mended(text: str, respell: Callable[[str], str] | None = None) -> str:
    """A text without signs around its words, each word as `respell` returns it.

    Without `respell`, `respelled` mends the words.
    """
    text = _SIGNS.sub(" ", _SENTENCE_END.sub(", ", text.replace("_", " "))).replace("+", " и ")
    text = _LOOSE_SIGNS.sub("", " ".join(text.split()))

    def spell(match: re.Match[str]) -> str:
        parts = match[0].split("-")
        if not _PREPOSITIONS.isdisjoint(parts[1:-1]) and not _is_word(plain(match[0])):
            return mended(" ".join(parts), respell)  # кот-в-шляпе
        if len(parts) == 2 and plain(parts[0]) == plain(parts[1]) and is_adjective(parts[0]):
            return (respell or respelled)(parts[0])  # злой-злой
        return (respell or respelled)(match[0])

    return WORD.sub(spell, text).strip()


@lru_cache(10_000)
def respelled(word: str) -> str:
    """The word or phrase that a user meant by a misspelled word; the word itself where unsure."""
    said = plain(word)
    if _is_word(said) or len(said) > _LONGEST:
        return word
    for times in (1, 2):
        shorter = _REPEATED_LETTER.sub(lambda found, times=times: found[1] * times, said)  # type: ignore[misc]
        if shorter != said and _is_word(shorter):
            return shorter
    if phrase := _phrases_without_spaces().get(said):
        return phrase
    said = _REPEATED_LETTER.sub(r"\1", said)
    return word if "-" in said else _one_letter_off(said) or word


def sound_alike(word: str, other: str) -> bool:
    """Whether two words are spellings of the same sounds: карова, корова."""
    return _sound(plain(word)) == _sound(plain(other))


def _is_word(word: str) -> bool:
    return is_in_dictionary(word) or word in _words_of_lexicon()


def _one_letter_off(word: str) -> str:
    """The only word that is one letter away, preferably one that sounds alike; else ""."""
    alike = sorted(_words_by_sound().get(_sound(word), ()))
    if len(word) < _SHORTEST:
        return alike[0] if len(alike) == 1 and len(word) == _SHORTEST - 1 else ""
    near = [near for near in _one_edit_away(word) if near in emoji_by_phrase()]
    if not alike and not near:  # сабаку
        near = [n for n in _one_edit_away(word) if is_in_dictionary(n) and _is_form_of_a_word(n)]
    sounding = [n for n in near if _sound(n) == _sound(word)]
    # The first letter is seldom wrong: яишенка is no вишенка.
    found = sounding or [n for n in near if n[0] == word[0]] or alike
    # Words of one emoji show the same: превед, привет.
    return min(found) if len({emoji_by_phrase().get(n, n) for n in found}) == 1 else ""


def _is_form_of_a_word(word: str) -> bool:
    """Whether a word most likely is a form of a noun of the lexicon."""
    likeliest = parses(word)[0]
    other_forms = forms(word)[1:2]
    return likeliest.tag.POS == "NOUN" and any(form in emoji_by_phrase() for form in other_forms)


def _one_edit_away(word: str) -> Iterator[str]:
    """All spellings that differ by one letter, or by two neighbours in the other order."""
    for place in range(len(word) + 1):
        before, after = word[:place], word[place:]
        yield from (before + letter + after for letter in _LETTERS)
        if after:
            yield before + after[1:]
            yield from (before + letter + after[1:] for letter in _LETTERS if letter != after[0])
        if len(after) > 1 and after[0] != after[1]:
            yield before + after[1] + after[0] + after[2:]


@lru_cache(20_000)
def _sound(word: str) -> str:
    """The spelling that stands for all words that sound like this one."""
    for spelling, sound in _SOUNDS:
        word = word.replace(spelling, sound)
    word = word.replace("ь", "").replace("ъ", "")
    word = _VOICED.sub(lambda voiced: voiced[0].translate(_VOICELESS), word)
    return re.sub(r"(.)\1", r"\1", word)


@cache
def _words_of_lexicon() -> frozenset[str]:
    """All words of the lexicon, those of its phrases among them: колада."""
    return frozenset(word for said in emoji_by_phrase() for word in (said, *said.split()))


@cache
def _phrases_without_spaces() -> dict[str, str]:
    """The phrases of the lexicon, by their letters alone: доброеутро."""
    return {said.replace(" ", ""): said for said in emoji_by_phrase() if " " in said}


@cache
def _words_by_sound() -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for word in emoji_by_phrase():
        if len(word) >= _SHORTEST:
            found.setdefault(_sound(word), set()).add(word)
    return found
