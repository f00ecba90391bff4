"""Emoji that stand in a prompt, skin tones and variation selectors aside."""

import re
from collections.abc import Container
from functools import cache

from emojich_core.reading.lexicon import lexicon, person

_MODIFIERS = re.compile("[\ufe0e\ufe0f\U0001f3fb-\U0001f3ff]")
_LONGEST = 10  # characters of an emoji without modifiers
_FIRST_SIGN = "\u2000"  # all letters that Russians write come before it


def bare(text: str) -> str:
    """A text without skin tones and variation selectors."""
    return _MODIFIERS.sub("", text)


def split(text: str, known: Container[str]) -> list[tuple[str, bool]]:
    """The known emoji of a text and the texts between them, each with whether it is an emoji.

    A woman or man that `known` lacks becomes the emoji of a person: 🧑‍🚀.
    """
    text = bare(text)
    parts: list[tuple[str, bool]] = []
    start = place = 0
    while place < len(text):
        found, length = _emoji_at(text, place, known)
        if found:
            parts += [(text[start:place], False), (found, True)]
            start = place + length
        place += length
    parts.append((text[start:], False))
    return [(part, is_emoji) for part, is_emoji in parts if is_emoji or part.strip(" \u200d")]


def _emoji_at(text: str, place: int, known: Container[str]) -> tuple[str, int]:
    """The longest known emoji at a place, and the length that it takes there."""
    if text[place] >= _FIRST_SIGN or text[place + 1 : place + 2] == "\u20e3":
        for length in range(_LONGEST, 0, -1):
            written = text[place : place + length]
            for emoji in (written, person(written)):
                if emoji in known:
                    return emoji, len(written)
    return "", 1


def in_words(prompt: str) -> str:
    """The words for a prompt of emoji only, each emoji once; another prompt as it is."""
    words = _commonest_words()
    parts = split(prompt, words)
    if not parts or not all(is_emoji for _, is_emoji in parts):
        return prompt
    return " и ".join(words[emoji] for emoji in dict.fromkeys(part for part, _ in parts))


def has_emoji(text: str) -> bool:
    """Whether a text has an emoji of the lexicon."""
    return any(is_emoji for _, is_emoji in split(text, _commonest_words()))


@cache
def _commonest_words() -> dict[str, str]:
    """The commonest word for each emoji of the lexicon."""
    return {bare(emoji): row[0] for emoji, row in lexicon().items()}
