"""What Telegram means when it refuses a call.

The Bot API documents no codes beside HTTP's, so these are the words its server uses:
https://github.com/tdlib/telegram-bot-api/blob/master/telegram-bot-api/Client.cpp
"""

from telegram.error import (
    BadRequest,
    ChatMigrated,
    Forbidden,
    InvalidToken,
    NetworkError,
    RetryAfter,
)

# Telegram has understood, and says no: it would say so again.
REFUSALS = (BadRequest, ChatMigrated, Forbidden, InvalidToken)

MESSAGE_IS_SAME = ("message is not modified",)
MESSAGE_IS_PHOTO = ("no text in the message to edit",)
MESSAGE_IS_GONE = (
    "message to edit not found",
    "message can't be edited",
    "message_id_invalid",
    "chat not found",
)
PACK_IS_FULL = ("stickers_too_much",)
PACK_IS_MISSING = ("stickerset_invalid",)
PACK_NAME_IS_TAKEN = ("sticker set name is already occupied",)


def says(error: BadRequest, phrases: tuple[str, ...]) -> bool:
    """Whether the error has one of these meanings."""
    message = error.message.lower()
    return any(phrase in message for phrase in phrases)


def is_outage(error: BaseException | None) -> bool:
    """Whether Telegram is out of reach, unwell, or asked too often: it may answer another time."""
    return isinstance(error, (NetworkError, RetryAfter)) and not isinstance(error, REFUSALS)
