"""Captions: the Russian prompts that users would type for an emoji, and their frequencies."""

from collections import Counter
from collections.abc import Iterator, Mapping
from functools import cache

import numpy as np

from emojich_core.reading.lexicon import lexicon, person
from emojich_core.reading.words import plain
from emojich_core.training.data.art import Meaning
from emojich_core.training.data.held_out import HeldOut
from emojich_core.training.data.morphology import noun_phrase, with_yo
from emojich_core.training.data.things import (
    SMILEYS,
    bare,
    hexcode_of,
    is_everyday,
    other_names,
)

# The name weighs most: a model that is trained on mostly rare words learns to ignore the text.
LABEL, NAME, PAIR = 2.5, 1.5, 0.4
KEYWORD = 0.5  # divided by the root of the number of emoji that share it
# All words of an emoji's row in the lexicon together, none more than another name; the first ones
# are the commonest, and FLATNESS is the place where a word is said half as often as the first.
LEXICON, FLATNESS = 3.2, 6
POPULAR = 22  # words of a row of the lexicon that show that people write for the emoji every day
# Forms, as shares of the plain one's weight: коты; (нарисуй) кота; (много) кота; (с) котом.
FORMS = (("nomn", "plur", 0.05), ("accs", None, 0.04), ("gent", None, 0.03), ("ablt", None, 0.02))
YO = 0.15  # and with ё, which CLDR leaves out and some people type
DETAIL = 0.05  # share of the captions in which a keyword follows a name


class Captions:
    """The captions of each emoji: its name weighs most, a keyword the more the rarer it is."""

    def __init__(self, meanings: Mapping[str, Meaning], held_out: HeldOut | None = None):
        """The captions that `held_out` (the shipped list, if None) allows."""
        self._held_out = held_out or HeldOut.load()
        self._common = Counter(k for m in meanings.values() for k in set(m.keywords))
        self._weights = {h: self._weigh(h, m) for h, m in meanings.items()}
        self._details = {h: self._combinable(h, m) for h, m in meanings.items()}

    def _weigh(self, hexcode: str, meaning: Meaning) -> dict[str, float]:
        said = {meaning.label: LABEL}
        for name in other_names(hexcode, meaning):
            said[name] = said.get(name, 0) + NAME
        for keyword in meaning.keywords:
            said[keyword] = said.get(keyword, 0) + KEYWORD / self._common[keyword] ** 0.5
        for word, weight in lexicon_weights(hexcode).items():
            said[word] = max(said.get(word, 0), weight)
        for pair in _agreeing(meaning.keywords):
            said.setdefault(pair, PAIR)
        weights = dict(said)
        for text, weight in said.items():
            for form, share in _forms(text, countable=meaning.group != SMILEYS):
                weights.setdefault(form, weight * share)
        return self.allowed(spelled(weights))

    def _combinable(self, hexcode: str, meaning: Meaning) -> list[str]:
        """Keywords that may follow any of the captions."""
        texts = self._weights[hexcode]
        return [
            k for k in meaning.keywords if all(self._held_out.allows(f"{t} {k}") for t in texts)
        ]

    def allowed(self, weights: Mapping[str, float]) -> dict[str, float]:
        """The captions that are not held out."""
        return {text: w for text, w in weights.items() if self._held_out.allows(text)}

    @property
    def hexcodes(self) -> list[str]:
        """The emoji that have captions."""
        return list(self._weights)

    def weights(self, hexcode: str) -> dict[str, float]:
        """An emoji's captions and their relative frequencies."""
        return self._weights[hexcode]

    def details(self, hexcode: str) -> list[str]:
        """Keywords that sometimes follow a caption of the emoji."""
        return self._details[hexcode]


def is_popular(hexcode: str, meaning: Meaning) -> bool:
    """Whether people write for an emoji every day: a face, a common thing, one of many words."""
    many = len(_lexicon().get(bare(hexcode), ())) >= POPULAR
    return meaning.group == SMILEYS or is_everyday(hexcode) or many


def lexicon_weights(hexcode: str) -> dict[str, float]:
    """The lexicon's words for an emoji, without ё, and the frequency of each."""
    words = _lexicon().get(bare(hexcode), ())
    shares = [1 / (FLATNESS + place) for place in range(len(words))]
    return {
        plain(word): min(NAME, LEXICON * share / sum(shares))
        for word, share in zip(words, shares, strict=True)
    }


@cache
def _lexicon() -> dict[str, tuple[str, ...]]:
    """By hexcode; those of a woman or man are the person's, which alone is drawn."""
    rows: dict[str, tuple[str, ...]] = {}
    for emoji, words in sorted(lexicon().items(), key=lambda row: row[0] != person(row[0])):
        hexcode = hexcode_of(person(emoji))
        rows[hexcode] = rows.get(hexcode, ()) + words
    return rows


def detailed(text: str, detail: str, rng: np.random.Generator) -> str:
    """A caption and a detail after it, unless it is in it."""
    if detail in text:
        return text
    return f"{text} {detail}" if rng.random() < 0.5 else f"{text}, {detail}"


def spelled(weights: Mapping[str, float]) -> dict[str, float]:
    """The captions, and those that have one with ё in that spelling, too."""
    both = dict(weights)
    for text, weight in weights.items():
        both.setdefault(with_yo(text), weight * YO)
    return both


def _agreeing(keywords: tuple[str, ...]) -> Iterator[str]:
    """Adjective + noun from keywords that agree: красное, сердце → красное сердце."""
    words = [keyword for keyword in keywords if " " not in keyword]
    for adjective in words:
        for noun in words:
            phrase = noun_phrase(f"{adjective} {noun}") if adjective != noun else None
            if phrase is not None and len(phrase.adjectives) == 1 and not phrase.tail:
                yield f"{adjective} {noun}"


def _forms(text: str, countable: bool) -> Iterator[tuple[str, float]]:
    """Other forms of a name, and their frequencies relative to it."""
    phrase = noun_phrase(text)
    if phrase is None:
        return
    for case, number, share in FORMS:
        form = phrase.form(case, number) if countable or number is None else None
        if form is not None:
            yield form, share
