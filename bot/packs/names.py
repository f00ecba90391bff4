"""Names of packs, which appear in links, and their titles.

A pack never changes its kind, so its name tells it: emojich_… holds stickers, emoji_… custom emoji.
"""

import re
from enum import StrEnum

from telegram.constants import StickerLimit

from emojich_core.request import MAX_TEXT_LENGTH, visible

_NAME = re.compile(r"(?P<prefix>emojich|emoji)_[0-9a-z]+_(?P<number>\d+)_by_\w+")
_NUMBERED = re.compile(r"(.*) ([2-9]|[1-9]\d)")  # longer numbers are years, for instance
_DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"


class Kind(StrEnum):
    """The kind of a pack, in the Bot API's words (`sticker_type`)."""

    STICKERS = "regular"
    EMOJI = "custom_emoji"  # emoji in the text of a message; sending them needs Telegram Premium


_PREFIXES = {Kind.STICKERS: "emojich", Kind.EMOJI: "emoji"}
_LINKS = {Kind.STICKERS: "addstickers", Kind.EMOJI: "addemoji"}


class BadTitle(ValueError):
    """A title is invisible or too long."""


def pack_name(user_id: int, number: int, username: str, kind: Kind = Kind.STICKERS) -> str:
    """The name of a user's pack: at most 64 letters, digits and single underscores.

    Telegram wants `_by_<the bot's username>` at its end.
    """
    return f"{_PREFIXES[kind]}_{_base36(user_id)}_{number}_by_{username}"


def is_pack_name(name: str) -> bool:
    """Whether `pack_name` could have made a name."""
    return _NAME.fullmatch(name) is not None


def number_of(name: str) -> int:
    """The number in a pack's name, which is unique among the user's packs of both kinds."""
    return int(_parts(name)["number"])


def kind_of(name: str) -> Kind:
    """The kind of the pack with this name."""
    prefix = _parts(name)["prefix"]
    return next(kind for kind, known in _PREFIXES.items() if known == prefix)


def pack_link(name: str) -> str:
    """The link at which users see and install a pack."""
    return f"https://t.me/{_LINKS[kind_of(name)]}/{name}"


def default_title(owner: str) -> str:
    """The title of a pack for which its owner has chosen none: Emojich · Анна."""
    return _cut(f"Emojich · {owner}")


def next_title(title: str) -> str:
    """The title of the pack that follows a full one: Коты, Коты 2, Коты 3."""
    match = _NUMBERED.fullmatch(title)
    base, volume = (match[1], int(match[2]) + 1) if match else (title, 2)
    return _cut(base, f" {volume}")


def clean_title(text: str) -> str:
    """A user's title without invisible characters.  Raises BadTitle."""
    title = visible(text[:MAX_TEXT_LENGTH])
    if not title or len(text) > MAX_TEXT_LENGTH or _length(title) > StickerLimit.MAX_NAME_AND_TITLE:
        raise BadTitle
    return title


def _parts(name: str) -> re.Match[str]:
    match = _NAME.fullmatch(name)
    assert match, "names are made by pack_name"
    return match


def _cut(text: str, suffix: str = "") -> str:
    """The text with its suffix, within Telegram's limit in UTF-16 units."""
    while _length(text + suffix) > StickerLimit.MAX_NAME_AND_TITLE:
        text = text[:-1]
    return text + suffix


def _length(text: str) -> int:
    return len(text.encode("utf-16-le")) // 2


def _base36(number: int) -> str:
    text = ""
    while number:
        number, digit = divmod(number, 36)
        text = _DIGITS[digit] + text
    return text
