"""What an evaluation asks for, and which emoji would be right."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from emojich_core.request import InvalidRequest, clean_prompt
from emojich_core.training.data.art import Meaning
from emojich_core.training.data.held_out import read
from emojich_core.training.data.things import bare, hexcode_of

EVERYDAY = Path(__file__).with_name("everyday.tsv")


@dataclass(frozen=True)
class Question:
    """A prompt, and all emoji that it may mean."""

    prompt: str
    right: frozenset[str]  # hexcodes
    colour: str | None = None  # what the thing is to be painted in, if anything


def names(meanings: Mapping[str, Meaning]) -> list[Question]:
    """Every name, in alphabetical order; emoji that share one are all right."""
    called = defaultdict(set)
    for hexcode, meaning in meanings.items():
        called[meaning.label].add(hexcode)
    return [Question(label, frozenset(called[label])) for label in sorted(called)]


def everyday(meanings: Mapping[str, Meaning]) -> list[Question]:
    """What people write that the lexicon does not say: a prompt and the emoji that satisfy it."""
    known = {bare(hexcode): hexcode for hexcode in meanings}
    rows = [line.split("\t") for line in EVERYDAY.read_text("utf-8").splitlines()]
    return [
        Question(prompt, frozenset(known[h] for h in map(hexcode_of, right.split()) if h in known))
        for prompt, right in rows
    ]


def held_out_compositions(meanings: Mapping[str, Meaning], held_out: Path) -> list[Question]:
    """The coloured things that training never says nor shows.

    Right is the thing that is meant, and each that has its noun as its name or a keyword: a person
    takes a blue cat's face for a blue cat, too.
    """
    called = defaultdict(set)
    for hexcode, meaning in meanings.items():
        for word in (meaning.label, *meaning.keywords):
            called[word].add(hexcode)
    return [
        Question(
            composition.caption,
            frozenset({composition.hexcode, *called[composition.caption.partition(" ")[2]]}),
            composition.colour,
        )
        for composition in read(held_out)
    ]


def answerable(questions: list[Question], gallery: set[str]) -> list[Question]:
    """Those that the bot would take, and whose right emoji the judge knows at least one of."""
    return [q for q in questions if q.right & gallery and _is_prompt(q.prompt)]


def sample(questions: list[Question], count: int | None, seed: int) -> list[Question]:
    """At most `count` of them if given, in an order that follows from the seed."""
    chosen = np.random.default_rng(seed).permutation(len(questions))[:count]
    return [questions[i] for i in chosen]


def _is_prompt(text: str) -> bool:
    try:
        clean_prompt(text)
    except InvalidRequest:
        return False
    return True
