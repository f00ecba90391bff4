"""Finds the stickers that match an inline query."""

from telegram import Sticker

from bot.inline.index import Label
from bot.russian.emoji import FALLBACK, suggest_emoji
from bot.russian.words import lemmas, split
from bot.russian.written_emoji import written_emoji

# What it is worth when a word of the query is one of the sticker's; when the last one, which may
# still be being typed, begins one of them; when an emoji that shows the query is the sticker's.
_WORD, _PREFIX, _EMOJI = 1.0, 0.5, 0.25
_SHORTEST = 2  # letters that are a beginning
_VARIATION = "\ufe0f"  # asks for a colourful picture; Telegram may have left it out


class Query:
    """What a user has typed."""

    def __init__(self, text: str):
        words = split(text)
        self._forms = [lemmas(word) for word in words]
        self._typed = words[-1] if words and len(words[-1]) >= _SHORTEST else None
        suggested = [emoji for emoji in suggest_emoji(text) if emoji != FALLBACK]
        self._emoji = _bare(written_emoji(text) or suggested)

    def score(self, emoji: str | None, label: Label) -> float:
        """How well it means a sticker; 0 if not at all."""
        words = set(label.words)
        points = _WORD * sum(not forms.isdisjoint(words) for forms in self._forms)
        if self._typed and self._forms[-1].isdisjoint(words):
            points += _PREFIX * any(word.startswith(self._typed) for word in words)
        return points + _EMOJI * len(self._emoji & _emoji_of(emoji, label))


def find(text: str, stickers: list[Sticker], labels: dict[str, Label]) -> list[Sticker]:
    """The stickers that a query means, the best first, of equals the newest; for none, all."""
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
    """The emoji of a sticker: Telegram names the first one, and is right where the label is old."""
    first = _bare([emoji] if emoji else [])
    known = _bare(label.emoji)
    return known if first <= known else first


def _bare(emoji: list[str]) -> set[str]:
    return {each.replace(_VARIATION, "") for each in emoji}
