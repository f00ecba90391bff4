"""Emoji that stand in a prompt, skin tones and variation selectors aside."""

import re
from collections.abc import Container
from functools import cache

from emojich_core.reading.lexicon import lexicon, person

_ASIDE = re.compile("[\ufe0e\ufe0f\U0001f3fb-\U0001f3ff]")
_LONGEST = 10  # characters of an emoji, after that
_FIRST_SIGN = "\u2000"  # no letter that Russians write comes after it


def bare(text: str) -> str:
    """A text without skin tones and variation selectors."""
    return _ASIDE.sub("", text)


def split(text: str, known: Container[str]) -> list[tuple[str, bool]]:
    """The known emoji of a text, and what is between them, each with whether it is an emoji.

    Of women and men whom `known` lacks, the emoji of a person: 🧑‍🚀.
    """
    text = bare(text)
    parts: list[tuple[str, bool]] = []
    begun = place = 0
    while place < len(text):
        found, length = _at(text, place, known)
        if found:
            parts += [(text[begun:place], False), (found, True)]
            begun = place + length
        place += length
    parts.append((text[begun:], False))
    return [(part, is_emoji) for part, is_emoji in parts if is_emoji or part.strip(" \u200d")]


def _at(text: str, place: int, known: Container[str]) -> tuple[str, int]:
    """The longest known emoji at a place, and the length that it takes there."""
    if text[place] >= _FIRST_SIGN or text[place + 1 : place + 2] == "\u20e3":
        for length in range(_LONGEST, 0, -1):
            written = text[place : place + length]
            for emoji in (written, person(written)):
                if emoji in known:
                    return emoji, len(written)
    return "", 1


def in_words(prompt: str) -> str:
    """A prompt of nothing but emoji in words, each once; another prompt as it is."""
    parts = split(prompt, _known())
    if not parts or not all(is_emoji for _, is_emoji in parts):
        return prompt
    return " и ".join(_known()[emoji] for emoji in dict.fromkeys(part for part, _ in parts))


def has_emoji(text: str) -> bool:
    """Whether the lexicon has an emoji of a text."""
    return any(is_emoji for _, is_emoji in split(text, _known()))


@cache
def _known() -> dict[str, str]:
    """The emoji of the lexicon, and the commonest word of each."""
    return {bare(emoji): row[0] for emoji, row in lexicon().items()}
