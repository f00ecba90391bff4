"""Emoji and search words for a prompt, from CLDR's names and keywords of emoji.

`names.tsv` has them; see `build`.
"""

from collections import defaultdict
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from telegram.constants import StickerLimit

from bot.emoji.words import Word, words
from bot.emoji.written import is_emoji, written_emoji

TABLE = Path(__file__).with_name("names.tsv")
FALLBACK = "🎨"
MAX_SUGGESTED = 3  # more would be guesses

# What a word of the prompt is worth in the name of an emoji and among its keywords, and what the
# name loses by words that the prompt does not have: all of this if it were nothing but those.
_NAME, _KEYWORD, _SURPLUS = 1.0, 0.7, 0.7
_ENOUGH = 0.4  # below it, an emoji has too little to do with the prompt


@dataclass(frozen=True)
class Named:
    """An emoji with its words."""

    emoji: str
    name: frozenset[str]
    keywords: frozenset[str]

    def score(self, asked: list[Word]) -> float:
        """How well it shows these words."""
        named = [word for word in asked if self.name & set(word.lemmas)]
        others = [word for word in asked if self.keywords & set(word.lemmas) and word not in named]
        points = _NAME * sum(word.weight for word in named)
        if named:
            points -= _SURPLUS * (1 - min(len(named) / len(self.name), 1))
        return points + _KEYWORD * sum(word.weight for word in others)

    def shows(self, word: Word) -> bool:
        """Whether it has to do with a word."""
        return bool((self.name | self.keywords) & set(word.lemmas))


def suggest_emoji(prompt: str) -> list[str]:
    """The emoji of a sticker drawn from this prompt: those in it, else those that show its words.

    They are told apart by what each adds: a word that one shows counts for no other.
    """
    if written := written_emoji(prompt):
        return written
    asked = words(prompt)
    missing, chosen = asked, dict[int, str]()  # by the place of the first word that each shows
    while missing and len(chosen) < MAX_SUGGESTED:
        best = _best(missing)
        if best is None:
            break
        shown = [word for word in missing if best.shows(word)]
        chosen[asked.index(shown[0])] = best.emoji
        missing = [word for word in missing if word not in shown]
    return [chosen[place] for place in sorted(chosen)] or [FALLBACK]


def _best(asked: list[Word]) -> Named | None:
    """The emoji that shows these words best, if any shows enough of them."""
    found = {number for word in asked for lemma in word.lemmas for number in _index()[lemma]}
    score = {number: _table()[number].score(asked) for number in sorted(found)}
    best = max(score, key=lambda number: score[number], default=None)
    return None if best is None or score[best] < _ENOUGH else _table()[best]


def keywords(prompt: str) -> list[str]:
    """Words by which a sticker drawn from this prompt is found, within Telegram's limits.

    First the dictionary forms, then the words as they stand in the prompt.
    """
    asked = words(prompt)
    wanted = dict.fromkeys([word.lemmas[0] for word in asked] + [word.text for word in asked])
    kept: list[str] = []
    for word in wanted:
        fits = sum(map(len, kept)) + len(word) <= StickerLimit.MAX_KEYWORD_LENGTH
        if fits and len(kept) < StickerLimit.MAX_SEARCH_KEYWORDS:
            kept.append(word)
    return kept


@cache
def _table() -> list[Named]:
    lines = TABLE.read_text(encoding="utf-8").splitlines()
    rows = [line.split("\t") for line in lines if not line.startswith("#")]
    return [
        Named(emoji, frozenset(name.split()), frozenset(others.split()))
        for emoji, name, others in rows
        if is_emoji(emoji)  # CLDR has newer ones than Telegram
    ]


@cache
def _index() -> dict[str, list[int]]:
    index: dict[str, list[int]] = defaultdict(list)
    for number, named in enumerate(_table()):
        for lemma in named.name | named.keywords:
            index[lemma].append(number)
    return index
