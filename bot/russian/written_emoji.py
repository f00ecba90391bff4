"""Finds the emoji in a text, by Unicode's emoji data.

It uses only the data of the package `emoji`, whose search takes quadratic time for joined emoji.
"""

from emoji import EMOJI_DATA, STATUS
from telegram.constants import StickerLimit

# Telegram accepts the emoji of Unicode 16 for stickers, and refuses those of 17 and 18:
# https://github.com/tdlib/td/blob/master/tdutils/td/utils/emoji.cpp (July 2026)
_LATEST = 16
# Characters before this one, such as © and ↔, are emoji only with a variation selector; later ones,
# such as ❤, are emoji without it, too.
_FIRST_BARE = "\u231a"


def _takes(emoji: str) -> bool:
    data = EMOJI_DATA[emoji]
    is_sign = data["status"] == STATUS["unqualified"] and len(emoji) == 1 and emoji < _FIRST_BARE
    is_part = data["status"] == STATUS["component"]  # a skin tone alone
    return bool(data["E"] <= _LATEST and not is_sign and not is_part)


_EMOJI = frozenset(filter(_takes, EMOJI_DATA))
_FIRST = frozenset(emoji[0] for emoji in _EMOJI)
_LONGEST = max(map(len, _EMOJI)) + 1  # with a variation selector that is not needed


def is_emoji(text: str) -> bool:
    """Whether a text is one emoji that Telegram takes for a sticker."""
    return text in _EMOJI or text.removesuffix("\ufe0f") in _EMOJI


def written_emoji(text: str) -> list[str]:
    """The emoji in a text, each once, and no more than a sticker may have."""
    found, _ = _split(text)
    return list(dict.fromkeys(found))[: StickerLimit.MAX_STICKER_EMOJI]


def is_emoji_only(text: str) -> bool:
    """Whether a text has emoji, and nothing else but white space."""
    found, rest = _split(text)
    # A joiner remains between emoji that are no single emoji together.
    return bool(found) and not rest.replace("\u200d", "").strip()


def _split(text: str) -> tuple[list[str], str]:
    """All emoji of a text, the longest first at each place, and the rest of it."""
    found, rest, place = [], [], 0
    while place < len(text):
        lengths = range(_LONGEST, 0, -1) if text[place] in _FIRST else ()
        here = (text[place : place + length] for length in lengths)
        if emoji := next(filter(is_emoji, here), None):
            found.append(emoji)
        else:
            rest.append(text[place])
        place += len(emoji or text[place])
    return found, "".join(rest)
