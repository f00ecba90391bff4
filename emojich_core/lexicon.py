"""The lexicon: what Russians write for each emoji, in `lexicon.tsv`.

A row is an emoji, a tab, and words or phrases separated by "; ", the commonest first.  Each word
stands in one row only, in the nominative where it is a noun.  Training says these words, the bot
suggests emoji by them, and the pipeline draws a word that a bundle does not know by another one of
its row.
"""

import re
from functools import cache
from pathlib import Path

_SIGN = re.compile("\u200d[♀♂]\ufe0f?")
_WOMAN_OR_MAN = re.compile("^[👩👨](?=\u200d)")
FILE = Path(__file__).with_name("lexicon.tsv")


@cache
def lexicon() -> dict[str, tuple[str, ...]]:
    """The words of each emoji, as the file has them: lower-case, with ё."""
    lines = FILE.read_text("utf-8").splitlines()
    rows = (line.split("\t") for line in lines if not line.startswith("# "))
    return {emoji: tuple(words.split("; ")) for emoji, words in rows}


def person(emoji: str) -> str:
    """The emoji of a person of either sex, for that of a woman or man: 🧙‍♂️ → 🧙, 👩‍🍳 → 🧑‍🍳."""
    return _WOMAN_OR_MAN.sub("🧑", _SIGN.sub("", emoji))
