"""Words that describe a thing and become a part of its picture (`moods.tsv`).

злой заяц, кот спит, жирный кот, кот пират.
"""

from functools import cache
from pathlib import Path

from emojich_core.reading.tables import rows
from emojich_core.reading.words import forms, plain
from emojich_core.reading.written_emoji import bare

MOODS = Path(__file__).with_name("moods.tsv")
TEAR = "💧"


def described(word: str) -> tuple[str, str]:
    """The layout that a word asks for, and the emoji in it, if any; "" for another word."""
    return next((moods()[form] for form in forms(word) if form in moods()), ("", ""))


@cache
def moods() -> dict[str, tuple[str, str]]:
    """The layout and the emoji, by word."""
    return {
        plain(word): (layout, bare(emoji))
        for layout, emoji, words in rows(MOODS)
        for word in words.split("; ")
    }
