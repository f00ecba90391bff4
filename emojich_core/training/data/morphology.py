"""Russian morphology by pymorphy3: forms, agreement, numerals, and lemmas for comparisons.

Texts are lower-case and without ё, as in CLDR; `with_yo` restores it.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from emojich_core.reading.words import animacies, forms, parses, plain

WORD = re.compile(r"[\w-]+")
# Grammemes that names of common things do not have: of first names, places, abbreviations.
UNLIKELY = {"Name", "Surn", "Patr", "Geox", "Orgn", "Trad", "Abbr", "Init"}
NUMERALS = {3: "три", 4: "четыре", 5: "пять"}
COLLECTIVES = {2: "двое", 3: "трое", 4: "четверо"}


@cache
def lemmas(word: str) -> frozenset[str]:
    """Every dictionary form that a word can have, and the word itself."""
    return frozenset(forms(word))


@cache
def with_yo(text: str) -> str:
    """The text with ё in words of which every reading has it: зеленый еж → зелёный ёж."""

    def spell(match: re.Match[str]) -> str:
        spellings = {p.word for p in parses(match[0]) if p.is_known}
        return spellings.pop() if len(spellings) == 1 else match[0]

    return WORD.sub(spell, text)


@dataclass(frozen=True)
class NounPhrase:
    """A noun, the adjectives before it, and a tail that has one form in all cases: дом с садом."""

    adjectives: tuple[Any, ...]  # parses, in the nominative
    head: Any
    tail: str = ""

    @property
    def gender(self) -> str:
        """masc, femn or neut; plur if the noun is in the plural."""
        return "plur" if self.head.tag.number == "plur" else str(self.head.tag.gender)

    @property
    def lemma(self) -> str:
        """The head's dictionary form."""
        return plain(self.head.normal_form)

    @property
    def pair_only(self) -> bool:
        """Whether the noun has no singular: очки, ножницы."""
        return "Pltm" in self.head.tag

    def with_adjective(self, adjective: str) -> "NounPhrase":
        """The phrase with one more adjective in front, given in its dictionary form.

        Raises StopIteration when the dictionary has no such adjective.
        """
        parse = next(
            p for p in parses(adjective) if p.tag.POS in {"ADJF", "PRTF"} and "nomn" in p.tag
        )
        agreed = _agree(parse, self.head, "nomn", self.head.tag.number)
        assert agreed is not None, f"{adjective} has no form for {self.form()}"
        return NounPhrase((agreed, *self.adjectives), self.head, self.tail)

    def form(self, case: str = "nomn", number: str | None = None) -> str | None:
        """The phrase in a case and number (by default its own); None if a word has no such form."""
        number = number or self.head.tag.number
        if case == "accs" and _animacy_matters(self.head, number):
            return None
        noun = _noun_form(self.head, case, number)
        words = [_agree(a, self.head, case, number) for a in self.adjectives]
        if noun is None or None in words:
            return None
        return self._join([w.word for w in words if w is not None], noun)

    def counted(self, count: int) -> str | None:
        """With a numeral: два кота, две собаки, трое очков, пять яблок; None if unsure."""
        plural = _noun_form(self.head, "gent", "plur")
        if self.pair_only:
            numeral = COLLECTIVES.get(count, NUMERALS.get(count))
            noun, case = plural, "gent"
        elif self.head.tag.number != "sing" or _declines_as_adjective(self.head):
            return None
        else:
            feminine = self.head.tag.gender == "femn"
            numeral = NUMERALS.get(count, "две" if feminine else "два")
            agreed = self.head.make_agree_with_number(count)
            noun = agreed.word if agreed else None
            if "Fixd" in self.head.tag:
                noun = self.head.word
            case = "nomn" if feminine and count < 5 else "gent"
        adjectives = [_agree(a, self.head, case, "plur") for a in self.adjectives]
        if noun is None or numeral is None or None in adjectives:
            return None
        return self._join([numeral, *(a.word for a in adjectives if a is not None)], noun)

    def _join(self, before: Sequence[str], noun: str) -> str:
        return plain(" ".join([*before, noun, self.tail]).strip())


