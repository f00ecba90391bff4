"""Words that describe a thing and change its picture (`descriptions.tsv`).

злой заяц, кот спит, жирный кот, кот пират.
"""

from functools import cache
from pathlib import Path
from typing import NamedTuple

from emojich_core.reading.lexicon import emoji_by_phrase
from emojich_core.reading.tables import rows
from emojich_core.reading.text import WORD
from emojich_core.reading.words import forms, is_pronoun, plain
from emojich_core.reading.written_emoji import bare

DESCRIPTIONS = Path(__file__).with_name("descriptions.tsv")


class Description(NamedTuple):
    """How a word changes the picture of a thing."""

    layout: str  # see `emojich_core.scenes`
    emoji: str  # what is drawn with the thing; "": nothing
    eyes: str = ""  # see `emojich_core.scenes.eyes`


def description_of(word: str) -> Description | None:
    """How a word changes the picture of a thing; None if it does not."""
    if is_pronoun(word):  # какая is no form of какать
        return None
    return next((descriptions()[form] for form in forms(word) if form in descriptions()), None)


def descriptions_apart(prompt: str) -> str:
    """The prompt with a space for a hyphen before a description: кот-космонавт."""
    return WORD.sub(lambda word: _apart(word[0]), prompt)


def _apart(word: str) -> str:
    thing, hyphen, last = word.rpartition("-")
    is_apart = hyphen and plain(word) not in emoji_by_phrase() and description_of(last)
    return f"{thing} {last}" if is_apart else word


@cache
def descriptions() -> dict[str, Description]:
    """The descriptions, by word."""
    return {
        plain(word): Description(layout, bare(emoji), *eyes)
        for layout, emoji, words, *eyes in rows(DESCRIPTIONS)
        for word in words.split("; ")
    }
