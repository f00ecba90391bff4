"""Prompts without a Russian letter: English words, the wrong keyboard layout, transliteration.

A text becomes Russian only where all of its words do: cat in space, rjn, kotik v kosmose.
"""

import re
from collections.abc import Iterator
from functools import cache, lru_cache
from itertools import islice
from pathlib import Path

from emojich_core.reading.tables import rows
from emojich_core.reading.words import agreeing, in_case, is_adjective, is_in_dictionary

ENGLISH = Path(__file__).with_name("english.tsv")
_ENGLISH_WORD = re.compile(r"[a-z]+(?:-[a-z]+)*")
_ARTICLES = {"a", "an", "the", "my"}
# English words between things, their Russian ones, and the case after these; "" keeps the case.
_LINKS = {
    "in": ("в", "loct"), "on": ("на", "loct"), "with": ("с", "ablt"), "under": ("под", "ablt"),
    "and": ("и", ""), "eats": ("ест", "accs"), "eating": ("ест", "accs"), "sleeps": ("спит", ""),
    "holds": ("держит", "accs"), "holding": ("держит", "accs"),
}  # fmt: skip
_LONGEST = 3  # words of an English phrase
_KEYS = str.maketrans("`qwertyuiop[]asdfghjkl;'zxcvbnm,.", "ёйцукенгшщзхъфывапролджэячсмитьбю")
# What Latin letters stand for, the likeliest first.
_LETTERS = {
    "shch": ["щ"], "sch": ["щ", "ш"], "sh": ["ш"], "ch": ["ч"], "zh": ["ж"], "kh": ["х"],
    "ts": ["ц", "тс"], "zz": ["цц", "зз"], "yu": ["ю"], "ju": ["ю"], "iu": ["ю"], "ya": ["я"],
    "ja": ["я"], "ia": ["я", "иа"], "yo": ["ё"], "jo": ["ё"], "ye": ["е", "ые"], "je": ["е"],
    "a": ["а"], "b": ["б"], "c": ["ц", "к", "с"], "d": ["д"], "e": ["е", "э"], "f": ["ф"],
    "g": ["г"], "h": ["х"], "i": ["и", "й"], "j": ["й", "ж"], "k": ["к"], "l": ["л"], "m": ["м"],
    "n": ["н"], "o": ["о"], "p": ["п"], "q": ["к"], "r": ["р"], "s": ["с"], "t": ["т"],
    "u": ["у"], "v": ["в"], "w": ["в", "ш"], "x": ["х", "кс"], "y": ["й", "ы", "и"], "z": ["з"],
    "'": ["ь"],
}  # fmt: skip
_LATIN = re.compile("|".join(_LETTERS))
_MOST_SPELLINGS = 64  # of one word
_TELLING = 3  # letters: a shorter word may be in the dictionary by accident


@lru_cache(1000)
def in_russian(text: str) -> str | None:
    """The Russian text that a user meant by one in Latin letters; None unless that is sure."""
    said = text.lower().strip()
    if not re.search("[a-z]", said):
        return None
    return _from_english(said) or _from_other_layout(said) or _from_transliteration(said)


def _from_english(text: str) -> str | None:
    words = [word for word in _ENGLISH_WORD.findall(text) if word not in _ARTICLES]
    russian: list[str] = []
    adjectives: list[str] = []
    case = "nomn"
    while words:
        if link := _LINKS.get(words[0]):
            russian.append(link[0])
            case = link[1] or case
            words = words[1:]
            continue
        length = next((n for n in range(_LONGEST, 0, -1) if _translated(words[:n])), 0)
        if not length:
            return None
        name = _translated(words[:length])
        words = words[length:]
        if words and is_adjective(name):
            adjectives.append(name)
        else:
            russian.append(in_case(" ".join([*agreeing(adjectives, name), name]), case))
            adjectives = []
    return " ".join([*russian, *adjectives]) or None


def _translated(words: list[str]) -> str:
    """What an English phrase is in Russian; of a plural, the singular."""
    phrase = " ".join(words)
    table = _russian_by_english()
    return table.get(phrase) or table.get(phrase.removesuffix("s"), "")


def _from_other_layout(text: str) -> str | None:
    """A text that was typed with the keyboard switched to English: rjn d itkzgt."""
    for typed in (text, text.rstrip(".,;'")):
        words = typed.translate(_KEYS).strip("!? ").split()
        if _are_russian(words):
            return " ".join(words)
    return None


def _from_transliteration(text: str) -> str | None:
    words = re.findall("[a-z']+", text)
    meant = [next(filter(is_in_dictionary, _spellings(word)), "") for word in words]
    return " ".join(meant) if _are_russian(meant) else None


def _are_russian(words: list[str]) -> bool:
    return any(len(word) >= _TELLING for word in words) and all(map(is_in_dictionary, words))


def _spellings(word: str) -> Iterator[str]:
    """What a word may be in Russian letters, a soft sign at its end added: medved → медведь."""
    parts = [_LETTERS[letters] for letters in _LATIN.findall(word)]
    for spelling in islice(_combinations(parts), _MOST_SPELLINGS):
        yield spelling
        if len(spelling) >= _TELLING and spelling[-1] not in "аеёиоуыэюяйьъ":
            yield f"{spelling}ь"


def _combinations(parts: list[list[str]]) -> Iterator[str]:
    """All texts of one spelling of each part; the first parts vary fastest."""
    if not parts:
        yield ""
        return
    for rest in _combinations(parts[1:]):
        for letter in parts[0]:
            yield letter + rest


@cache
def _russian_by_english() -> dict[str, str]:
    return dict(rows(ENGLISH))
