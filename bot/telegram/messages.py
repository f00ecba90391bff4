"""What /packs shows: one message, mostly with a picture, that changes in place."""

from dataclasses import dataclass

from telegram import CallbackQuery, InlineKeyboardMarkup, InputMediaPhoto, Message
from telegram.error import TelegramError

from bot.telegram.errors import is_everyday
from bot.telegram.retry import insist


@dataclass(frozen=True)
class Screen:
    """A text, or a picture with its caption, and the buttons below."""

    text: str
    keyboard: InlineKeyboardMarkup
    picture: bytes | None = None  # None: none in a new message, and in an old one what it has


async def send(message: Message, screen: Screen) -> None:
    """Answer a message with a screen."""
    text, keyboard, picture = screen.text, screen.keyboard, screen.picture
    if picture:
        await insist(lambda: message.reply_photo(picture, caption=text, reply_markup=keyboard))
    else:
        await insist(lambda: message.reply_text(text, reply_markup=keyboard))


async def put(query: CallbackQuery, screen: Screen) -> None:
    """Have the message of a tapped button show another screen, if it is still there."""
    try:
        await _put(query, screen)
    except TelegramError as error:
        if not is_everyday(error):
            raise


async def _put(query: CallbackQuery, screen: Screen) -> None:
    text, keyboard, picture = screen.text, screen.keyboard, screen.picture
    if picture:
        media = InputMediaPhoto(picture, caption=text)
        await insist(lambda: query.edit_message_media(media, reply_markup=keyboard))
    elif has_picture(query):  # a photo never becomes a text
        await insist(lambda: query.edit_message_caption(text, reply_markup=keyboard))
    else:
        await insist(lambda: query.edit_message_text(text, reply_markup=keyboard))


def has_picture(query: CallbackQuery) -> bool:
    """Whether the message of a tapped button is a photo."""
    return isinstance(query.message, Message) and bool(query.message.photo)
