"""The objects that the Bot API sends to a bot, as JSON."""

import mimetypes
import time
from dataclasses import asdict
from hashlib import sha256

from bot.sandbox.decoding import Json
from bot.sandbox.entities import utf16_length
from bot.sandbox.files import DOCUMENT, PHOTO, STICKER, FileStore, StoredFile
from bot.sandbox.inline import Question
from bot.sandbox.inputs import InlineKeyboardMarkup
from bot.sandbox.state import Group, StickerInSet, StickerSet, Webhook


def user(user_id: int, first_name: str, language_code: str) -> Json:
    """A person (https://core.telegram.org/bots/api#user)."""
    return {
        "id": user_id,
        "is_bot": False,
        "first_name": first_name,
        "language_code": language_code,
    }


def bot_user(bot_id: int, first_name: str, username: str) -> Json:
    """The bot, as in a message (https://core.telegram.org/bots/api#user)."""
    return {"id": bot_id, "is_bot": True, "first_name": first_name, "username": username}


def private_chat(person: Json) -> Json:
    """The chat with one person (https://core.telegram.org/bots/api#chat)."""
    return {"id": person["id"], "type": "private", "first_name": person["first_name"]}


def group_chat(group: Group) -> Json:
    """A group (https://core.telegram.org/bots/api#chat)."""
    return {"id": group.id, "type": "supergroup", "title": group.title}


def topic(thread_id: int) -> Json:
    """The fields of a message in a topic of a forum; empty outside of topics."""
    return {"message_thread_id": thread_id, "is_topic_message": True} if thread_id else {}


def membership(chat: Json, person: Json, bot: Json, old: str, new: str) -> Json:
    """A person adds, blocks or unblocks the bot (https://core.telegram.org/bots/api#chatmemberupdated)."""
    return {
        "chat": chat,
        "from": person,
        "date": int(time.time()),
        "old_chat_member": _member(bot, old),
        "new_chat_member": _member(bot, new),
    }


def custom_emoji(sticker: Json) -> Json:
    """The content of a message that is one custom emoji (https://core.telegram.org/bots/api#messageentity)."""
    emoji, length = sticker["emoji"], utf16_length(sticker["emoji"])
    entity = {"type": "custom_emoji", "offset": 0, "length": length}
    return {"text": emoji, "entities": [{**entity, "custom_emoji_id": sticker["custom_emoji_id"]}]}


def file(stored: StoredFile, kind: str) -> Json:
    """A file that can be downloaded (https://core.telegram.org/bots/api#file)."""
    return {**_identity(stored, kind), "file_size": stored.size, "file_path": stored.path}


def photo_size(stored: StoredFile) -> Json:
    """One size of a photo (https://core.telegram.org/bots/api#photosize)."""
    return {**_identity(stored, PHOTO), **_measures(stored)}


def document(stored: StoredFile, name: str) -> Json:
    """A file of any kind (https://core.telegram.org/bots/api#document)."""
    kind = mimetypes.guess_type(name)[0] or "application/octet-stream"
    described = {"file_name": name, "mime_type": kind, "file_size": stored.size}
    return {**_identity(stored, DOCUMENT), **described}


def clip(stored: StoredFile) -> Json:
    """A video or an animation (https://core.telegram.org/bots/api#video)."""
    frame = {"width": 320, "height": 320, "duration": 3, "file_size": stored.size}
    return {**_identity(stored, DOCUMENT), **frame, "mime_type": "video/mp4"}


def sticker(stored: StoredFile, emoji: str = "") -> Json:
    """A sticker that belongs to no set (https://core.telegram.org/bots/api#sticker)."""
    described = {"type": "regular", "is_animated": False, "is_video": False}
    return {
        **_identity(stored, STICKER),
        **_measures(stored),
        **described,
        **({"emoji": emoji} if emoji else {}),
    }


def sticker_in_set(stored: StoredFile, member: StickerInSet, owner: StickerSet) -> Json:
    """A sticker of a set (https://core.telegram.org/bots/api#sticker)."""
    result = sticker(stored, member.emoji_list[0])
    result["file_id"] = stored.file_id(STICKER, owner.name)
    result["set_name"] = owner.name
    result["type"] = owner.sticker_type
    if owner.sticker_type == "custom_emoji":
        result["custom_emoji_id"] = _number(result["file_id"])
        if owner.needs_repainting:
            result["needs_repainting"] = True
    return result


def sticker_set(owner: StickerSet, files: FileStore) -> Json:
    """A sticker set (https://core.telegram.org/bots/api#stickerset)."""
    return {
        "name": owner.name,
        "title": owner.title,
        "sticker_type": owner.sticker_type,
        "stickers": [
            sticker_in_set(files.get(member.unique_id), member, owner) for member in owner.stickers
        ],
    }


def callback_query(query_id: str, person: Json, message: Json, data: str) -> Json:
    """A press on a button (https://core.telegram.org/bots/api#callbackquery)."""
    return {
        "id": query_id,
        "from": person,
        "message": message,
        "chat_instance": _number(f"chat {message['chat']['id']}"),
        "data": data,
    }


def inline_query(question: Question, person: Json, chat: Json | None) -> Json:
    """The text that a person types behind the bot's name (https://core.telegram.org/bots/api#inlinequery)."""
    # "sender" is the chat with the bot itself.
    kind = "sender" if chat is None or chat["type"] == "private" else chat["type"]
    asked = {"id": question.id, "query": question.query, "offset": question.offset}
    return {**asked, "from": person, "chat_type": kind}


def webhook_info(webhook: Webhook | None, pending: int, allowed: list[str]) -> Json:
    """The address that gets updates, and its errors (https://core.telegram.org/bots/api#webhookinfo)."""
    info: Json = {"url": "", "has_custom_certificate": False, "pending_update_count": pending}
    if allowed:
        info["allowed_updates"] = allowed
    if webhook is None:
        return info
    info |= {"url": webhook.url, "max_connections": webhook.max_connections}
    if webhook.last_error_date:
        info["last_error_date"] = webhook.last_error_date
        info["last_error_message"] = webhook.last_error_message
    return info


def keyboard(markup: InlineKeyboardMarkup | None) -> Json:
    """The ``reply_markup`` of a message: empty without buttons."""
    if markup is None:
        return {}
    rows = [
        [
            {key: value for key, value in asdict(button).items() if value is not None}
            for button in row
        ]
        for row in markup.inline_keyboard
        if row
    ]
    return {"reply_markup": {"inline_keyboard": rows}} if rows else {}


def _member(bot: Json, status: str) -> Json:
    """https://core.telegram.org/bots/api#chatmember."""
    banned = {"until_date": 0} if status == "kicked" else {}  # 0: forever
    return {"user": bot, "status": status, **banned}


def _identity(stored: StoredFile, kind: str) -> Json:
    return {"file_id": stored.file_id(kind), "file_unique_id": stored.unique_id}


def _measures(stored: StoredFile) -> Json:
    return {"width": stored.width, "height": stored.height, "file_size": stored.size}


def _number(text: str) -> str:
    """A number that stands for ``text``, as long as Telegram's 64-bit identifiers."""
    return str(int.from_bytes(sha256(text.encode()).digest()[:8]) >> 1)
