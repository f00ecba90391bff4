"""What training never says, so that `emojich evaluate` can ask for it.

`held_out.json` holds 10 % of the keywords, and pairs of a colour and a thing; how they were chosen
is in `held_out_choice.py`.
"""

import json
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from emojich_core.training.data.morphology import WORD, lemmas, noun_phrase, plain

FILE = Path(__file__).with_name("held_out.json")


@dataclass(frozen=True)
class Composition:
    """A colour and a thing that are never seen together."""

    colour: str  # the adjective's dictionary form
    hexcode: str
    caption: str  # синий кот

    @property
    def thing(self) -> str:
        """The noun's dictionary form."""
        phrase = noun_phrase(self.caption)
        assert phrase is not None, f"{self.caption} is no adjective and noun"
        return phrase.lemma


def read(file: Path) -> tuple[list[str], list[Composition]]:
    """The keywords and the compositions of a file.  Raises OSError when it is not like FILE."""
    try:
        content = json.loads(file.read_text("utf-8"))
        return list(content["keywords"]), [Composition(**row) for row in content["compositions"]]
    except (ValueError, KeyError, TypeError) as error:
        message = f"{file} has no keywords and compositions as {FILE.name} has them"
        raise OSError(f"{message}: write it like that one.") from error


class HeldOut:
    """Keywords and compositions that no training caption may contain, in any form."""

    def __init__(self, keywords: Iterable[str], compositions: Iterable[Composition]):
        self.keywords = tuple(keywords)
        self.compositions = tuple(compositions)
        self._by_lemma: dict[str, list[list[frozenset[str]]]] = defaultdict(list)
        for keyword in self.keywords:
            words = words_of(keyword)
            for lemma in words[0]:
                self._by_lemma[lemma].append(words)
        self._things: dict[str, set[str]] = defaultdict(set)
        for composition in self.compositions:
            self._things[composition.colour].add(composition.thing)
        self._pairs = {(c.colour, c.hexcode) for c in self.compositions}

    @classmethod
    @cache
    def load(cls) -> "HeldOut":
        """The list that ships with the package."""
        return cls(*read(FILE))

    def allows(self, caption: str) -> bool:
        """Whether a caption has no held-out keyword and no held-out composition in any form."""
        words = words_of(caption)
        for i, word in enumerate(words):
            for lemma in word:
                if any(_starts(words[i:], keyword) for keyword in self._by_lemma.get(lemma, ())):
                    return False
        said: frozenset[str] = frozenset().union(*words)
        return not any(said & self._things[colour] for colour in said & self._things.keys())

    def allows_picture(self, colour: str, hexcode: str, names: frozenset[str]) -> bool:
        """Whether a thing, with its nouns' dictionary forms, may be drawn in a colour."""
        return (colour, hexcode) not in self._pairs and not names & self._things.get(colour, set())


@cache
def words_of(text: str) -> list[frozenset[str]]:
    """The dictionary forms of each word of a text."""
    return [lemmas(word) for word in WORD.findall(plain(text))]


def contains(text: str, phrase: str) -> bool:
    """Whether a text has a word or phrase in it, in whatever form."""
    words, wanted = words_of(text), words_of(phrase)
    return any(_starts(words[i:], wanted) for i in range(len(words)))


def _starts(words: list[frozenset[str]], wanted: list[frozenset[str]]) -> bool:
    return len(words) >= len(wanted) and all(a & b for a, b in zip(words, wanted, strict=False))
