"""The words of a text: finds them, and replaces one."""

import re

from emojich_core.reading.words import agreeing, is_adjective

WORD = re.compile(r"[^\W\d_]+(?:-[^\W\d_]+)*")
_WORD_OR_NUMBER = re.compile(rf"\d+|{WORD.pattern}")


def words_in(text: str) -> list[str]:
    """The words of a text as they stand there; one with hyphens is one word."""
    return WORD.findall(text)


def words_and_numbers_in(text: str) -> list[str]:
    """The words and whole numbers of a text: 8 марта."""
    return _WORD_OR_NUMBER.findall(text)


def split_at(text: str, word: str) -> list[str]:
    """The parts of a text before and after the first place of a word; the text if it lacks it.

    Within another word, the word does not count.
    """
    return re.split(rf"(?<![^\W\d_]){re.escape(word)}(?![^\W\d_])", text, maxsplit=1)


def replace_word(text: str, word: str, name: str) -> str:
    """The text with one of its words replaced by a name, which the adjectives before it agree with.

    Raises ValueError when the text lacks the word.
    """
    before, after = split_at(text, word)
    others = before.split()
    first = len(others)
    while first and is_adjective(others[first - 1]):
        first -= 1
    return " ".join([*others[:first], *agreeing(others[first:], name), name]) + after
