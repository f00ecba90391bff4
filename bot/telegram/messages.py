"""Sends and edits messages of the bot; filters for messages in a user's own words.

A forwarded message has another author, and a bot has written one that a user sent via that bot.
Both may be prompts, but are no commands and answer no questions.
"""

from dataclasses import dataclass
from typing import Any

from telegram import (
    Bot,
    CallbackQuery,
    ForceReply,
    InlineKeyboardMarkup,
    InputMediaPhoto,
    MaybeInaccessibleMessage,
    Message,
    ReplyParameters,
)
from telegram.error import BadRequest, TelegramError
from telegram.ext import filters

from bot.telegram.errors import MESSAGE_IS_SAME, is_everyday, says
from bot.telegram.retry import with_retries

OWN_WORDS = ~filters.FORWARDED & ~filters.VIA_BOT

PRIVATE = filters.ChatType.PRIVATE & filters.UpdateType.MESSAGE
PRIVATE_WORDS = PRIVATE & OWN_WORDS
GROUP_WORDS = filters.ChatType.GROUPS & filters.UpdateType.MESSAGE & OWN_WORDS


@dataclass(frozen=True)
class Screen:
    """The content of a message: a text, or a picture with its caption, and the buttons below."""

    text: str
    keyboard: InlineKeyboardMarkup | ForceReply | None = None
    # A file, or the file id of a sent one.  None: no picture; an edited message keeps its own.
    picture: bytes | str | None = None


async def send(
    bot: Bot, chat_id: int, screen: Screen, *, reply_to: int = 0, topic: int = 0
) -> Message:
    """Send a message, in one attempt: it may change before the next.  Raises TelegramError."""
    where: dict[str, Any] = {
        "reply_markup": screen.keyboard,
        "reply_parameters": ReplyParameters(reply_to) if reply_to else None,
        "message_thread_id": topic or None,
    }
    if screen.picture:
        return await bot.send_photo(chat_id, screen.picture, caption=screen.text, **where)
    return await bot.send_message(chat_id, screen.text, **where)


async def edit(bot: Bot, chat_id: int, message_id: int, screen: Screen, *, is_photo: bool) -> None:
    """Change the screen of a message, in one attempt; no error if it shows the screen already.

    Raises TelegramError.
    """
    text, keyboard, where = screen.text, screen.keyboard, (chat_id, message_id)
    assert not isinstance(keyboard, ForceReply), "only a new message can be a question"
    try:
        if screen.picture:
            media = InputMediaPhoto(screen.picture, caption=text)
            await bot.edit_message_media(media, *where, reply_markup=keyboard)
        elif is_photo:  # a photo never becomes a text
            await bot.edit_message_caption(*where, caption=text, reply_markup=keyboard)
        else:
            await bot.edit_message_text(text, *where, reply_markup=keyboard)
    except BadRequest as error:
        if not says(error, MESSAGE_IS_SAME):
            raise


async def reply(message: Message, shown: Screen | str, *, do_quote: bool | None = None) -> Message:
    """Answer a message, with several attempts (see `with_retries`)."""
    screen = Screen(shown) if isinstance(shown, str) else shown
    text, picture, keyboard = screen.text, screen.picture, screen.keyboard
    if picture:
        return await with_retries(
            lambda: message.reply_photo(
                picture, caption=text, reply_markup=keyboard, do_quote=do_quote
            )
        )
    return await with_retries(
        lambda: message.reply_text(text, reply_markup=keyboard, do_quote=do_quote)
    )


async def show(query: CallbackQuery, screen: Screen) -> None:
    """Change the screen of the message of a pressed button, if the message still exists."""
    message = query.message
    if not isinstance(message, Message):
        return
    where, is_photo = (message.chat_id, message.message_id), has_picture(query)
    try:
        await with_retries(lambda: edit(query.get_bot(), *where, screen, is_photo=is_photo))
    except TelegramError as error:
        if not is_everyday(error):
            raise


def has_picture(query: CallbackQuery) -> bool:
    """Whether the message of a pressed button is a photo."""
    return isinstance(query.message, Message) and bool(query.message.photo)


def is_reachable(query: CallbackQuery) -> bool:
    """Whether the message can still be changed: of an old one, Telegram tells nothing but its id.

    https://core.telegram.org/bots/api#inaccessiblemessage
    """
    return query.message is not None and query.message.is_accessible


def answered_message(message: Message, bot_id: int) -> Message | None:
    """The message of another user that this message answers; None if there is none.

    Messages of the bot do not count, because they show requests; nor does the first message of a
    topic, because all messages of the topic seem to answer it.
    """
    to = message.reply_to_message
    if to is None or to.forum_topic_created:
        return None
    return None if to.from_user and to.from_user.id == bot_id else to


def topic_of(message: MaybeInaccessibleMessage | None) -> int:
    """The topic of a message; 0 outside of any.

    Groups that are forums have topics, and private chats where the bot's owner allows them.
    """
    if not isinstance(message, Message) or not message.is_topic_message:
        return 0  # in other groups `message_thread_id` is the first message of a thread
    return message.message_thread_id or 0
