"""The meaningful words of a Russian text, in their dictionary forms."""

import re
from dataclasses import dataclass
from itertools import takewhile
from typing import Any

from emojich_core.reading.spelling import mended
from emojich_core.reading.words import morph, plain

_WORD = re.compile(r"[^\W\d_]+(?:-[^\W\d_]+)*")
# Weights of parts of speech (https://pymorphy2.readthedocs.io/en/stable/user/grammemes.html) for
# the content of a picture; other parts of speech, such as prepositions, have none.
_WEIGHTS = {
    "NOUN": 1.0,
    "ADJF": 0.5, "ADJS": 0.5, "PRTF": 0.5, "PRTS": 0.5,
    "VERB": 0.5, "INFN": 0.5, "GRND": 0.5,
    "NUMR": 0.2,
}  # fmt: skip


@dataclass(frozen=True)
class Word:
    """A word of a text."""

    text: str  # as in the text, in lower case and without ё
    lemmas: tuple[str, ...]  # the dictionary forms that it can have, the likeliest first
    weight: float  # how much the word says about the picture


def words(text: str) -> list[Word]:
    """The meaningful words of a text, each once; without ё, as in CLDR."""
    return list(dict.fromkeys(filter(None, map(meaningful, split(text)))))


def split(text: str) -> list[str]:
    """All words of a text in order, in lower case and without ё."""
    return _WORD.findall(plain(text))


def searchable(text: str) -> list[str]:
    """The words by which a text is found: the meaningful ones, in all their dictionary forms.

    Misspelled words are corrected.
    """
    found = (form for word in words(mended(text)) for form in (word.text, *word.lemmas))
    return list(dict.fromkeys(found))


def lemmas(text: str) -> set[str]:
    """All dictionary forms that the words of a text can have, the parts of hyphenated ones too."""
    found = {word for match in _WORD.findall(plain(text)) for word in (match, *match.split("-"))}
    parses: list[Any] = [parse for word in found for parse in morph().parse(word)]
    return found | {plain(parse.normal_form) for parse in parses}


def forms(word: str) -> frozenset[str]:
    """A word, and all dictionary forms that it can have."""
    parses: list[Any] = morph().parse(plain(word))
    return frozenset({plain(word), *(plain(parse.normal_form) for parse in parses)})


def lemma(word: str) -> str:
    """The likeliest dictionary form of a word."""
    return plain(morph().parse(plain(word))[0].normal_form)


def accusative(phrase: str) -> str:
    """A noun in the accusative, with its adjectives and a capital: Капибару, Морскую свинку.

    Other phrases are quoted: «кот спит на диване», «три вишни», «очень жарко тут».
    """
    texts = phrase.split()
    before = list(takewhile(_is_adjective, texts[:-1]))
    parses: list[Any] = morph().parse(texts[len(before)])
    nominative = [parse for parse in parses if "nomn" in parse.tag]
    # An adjective may stand for a noun: кондитерская.
    head = next((p for p in nominative if p.tag.POS == "NOUN"), next(iter(nominative), None))
    is_noun = head and head.tag.POS in {"NOUN", "ADJF"}
    if len(texts) > 1 and (not is_noun or any(map(_is_verb, texts))):
        return f"«{phrase}»"
    if head and is_noun:
        tag = head.tag
        fit = {"accs", tag.number}
        if tag.number == "sing":
            fit.add(tag.gender)
        if tag.number == "plur" or tag.gender == "masc":
            fit.add(tag.animacy)
        for place, adjective in enumerate(before):
            texts[place] = _inflected(morph().parse(adjective)[0], fit - {None})
        texts[len(before)] = _inflected(head, {"accs", tag.number})
    return " ".join(texts).capitalize()


def _inflected(parse: Any, grammemes: set[str]) -> str:
    found = parse.inflect(grammemes)
    return str(found.word if found else parse.word)


def _is_verb(word: str) -> bool:
    return morph().parse(word)[0].tag.POS == "VERB"


def _is_adjective(word: str) -> bool:
    return morph().parse(word)[0].tag.POS in {"ADJF", "PRTF"}


def meaningful(text: str) -> Word | None:
    """A word of a text; None if its part of speech has no weight."""
    parses: list[Any] = morph().parse(text)
    weight = _WEIGHTS.get(parses[0].tag.POS)
    if weight is None:
        return None
    lemmas = (plain(parse.normal_form) for parse in parses)
    return Word(text, tuple(dict.fromkeys(lemmas)), weight)
