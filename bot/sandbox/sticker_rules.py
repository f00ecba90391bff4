"""Telegram's rules for stickers and their sets: the numbers, and the checks.

The numbers are the Bot API's and https://core.telegram.org/stickers'; the words of the errors are
those of Telegram's servers, or of TDLib, which its Bot API server is built on.
"""

import re

from emoji import EMOJI_DATA

from bot.sandbox import images
from bot.sandbox.entities import utf16_length
from bot.sandbox.errors import BadRequest
from bot.sandbox.inputs import InputSticker

MAX_STICKER_BYTES = 512 * 1024
STICKER_SIDE = 512
CUSTOM_EMOJI_SIDE = 100
STICKER_TYPES = ("regular", "mask", "custom_emoji")
STICKER_FORMATS = ("static", "animated", "video")

SET_NAME = re.compile(r"[A-Za-z](?!.*__)[A-Za-z0-9_]{0,63}")
MAX_SET_TITLE = 64
MAX_INITIAL_STICKERS = 50
MAX_STICKERS = {"regular": 120, "mask": 120, "custom_emoji": 200}
MAX_CUSTOM_EMOJI_IDS = 200
MAX_EMOJI = 20
MAX_KEYWORDS = 20
MAX_KEYWORDS_LENGTH = 64

#: Telegram's list of emoji ends with Unicode 16 (TDLib's tdutils/td/utils/emoji.cpp, July 2026).
LATEST_EMOJI = 16


def check_sticker_file(data: bytes, sticker_type: str | None) -> None:
    """A static sticker: WebP or PNG, at most 512 KB, the sides of its type.

    uploadStickerFile does not say what the file is for; without a type, any type's sides will do.
    """
    if len(data) > MAX_STICKER_BYTES:
        raise BadRequest("file is too big")
    info = images.inspect(data)
    if info is None or info.format not in ("WEBP", "PNG") or info.animated:
        raise BadRequest("STICKER_PNG_NOPNG")
    is_emoji = info.width == info.height == CUSTOM_EMOJI_SIDE
    is_sticker = max(info.width, info.height) == STICKER_SIDE
    fits = is_emoji if sticker_type == "custom_emoji" else is_sticker
    if not (fits or (sticker_type is None and is_emoji)):
        raise BadRequest("STICKER_PNG_DIMENSIONS")


def check_sticker_format(sticker_format: str) -> None:
    """uploadStickerFile, InputSticker: "static"; the sandbox takes no animated and video ones."""
    if sticker_format not in STICKER_FORMATS:
        raise BadRequest("invalid sticker format specified")
    if sticker_format != "static":
        raise BadRequest("the sandbox takes static stickers only")


def check_sticker_type(sticker_type: str) -> None:
    """createNewStickerSet: "regular", "mask" or "custom_emoji"."""
    if sticker_type not in STICKER_TYPES:
        raise BadRequest("unsupported sticker type specified")


def check_custom_emoji_ids(identifiers: list[str]) -> None:
    """getCustomEmojiStickers: at most 200 numbers."""
    if len(identifiers) > MAX_CUSTOM_EMOJI_IDS:
        raise BadRequest("too many custom emoji identifiers specified")
    if not all(identifier.isdecimal() for identifier in identifiers):
        raise BadRequest("invalid custom emoji identifier specified")


def check_set_name(name: str, username: str) -> None:
    """createNewStickerSet: letters, digits, single underscores, then ``_by_<bot_username>``."""
    if not SET_NAME.fullmatch(name) or not name.lower().endswith(f"_by_{username}".lower()):
        raise BadRequest("invalid sticker set name is specified")


def set_title(title: str) -> str:
    """createNewStickerSet, setStickerSetTitle: a title as Telegram keeps it, 1-64 characters.

    What is longer is cut, not refused.
    """
    cut = title.strip()[:MAX_SET_TITLE].rstrip()
    if not cut:
        raise BadRequest("sticker set title must be non-empty")
    return cut


def check_initial_stickers(stickers: list[InputSticker]) -> None:
    """createNewStickerSet: 1-50 initial stickers."""
    if not stickers:
        raise BadRequest("at least 1 sticker must be specified")
    if len(stickers) > MAX_INITIAL_STICKERS:
        raise BadRequest("too many stickers specified")


def check_emoji_list(emoji_list: list[str]) -> None:
    """InputSticker, setStickerEmojiList: 1-20 emoji."""
    if not emoji_list:
        raise BadRequest("can't parse emoji list: emoji list must be non-empty")
    if len(emoji_list) > MAX_EMOJI:
        raise BadRequest("can't parse emoji list: too many emoji specified")
    if not all(map(_is_emoji, emoji_list)):
        raise BadRequest("can't parse emoji list: expected a Unicode emoji")


def _is_emoji(text: str) -> bool:
    known = EMOJI_DATA.get(text) or EMOJI_DATA.get(text.removesuffix("\ufe0f"))
    return known is not None and known["E"] <= LATEST_EMOJI


def check_keywords(keywords: list[str]) -> None:
    """InputSticker: 0-20 keywords, together at most 64 characters."""
    if len(keywords) > MAX_KEYWORDS:
        raise BadRequest("too many keywords specified")
    if sum(utf16_length(keyword) for keyword in keywords) > MAX_KEYWORDS_LENGTH:
        raise BadRequest("keywords are too long")