@cache
def noun_phrase(text: str) -> NounPhrase | None:
    """Analyse adjectives, a noun, and words that depend on it; None when unsure."""
    words = plain(text).split()
    if "и" in words or not all(WORD.fullmatch(word) for word in words):
        return None
    adjectives: list[Any] = []
    for i, word in enumerate(words):
        head = _noun(word)
        if head is not None and not (i + 1 < len(words) and _is_adjective_before(words, i)):
            if not all(_agrees(a, head) for a in adjectives):
                return None
            tail = words[i + 1 :]
            if tail and not _depends(tail[0]):
                return None
            chosen = tuple(_agree(a, head, "nomn", head.tag.number) for a in adjectives)
            return None if None in chosen else NounPhrase(chosen, head, " ".join(tail))
        adjective = next((p for p in parses(word) if _is_adjective(p)), None)
        if adjective is None:
            return None
        adjectives.append(adjective)
    return None


def _is_adjective(parse: Any) -> bool:
    return parse.tag.POS in {"ADJF", "PRTF"} and parse.tag.case == "nomn" and parse.is_known


def _is_adjective_before(words: list[str], i: int) -> bool:
    """Whether word i, which can be a noun, is an adjective of the noun after it."""
    following = _noun(words[i + 1])
    found = [p for p in parses(words[i]) if _is_adjective(p)]
    return following is not None and any(_agrees(p, following) for p in found)


def _depends(word: str) -> bool:
    """Whether a word after a noun depends on it: a preposition, or a word in the genitive."""
    return any(
        p.tag.POS == "PREP" or ("gent" in p.tag and p.tag.POS in {"NOUN", "ADJF"})
        for p in parses(word)
    )


def _agrees(adjective: Any, noun: Any) -> bool:
    a, n = adjective.tag, noun.tag
    return a.number == n.number and (a.number == "plur" or a.gender == n.gender)


@cache
def _noun(word: str) -> Any | None:
    """The most likely reading of a word as a noun in the nominative; None if none is likely."""
    scores: dict[tuple[Any, ...], float] = {}
    found: dict[tuple[Any, ...], Any] = {}
    other = 0.0
    for parse in parses(word):
        tag = parse.tag
        if not parse.is_known or UNLIKELY & set(tag.grammemes):
            continue
        if tag.POS != "NOUN":
            other += parse.score
            continue
        lexeme = (parse.normal_form, tag.gender, tag.animacy, tag.number, "Pltm" in tag)
        scores[lexeme] = scores.get(lexeme, 0.0) + parse.score
        if tag.case == "nomn":
            found[lexeme] = parse
    if not found or other > 3 * max(scores[key] for key in found):
        return None
    # On a tie, the noun without a singular: "часы" are a clock rather than hours.
    best = max(found, key=lambda key: (round(scores[key], 2), key[4], key[3] == "sing"))
    return found[best]


def _noun_form(noun: Any, case: str, number: str) -> str | None:
    if "Fixd" in noun.tag:
        return str(noun.word)
    if number == noun.tag.number and case == noun.tag.case:
        return str(noun.word)
    if number != noun.tag.number and {"Sgtm", "Pltm"} & set(noun.tag.grammemes):
        return None
    found = noun.inflect({case, number})
    return str(found.word) if found else None


def _animacy_matters(noun: Any, number: str) -> bool:
    """Whether the noun has an animate and an inanimate accusative: коньки, ёж."""
    if number == "sing" and noun.tag.gender != "masc":
        return False
    readings = [p for p in parses(noun.word) if p.normal_form == noun.normal_form]
    return len({a for p in readings if p.tag.POS == "NOUN" for a in animacies(p.tag)}) > 1


def _agree(adjective: Any, noun: Any, case: str, number: str) -> Any | None:
    wanted = {case, number}
    if number == "sing":
        wanted.add(str(noun.tag.gender))
    if case == "accs" and (number == "plur" or noun.tag.gender == "masc"):
        wanted.add(str(noun.tag.animacy))
    return adjective.inflect(wanted)


def _declines_as_adjective(noun: Any) -> bool:
    """Whether the noun declines as an adjective, with other forms after numerals: мороженое."""
    genitive = noun.inflect({"gent", "sing"})
    ending = ("ого", "его") if noun.tag.gender != "femn" else ("ой", "ей")
    return genitive is not None and genitive.word.endswith(ending)


def genitive_to_nominative(word: str) -> str | None:
    """The nominative of a genitive: собаки → собака; None when unsure."""
    for parse in parses(word):
        tag = parse.tag
        likely = parse.is_known and not UNLIKELY & set(tag.grammemes)
        if tag.POS == "NOUN" and "gent" in tag and tag.number == "sing" and likely:
            found = parse.inflect({"nomn", "sing"})
            return plain(found.word) if found else None
    return None
