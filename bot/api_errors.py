"""What Telegram means when it refuses a call.

The Bot API documents no codes beside HTTP's, so these are the words its server uses:
https://github.com/tdlib/telegram-bot-api/blob/master/telegram-bot-api/Client.cpp
"""

from telegram.error import BadRequest

MESSAGE_IS_SAME = ("message is not modified",)
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
