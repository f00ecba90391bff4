"""What packs are called: their names in links, and their titles."""

import re

from telegram.constants import StickerLimit

from emojich_core.request import visible

_NUMBER = re.compile(r"emojich_[0-9a-z]+_(\d+)_by_\w+")
_VOLUME = re.compile(r"(.*) ([2-9]|[1-9]\d)")  # longer numbers are years and the like
_DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"


class BadTitle(ValueError):
    """Nothing can be seen of a title, or it is too long."""


def pack_name(user_id: int, number: int, username: str) -> str:
    """The name of a user's pack: at most 64 letters, digits and single underscores.

    Telegram wants `_by_<the bot's username>` at its end.
    """
    return f"emojich_{_base36(user_id)}_{number}_by_{username}"


def number_of(name: str) -> int:
    """Which of its user's packs has this name."""
    match = _NUMBER.fullmatch(name)
    assert match, "names are made by pack_name"
    return int(match[1])


def pack_link(name: str) -> str:
    """Where a pack can be seen and installed."""
    return f"https://t.me/addstickers/{name}"


def default_title(owner: str) -> str:
    """What a pack is called whose owner has not said so: Emojich · Анна."""
    return _cut(f"Emojich · {owner}")


def next_title(title: str) -> str:
    """What the next volume of a pack is called: Коты, Коты 2, Коты 3."""
    match = _VOLUME.fullmatch(title)
    base, volume = (match[1], int(match[2]) + 1) if match else (title, 2)
    return _cut(base, f" {volume}")


def clean_title(text: str) -> str:
    """A title as the user has written it, without what cannot be seen.  Raises BadTitle."""
    title = visible(text)
    if not title or _length(title) > StickerLimit.MAX_NAME_AND_TITLE:
        raise BadTitle
    return title


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
