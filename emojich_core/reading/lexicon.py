"""The lexicon: what Russians write for each emoji, in `lexicon.tsv`.

A row is an emoji, a tab, and words or phrases separated by "; ", the commonest first.  Each word
stands in one row only, in the nominative where it is a noun.  Captions for training contain these
words, the bot suggests emoji by them, and a word that a bundle has not learned is drawn as the
emoji of its row.

A word after "~" names another thing than the emoji, which is only the nearest picture: ~капибара is
drawn as a beaver, and the bot tells the user.  A word for a kind of what the emoji shows has no
mark: бульдог.
"""

import re
from functools import cache
from pathlib import Path

from emojich_core.reading.tables import rows
from emojich_core.reading.words import plain

_SIGN = re.compile("\u200d[♀♂]\ufe0f?")
_WOMAN_OR_MAN = re.compile("^[👩👨](?=\u200d)")
FILE = Path(__file__).with_name("lexicon.tsv")
OTHER = "~"  # before a word that names another thing than the picture shows


@cache
def lexicon() -> dict[str, tuple[str, ...]]:
    """The words of each emoji, without marks: lower-case, with ё."""
    return {
        emoji: tuple(word.removeprefix(OTHER) for word in row)
        for emoji, row in _marked_words().items()
    }


@cache
def emoji_by_phrase() -> dict[str, str]:
    """The emoji of each word and phrase of `lexicon`, which here have no ё."""
    return {plain(phrase): emoji for emoji, row in lexicon().items() for phrase in row}


@cache
def other_things() -> frozenset[str]:
    """The words of `lexicon` marked with "~": they name another thing than their emoji shows."""
    words = (word for row in _marked_words().values() for word in row)
    return frozenset(word.removeprefix(OTHER) for word in words if word.startswith(OTHER))


def person(emoji: str) -> str:
    """The emoji of a person of either sex, for that of a woman or man: 🧙‍♂️ → 🧙, 👩‍🍳 → 🧑‍🍳."""
    return _WOMAN_OR_MAN.sub("🧑", _SIGN.sub("", emoji))


@cache
def _marked_words() -> dict[str, list[str]]:
    return {emoji: words.split("; ") for emoji, words in rows(FILE)}
