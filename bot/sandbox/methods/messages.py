"""Sending, deleting, answering: https://core.telegram.org/bots/api#available-methods."""

import time

from bot.sandbox import files, objects, rules, sets
from bot.sandbox.decoding import FileRef, Json
from bot.sandbox.entities import parse_text
from bot.sandbox.errors import BadRequest
from bot.sandbox.inputs import (
    ForceReply,
    InlineKeyboardMarkup,
    ReplyMarkup,
    ReplyParameters,
)
from bot.sandbox.registry import method
from bot.sandbox.sandbox import Sandbox
from bot.sandbox.state import Answer


@method
def send_message(
    sandbox: Sandbox,
    chat_id: int,
    text: str,
    message_thread_id: int = 0,
    reply_parameters: ReplyParameters | None = None,
    reply_markup: ReplyMarkup | None = None,
) -> Json:
    """Send a text (https://core.telegram.org/bots/api#sendmessage)."""
    content = text_content(text) | objects.topic(message_thread_id)
    return _send(sandbox, chat_id, content, reply_parameters, reply_markup)


@method
def send_photo(
    sandbox: Sandbox,
    chat_id: int,
    photo: FileRef,
    caption: str = "",
    message_thread_id: int = 0,
    reply_parameters: ReplyParameters | None = None,
    reply_markup: ReplyMarkup | None = None,
) -> Json:
    """Send a photo (https://core.telegram.org/bots/api#sendphoto)."""
    described = caption_content(caption) | objects.topic(message_thread_id)
    content = {"photo": sandbox.photo(photo), **described}
    return _send(sandbox, chat_id, content, reply_parameters, reply_markup)


@method
def delete_message(sandbox: Sandbox, chat_id: int, message_id: int) -> bool:
    """Delete a message (https://core.telegram.org/bots/api#deletemessage)."""
    _check_deletable(sandbox, sandbox.message(chat_id, message_id, "message to delete"))
    sandbox.delete(chat_id, message_id)
    return True


@method
def answer_callback_query(
    sandbox: Sandbox,
    callback_query_id: str,
    text: str = "",
    show_alert: bool = False,
    url: str = "",
) -> bool:
    """Answer a press on a button (https://core.telegram.org/bots/api#answercallbackquery)."""
    rules.check_callback_answer(text, url, sandbox.username)
    press = sandbox.state.taps.get(callback_query_id)
    if press is None or press.answer or time.time() - press.date > rules.CALLBACK_SECONDS:
        raise BadRequest("query is too old and response timeout expired or query ID is invalid")
    press.answer = Answer(text, show_alert, url)
    answered = {"type": "answer", "tap": vars(press) | {"answer": vars(press.answer)}}
    sandbox.hub.publish(answered, [press.user_id])
    return True


@method
def get_file(sandbox: Sandbox, file_id: str) -> Json:
    """Say where a file can be downloaded (https://core.telegram.org/bots/api#getfile)."""
    stored = sandbox.files.find(file_id)
    return {**objects.file(stored, files.STICKER), "file_id": file_id}


def text_content(text: str) -> Json:
    """The ``text`` and ``entities`` of a message."""
    plain, entities = parse_text(text)
    rules.check_text(plain)
    return {"text": plain, **({"entities": entities} if entities else {})}


def caption_content(caption: str) -> Json:
    """The ``caption`` and ``caption_entities`` of a message; nothing for an empty caption."""
    plain, entities = parse_text(caption)
    rules.check_caption(plain)
    content: Json = {"caption": plain} if plain else {}
    return content | ({"caption_entities": entities} if entities else {})


def sticker_content(sandbox: Sandbox, file_id: str) -> Json:
    """The ``sticker`` of a message: one of a set, or one of none."""
    try:
        return {"sticker": sets.as_sticker(sandbox, *sets.find_sticker(sandbox, file_id))}
    except BadRequest:  # a sticker of no set, or no sticker at all
        return {"sticker": objects.sticker(sandbox.sticker_file(file_id, None))}


def markup_content(markup: InlineKeyboardMarkup | None) -> Json:
    """The ``reply_markup`` of a message; nothing without buttons."""
    if markup is not None:
        rules.check_keyboard(markup)
    return objects.keyboard(markup)


def _check_deletable(sandbox: Sandbox, message: Json) -> None:
    # In a group, a bot that is no administrator deletes only what it has sent.
    foreign = message["chat"]["type"] != "private" and message["from"]["id"] != sandbox.bot["id"]
    if foreign or time.time() - message["date"] > rules.DELETABLE_SECONDS:
        raise BadRequest("message can't be deleted")


def _send(
    sandbox: Sandbox,
    chat_id: int,
    content: Json,
    reply: ReplyParameters | None,
    markup: ReplyMarkup | None,
) -> Json:
    replied = _replied(sandbox, chat_id, reply) if reply else {}
    if not isinstance(markup, ForceReply):
        return sandbox.send(chat_id, {**replied, **content, **markup_content(markup)})
    message = sandbox.send(chat_id, {**replied, **content})
    placeholder = markup.input_field_placeholder[: rules.MAX_PLACEHOLDER]  # cut, not refused
    sandbox.tell(chat_id, {"type": "force_reply", "message": message, "placeholder": placeholder})
    return message


def _replied(sandbox: Sandbox, chat_id: int, reply: ReplyParameters) -> Json:
    try:
        return sandbox.reply(chat_id, reply.message_id)
    except BadRequest:
        if reply.allow_sending_without_reply:
            return {}
        raise
