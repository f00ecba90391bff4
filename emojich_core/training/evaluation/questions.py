"""What an evaluation asks for, and which emoji would be right."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from emojich_core.request import InvalidRequest, clean_prompt
from emojich_core.training.data.art import Meaning
from emojich_core.training.data.held_out import read


@dataclass(frozen=True)
class Question:
    """A prompt, and all emoji that it may mean."""

    prompt: str
    right: frozenset[str]  # hexcodes
    colour: str | None = None  # what the thing is to be painted in, if anything


def names(meanings: Mapping[str, Meaning]) -> list[Question]:
    """Every name; emoji that share one are all right."""
    return _questions(meanings, lambda meaning: [meaning.label])


def held_out_keywords(meanings: Mapping[str, Meaning], held_out: Path) -> list[Question]:
    """The keywords that training never says; every emoji that has one is right."""
    wanted = set(read(held_out)[0])
    return _questions(meanings, lambda meaning: wanted.intersection(meaning.keywords))


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
        for composition in read(held_out)[1]
    ]


def answerable(questions: list[Question], gallery: set[str]) -> list[Question]:
    """Those that the bot would take, and whose right emoji the judge knows at least one of."""
    return [q for q in questions if q.right & gallery and _is_prompt(q.prompt)]


def sample(questions: list[Question], count: int | None, seed: int) -> list[Question]:
    """At most `count` of them if given, in an order that follows from the seed."""
    chosen = np.random.default_rng(seed).permutation(len(questions))[:count]
    return [questions[i] for i in chosen]


def _questions(
    meanings: Mapping[str, Meaning], words_of: Callable[[Meaning], Iterable[str]]
) -> list[Question]:
    """One question for every word that any emoji has, in alphabetical order."""
    called = defaultdict(set)
    for hexcode, meaning in meanings.items():
        for word in words_of(meaning):
            called[word].add(hexcode)
    return [Question(word, frozenset(called[word])) for word in sorted(called)]


def _is_prompt(text: str) -> bool:
    try:
        clean_prompt(text)
    except InvalidRequest:
        return False
    return True
