"""Suggests emoji and search words for a prompt.

`emoji_names.tsv` holds CLDR's names and keywords of each emoji, and its phrases in the lexicon; see
`build_emoji_names`.
"""

from collections import defaultdict
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from telegram.constants import StickerLimit

from bot.russian.words import Word, forms, meaningful, split, words
from bot.russian.written_emoji import is_emoji, written_emoji
from emojich_core.reading.spelling import mended

TABLE = Path(__file__).with_name("emoji_names.tsv")
FALLBACK = "🎨"
MAX_SUGGESTED = 3  # more would be guesses

# Points of an emoji for a word of the prompt that is in the lexicon, in the emoji's name, or among
# its keywords; and the points that a name loses if the prompt has none of its words.
_SAID, _NAME, _KEYWORD, _SURPLUS = 1.1, 1.0, 0.7, 0.7
_MIN_SCORE = 0.4  # an emoji with a lower score does not fit the prompt


@dataclass(frozen=True)
class NamedEmoji:
    """An emoji with its Russian words."""

    emoji: str
    name: frozenset[str]
    keywords: frozenset[str]
    phrases: tuple[tuple[str, ...], ...]  # the lexicon's, word by word

    def score(self, asked: list[Word]) -> float:
        """How well the emoji shows these words."""
        named = [word for word in asked if self.name & set(word.lemmas)]
        others = [word for word in asked if self.keywords & set(word.lemmas) and word not in named]
        points = _NAME * sum(word.weight for word in named)
        if named:
            points -= _SURPLUS * (1 - min(len(named) / len(self.name), 1))
        points += _KEYWORD * sum(word.weight for word in others)
        return max(points, _SAID * sum(self.says(word) for word in asked))

    def says(self, word: Word) -> bool:
        """Whether the lexicon has the word, a noun: красный котик is a cat, not a colour."""
        return word.weight == 1 and any((lemma,) in self.phrases for lemma in word.lemmas)

    def shows(self, word: Word) -> bool:
        """Whether the lexicon, the name or the keywords have the word for this emoji."""
        return self.says(word) or bool((self.name | self.keywords) & set(word.lemmas))


def suggest_emoji(prompt: str) -> list[str]:
    """The emoji of a sticker drawn from this prompt: those in it, else those that show its words.

    Phrases of the lexicon come before single words.  Each word counts for one emoji only, so that
    the emoji differ in meaning.
    """
    if written := written_emoji(prompt):
        return written
    texts = split(mended(prompt))
    said = [forms(text) for text in texts]
    chosen, rest = _phrases(said)  # emoji by the place of the first word that they show
    asked: dict[Word, int] = {}
    for place in rest:
        if word := meaningful(texts[place]):
            asked.setdefault(word, place)
    missing = list(asked)
    while missing and len(chosen) < MAX_SUGGESTED:
        best = _best(missing)
        if best is None:
            break
        shown = [word for word in missing if best.shows(word)]
        chosen.setdefault(asked[shown[0]], best.emoji)
        missing = [word for word in missing if word not in shown]
    found = list(dict.fromkeys(chosen[place] for place in sorted(chosen)))[:MAX_SUGGESTED]
    return found or _alone(said) or [FALLBACK]


def _phrases(said: list[frozenset[str]]) -> tuple[dict[int, str], list[int]]:
    """The lexicon's phrases in a text, the longest at each place.

    `said` holds the forms of each word.  Returns the emoji of the phrases by their places, and the
    places of the words that are in no phrase.
    """
    found: dict[int, str] = {}
    rest: list[int] = []
    place = 0
    while place < len(said):
        longest = 0
        begun: set[tuple[str, ...]] = {()}
        for end in range(place, len(said)):
            begun = {(*b, f) for b in begun for f in said[end]} & _said().keys()
            if not begun:
                break
            emoji = next(filter(None, map(_said().get, sorted(begun))), None)
            if emoji and end > place:
                longest, found[place] = end + 1 - place, emoji
        if not longest:
            rest.append(place)
        place += longest or 1
    return found, rest


def _alone(said: list[frozenset[str]]) -> list[str]:
    """The emoji of the first word in the lexicon, of any part of speech: ура, весело."""
    emoji = (_said().get((form,)) for forms in said for form in sorted(forms))
    return list(filter(None, emoji))[:1]


def _best(asked: list[Word]) -> NamedEmoji | None:
    """The emoji with the highest score for these words; None if all are below _MIN_SCORE."""
    found = {number for word in asked for lemma in word.lemmas for number in _index()[lemma]}
    score = {number: _table()[number].score(asked) for number in sorted(found)}
    best = max(score, key=lambda number: score[number], default=None)
    return None if best is None or score[best] < _MIN_SCORE else _table()[best]


def keywords(prompt: str) -> list[str]:
    """Words by which a sticker drawn from this prompt is found, within Telegram's limits.

    First the dictionary forms, then the words as they stand in the prompt.
    """
    asked = words(mended(prompt))
    wanted = dict.fromkeys([word.lemmas[0] for word in asked] + [word.text for word in asked])
    chosen: list[str] = []
    for word in wanted:
        fits = sum(map(len, chosen)) + len(word) <= StickerLimit.MAX_KEYWORD_LENGTH
        if fits and len(chosen) < StickerLimit.MAX_SEARCH_KEYWORDS:
            chosen.append(word)
    return chosen


@cache
def _table() -> list[NamedEmoji]:
    lines = TABLE.read_text(encoding="utf-8").splitlines()
    rows = [line.split("\t") for line in lines if not line.startswith("# ")]
    return [
        NamedEmoji(
            emoji,
            frozenset(name.split()),
            frozenset(others.split()),
            tuple(tuple(phrase.split()) for phrase in phrases.split("; ") if phrase),
        )
        for emoji, name, others, phrases in rows
        if is_emoji(emoji)  # CLDR has newer emoji than Telegram
    ]


@cache
def _index() -> dict[str, list[int]]:
    index: dict[str, list[int]] = defaultdict(list)
    for number, named in enumerate(_table()):
        single = {phrase[0] for phrase in named.phrases if len(phrase) == 1}
        for lemma in named.name | named.keywords | single:
            index[lemma].append(number)
    return index


@cache
def _said() -> dict[tuple[str, ...], str]:
    """The emoji of each phrase of the lexicon; an empty string for the beginning of a phrase."""
    said = {p: named.emoji for named in _table() for p in named.phrases}
    for phrase in list(said):
        for end in range(1, len(phrase)):
            said.setdefault(phrase[:end], "")
    return said
