"""Recognises refusals of Telegram by their descriptions.

The Bot API documents no codes beside HTTP's, so the bot looks for the words of the Bot API's
server, of TDLib, and, in capitals, of Telegram's servers.  It looks for them anywhere in the
description, because sendMediaGroup quotes them within a sentence:
https://github.com/tdlib/telegram-bot-api/blob/master/telegram-bot-api/Client.cpp
https://github.com/tdlib/td/blob/master/td/telegram/MessagesManager.cpp
"""

from telegram.error import (
    BadRequest,
    ChatMigrated,
    Forbidden,
    InvalidToken,
    NetworkError,
    RetryAfter,
)

# Telegram refuses the call: it would refuse the same call again.
REFUSALS = (BadRequest, ChatMigrated, Forbidden, InvalidToken)

MESSAGE_IS_SAME = ("message is not modified", "message_not_modified")
MESSAGE_IS_PHOTO = ("no text in the message to edit",)
MESSAGE_IS_GONE = (
    "message to edit not found",
    "message to delete not found",
    "message not found",
    "message can't be edited",
    "message can't be deleted",
    "message_id_invalid",
    "message_author_required",
    "message_edit_time_expired",
    "message_delete_forbidden",
)
FILE_IS_TOO_BIG = ("file is too big",)  # to be downloaded by a bot
QUERY_IS_TOO_OLD = ("query is too old", "query_id_invalid")

PHOTOS_ARE_FORBIDDEN = (
    "not enough rights to send photos",
    "chat_send_photos_forbidden",
    "chat_send_media_forbidden",
)
# The bot must not write, the topic is closed, or the chat no longer exists.
CHAT_IS_CLOSED = (
    "not enough rights",
    "have no rights",
    "have no write access",
    "need administrator rights",
    "chat not found",
    "is deactivated",
    "chat was deactivated",
    "group chat was deleted",
    "upgraded to a supergroup",  # without its new id; with it python-telegram-bot says ChatMigrated
    "message thread not found",
    "message to be replied not found",
    "message to reply not found",
    "topic_closed",
    "topic_deleted",
    "topic_id_invalid",
    "chat_write_forbidden",
    "chat_restricted",
    "chat_forbidden",
    "chat_admin_required",
    "chat_guest_send_forbidden",
    "chat_send_",  # CHAT_SEND_PLAIN_FORBIDDEN, CHAT_SEND_STICKERS_FORBIDDEN, …
    "chat_id_invalid",
    "channel_invalid",
    "channel_private",
    "channel_public_group_na",
    "peer_id_invalid",
    "user_banned_in_channel",
    "user_is_blocked",
    "user_deactivated",
    "user_deleted",
    "user_id_invalid",
    "user_restricted",
    "user not found",
    "slowmode_wait",
    "privacy_premium_required",
    "allow_payment_required",
)

PACK_IS_FULL = ("stickers_too_much",)
PACK_IS_MISSING = ("stickerset_invalid", "sticker set not found")
PACK_IS_SAME = ("stickerset_not_modified",)
PACK_NAME_IS_TAKEN = ("sticker set name is already occupied", "short_name_occupied")
USER_IS_UNKNOWN = (  # the user has never pressed Start
    "peer_id_invalid",
    "user_id_invalid",
    "user not found",
    "have no access to the user",
)


def says(error: BadRequest, phrases: tuple[str, ...]) -> bool:
    """Whether the error has one of these meanings."""
    message = error.message.lower()
    return any(phrase in message for phrase in phrases)


def is_everyday(error: BaseException | None) -> bool:
    """Whether an action of users in a chat causes the refusal, and not a mistake of the bot."""
    if isinstance(error, BadRequest):
        return says(error, MESSAGE_IS_SAME + MESSAGE_IS_GONE + QUERY_IS_TOO_OLD + CHAT_IS_CLOSED)
    return isinstance(error, (Forbidden, ChatMigrated))


def needs_start(error: BaseException) -> bool:
    """Whether Telegram refuses a user's sticker set because the user has to press Start first."""
    if isinstance(error, BadRequest):
        return says(error, USER_IS_UNKNOWN)
    return isinstance(error, Forbidden)


def is_outage(error: BaseException | None) -> bool:
    """Whether Telegram is out of reach, fails, or limits calls: a later call may succeed."""
    return isinstance(error, (NetworkError, RetryAfter)) and not isinstance(error, REFUSALS)
