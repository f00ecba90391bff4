"""Compositions and glyphs that are held out of training, for evaluations.

`held_out.json` holds 60 pairs of a colour and a thing.  They were chosen at random among everyday
things that can be recoloured: as many of each colour as there can be, no thing twice, and no pair
that an emoji's label or keywords bring together.  Words are not held out: the
shipped model has learned all of them.

Neither up-scaler nor U-Net sees the drawings of a twentieth of the emoji.
"""

import hashlib
import json
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np

from emojich_core.reading.words import plain
from emojich_core.training.data.art import Glyph, load_glyphs
from emojich_core.training.data.morphology import WORD, lemmas, noun_phrase

FILE = Path(__file__).with_name("held_out.json")
SHARE = 0.05  # of the emoji, whose glyphs are held out


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


def read(file: Path) -> list[Composition]:
    """The compositions of a file.  Raises OSError when it is not like FILE."""
    try:
        content = json.loads(file.read_text("utf-8"))
        return [Composition(**row) for row in content["compositions"]]
    except (ValueError, KeyError, TypeError) as error:
        message = f"{file} has no compositions as {FILE.name} has them"
        raise OSError(f"{message}: write it like that one.") from error


class HeldOut:
    """Compositions that no training caption may contain, in any form."""

    def __init__(self, compositions: Iterable[Composition]):
        self.compositions = tuple(compositions)
        self._things: dict[str, set[str]] = defaultdict(set)
        for composition in self.compositions:
            self._things[composition.colour].add(composition.thing)
        self._pairs = {(c.colour, c.hexcode) for c in self.compositions}

    @classmethod
    @cache
    def load(cls) -> "HeldOut":
        """The list that ships with the package."""
        return cls(read(FILE))

    def allows(self, caption: str) -> bool:
        """Whether a caption has no held-out composition in any form."""
        said: frozenset[str] = frozenset().union(*words_of(caption))
        return not any(said & self._things[colour] for colour in said & self._things.keys())

    def allows_picture(self, colour: str, hexcode: str, names: frozenset[str]) -> bool:
        """Whether a thing, with its nouns' dictionary forms, may be drawn in a colour."""
        return (colour, hexcode) not in self._pairs and not names & self._things.get(colour, set())


@cache
def words_of(text: str) -> list[frozenset[str]]:
    """The dictionary forms of each word of a text."""
    return [lemmas(word) for word in WORD.findall(plain(text))]


def held_out_glyph(hexcode: str) -> bool:
    """Whether the drawings of an emoji are held out, in all styles."""
    digest = hashlib.sha256(hexcode.encode()).digest()
    return int.from_bytes(digest[:4], "big") < SHARE * 2**32


def choose_glyphs(data: Path, count: int) -> list[Glyph]:
    """`count` drawings of all styles that are not held out, or all; random, with a fixed seed."""
    glyphs = [g for g in load_glyphs(data / "node_modules") if not held_out_glyph(g.hexcode)]
    rng = np.random.default_rng(0)
    return [glyphs[i] for i in rng.permutation(len(glyphs))[:count]]
