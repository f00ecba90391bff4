"""Finds the stickers that match an inline query."""

from telegram import Sticker

from bot.inline.index import Label
from bot.russian.emoji import FALLBACK, suggest_emoji
from bot.russian.words import lemmas, split
from bot.russian.written_emoji import written_emoji
from emojich_core.reading.latin import in_russian
from emojich_core.reading.spelling import respelled

# Points for a word of the query that is a word of the sticker; for the last word of the query,
# which the user may still be typing, if a word of the sticker begins with it; for an emoji in both.
_WORD, _PREFIX, _EMOJI = 1.0, 0.5, 0.25
_MIN_PREFIX = 2  # letters of a word that is still being typed
_VARIATION = "\ufe0f"  # the selector of a colourful picture; Telegram may have left it out


class Query:
    """The words and emoji of an inline query."""

    def __init__(self, text: str):
        text = in_russian(text) or text
        words = split(text)
        self._forms = [lemmas(word) | lemmas(respelled(word)) for word in words]
        self._typed = words[-1] if words and len(words[-1]) >= _MIN_PREFIX else None
        suggested = [emoji for emoji in suggest_emoji(text) if emoji != FALLBACK]
        self._emoji = _bare(written_emoji(text) or suggested)

    def score(self, emoji: str | None, label: Label) -> float:
        """How well a sticker matches the query; 0 if not at all."""
        words = set(label.words)
        points = _WORD * sum(not forms.isdisjoint(words) for forms in self._forms)
        if self._typed and self._forms[-1].isdisjoint(words):
            points += _PREFIX * any(word.startswith(self._typed) for word in words)
        return points + _EMOJI * len(self._emoji & _emoji_of(emoji, label))


def find(text: str, stickers: list[Sticker], labels: dict[str, Label]) -> list[Sticker]:
    """The stickers that match a query, the best first, then the newest; without a query, all."""
    unknown = Label()

    def label(sticker: Sticker) -> Label:
        return labels.get(sticker.file_unique_id, unknown)

    newest = sorted(stickers, key=lambda sticker: -label(sticker).at)
    if not text.strip():
        return newest
    query = Query(text)
    scores = {s.file_unique_id: query.score(s.emoji, label(s)) for s in newest}
    found = [sticker for sticker in newest if scores[sticker.file_unique_id]]
    return sorted(found, key=lambda sticker: -scores[sticker.file_unique_id])


def _emoji_of(emoji: str | None, label: Label) -> set[str]:
    """The label's emoji; where the label is out of date, only the first emoji, from Telegram."""
    first = _bare([emoji] if emoji else [])
    known = _bare(label.emoji)
    return known if first <= known else first


def _bare(emoji: list[str]) -> set[str]:
    return {each.replace(_VARIATION, "") for each in emoji}
