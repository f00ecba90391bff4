"""Russian words by pymorphy3: dictionary forms, and what a diminutive is made of.

Dictionary forms are lower-case and without ё.
"""

from collections.abc import Iterator
from functools import cache
from typing import Any

import pymorphy3

# Parts of speech that show nothing by themselves, and occur in captions of all subjects.
_EMPTY = {"PREP", "CONJ", "PRCL", "NPRO", "NUMR"}
# Grammemes of names: Толстая is a surname, and толстая an adjective far more often.
_NAMES = {"Surn", "Name", "Patr", "Geox", "Orgn", "Abbr"}
ADJECTIVES = {"ADJF", "ADJS", "PRTF", "PRTS"}

# The end of a diminutive, and what may stand there in the word that it is made of: роботик → робот,
# зайчонок → заяц, кукурузка → кукуруза, виноградина → виноград.
_DIMINUTIVES = (
    *(("ушек", "о"), ("ышек", "о"), ("чик", ""), ("чик", "ц"), ("чик", "к"), ("ик", "")),
    *(("очек", "ок"), ("ечек", "ек"), ("ок", ""), ("ек", ""), ("жок", "г"), ("чок", "к")),
    *(("ушка", "а"), ("ушка", ""), ("юшка", "я"), ("юшка", "ь"), ("юшка", "ья"), ("ышка", "ь")),
    *(("ышко", "о"), ("ушко", "о"), ("юшко", "е"), ("ечко", "о"), ("ечко", "е"), ("ечко", "я")),
    *(("очка", "ка"), ("очка", "а"), ("ечка", "ка"), ("ечка", "а"), ("ечка", "я"), ("ичка", "ица")),
    *(("чка", "ка"), ("шка", "ха"), ("жка", "га"), ("нька", "я"), ("ька", "я"), ("ька", "ь")),
    *(("ка", "а"), ("ка", ""), ("ка", "я"), ("инка", "а"), ("инка", ""), ("инка", "о")),
    *(("онок", ""), ("енок", ""), ("енок", "ь"), ("енок", "а"), ("чонок", "к"), ("чонок", "ц")),
    *(("ина", ""), ("ина", "а"), ("ина", "ь"), ("ища", "а"), ("ище", ""), ("ище", "о")),
    *(("уля", "а"), ("уля", ""), ("юля", "я"), ("уся", "а"), ("уха", "а"), ("оид", "")),
)
_STEM = 3  # letters that a word keeps at least


def plain(text: str) -> str:
    """Lower-case, without ё."""
    return text.lower().replace("ё", "е")


@cache
def parses(word: str) -> tuple[Any, ...]:
    """All readings of a word, the likeliest first, and names last."""
    found = _morph().parse(word.lower())
    return tuple(sorted(found, key=lambda parse: bool(_NAMES & set(parse.tag.grammemes))))


@cache
def forms(word: str) -> tuple[str, ...]:
    """A word, and all dictionary forms that it can have, the likeliest first."""
    return tuple(dict.fromkeys((plain(word), *(plain(p.normal_form) for p in parses(word)))))


def lemma(word: str) -> str:
    """The likeliest dictionary form of a word."""
    return plain(parses(word)[0].normal_form)


def bases(word: str) -> Iterator[str]:
    """Nouns that a noun may be a diminutive of: most of what this yields is no word at all."""
    for form in forms(word):
        for end, other in _DIMINUTIVES:
            stem = form.removesuffix(end)
            if stem != form and len(stem) >= _STEM:
                yield stem + other


def is_noun(word: str) -> bool:
    """Whether a word most likely is a noun."""
    return parses(word)[0].tag.POS == "NOUN"


def is_adjective(word: str) -> bool:
    """Whether a word most likely is an adjective or a participle."""
    return parses(word)[0].tag.POS in ADJECTIVES


def is_qualifier(word: str) -> bool:
    """Whether a word most likely is an adjective, a participle or an adverb."""
    return parses(word)[0].tag.POS in ADJECTIVES | {"ADVB"}


def says_something(word: str) -> bool:
    """Whether a word shows something by itself: в and он do not."""
    return parses(word)[0].tag.POS not in _EMPTY


def agreeing(adjectives: list[str], name: str) -> list[str]:
    """Adjectives in the nominative, with the gender and the number of a name's noun."""
    noun = next((p for p in parses(name) if p.tag.POS == "NOUN" and "nomn" in p.tag), None)
    if noun is None:
        return adjectives
    number = noun.tag.number
    wanted = {"nomn", number} | ({noun.tag.gender} if number == "sing" else set())
    inflected = [parses(adjective)[0].inflect(wanted) for adjective in adjectives]
    return [i.word if i else a for i, a in zip(inflected, adjectives, strict=True)]


@cache
def _morph() -> pymorphy3.MorphAnalyzer:
    return pymorphy3.MorphAnalyzer(lang="ru")
