"""Editing messages: https://core.telegram.org/bots/api#updating-messages.

An edit replaces the content it names and the keyboard: one that gives no ``reply_markup`` removes
the buttons, as at Telegram.
"""

import time

from bot.sandbox import rules
from bot.sandbox.decoding import Json
from bot.sandbox.errors import BadRequest
from bot.sandbox.inputs import InlineKeyboardMarkup, InputMediaPhoto
from bot.sandbox.methods.messages import caption_content, markup_content, text_content
from bot.sandbox.registry import method
from bot.sandbox.sandbox import Sandbox

TEXT = ("text", "entities")
CAPTION = ("caption", "caption_entities")


@method
def edit_message_text(
    sandbox: Sandbox,
    chat_id: int,
    message_id: int,
    text: str,
    reply_markup: InlineKeyboardMarkup | None = None,
) -> Json:
    """Replace a text (https://core.telegram.org/bots/api#editmessagetext)."""
    content = text_content(text)
    message = _editable(sandbox, chat_id, message_id)
    if "text" not in message:
        raise BadRequest("there is no text in the message to edit")
    return _edit(sandbox, message, TEXT, content, reply_markup)


@method
def edit_message_caption(
    sandbox: Sandbox,
    chat_id: int,
    message_id: int,
    caption: str = "",
    reply_markup: InlineKeyboardMarkup | None = None,
) -> Json:
    """Replace a caption (https://core.telegram.org/bots/api#editmessagecaption)."""
    content = caption_content(caption)
    message = _editable(sandbox, chat_id, message_id)
    if "photo" not in message:
        raise BadRequest("there is no caption in the message to edit")
    return _edit(sandbox, message, CAPTION, content, reply_markup)


@method
def edit_message_media(
    sandbox: Sandbox,
    chat_id: int,
    message_id: int,
    media: InputMediaPhoto,
    reply_markup: InlineKeyboardMarkup | None = None,
) -> Json:
    """Put a photo in the place of a photo or a text (https://core.telegram.org/bots/api#editmessagemedia)."""
    if media.type != "photo":
        raise BadRequest("the sandbox takes photos only")
    message = _editable(sandbox, chat_id, message_id)
    if "sticker" in message:
        raise BadRequest("message can't be edited")
    content = {
        "photo": sandbox.photo(media.media),
        **caption_content(media.caption),
    }
    return _edit(sandbox, message, (*TEXT, *CAPTION, "photo"), content, reply_markup)


def _editable(sandbox: Sandbox, chat_id: int, message_id: int) -> Json:
    message = sandbox.message(chat_id, message_id, "message to edit")
    if not message["from"]["is_bot"]:
        raise BadRequest("message can't be edited")
    return message


def _edit(
    sandbox: Sandbox,
    message: Json,
    replaced: tuple[str, ...],
    content: Json,
    markup: InlineKeyboardMarkup | None,
) -> Json:
    others = {k: v for k, v in message.items() if k not in (*replaced, "reply_markup")}
    edited = {**others, **content, **markup_content(markup)}
    if edited == message:
        raise BadRequest(rules.NOT_MODIFIED)
    return sandbox.replace({**edited, "edit_date": int(time.time())})
