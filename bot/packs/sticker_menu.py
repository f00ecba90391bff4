"""The menu of one sticker of a pack: its owner sends the sticker, and changes it with buttons.

emojich:replacing:<user id>  string  the sticker that the next chosen candidate replaces
"""

import json
from dataclasses import dataclass
from typing import Any

import redis.asyncio
from telegram import (
    InlineKeyboardMarkup,
    InputSticker,
    Sticker,
    Update,
    User,
)

from bot.admin.redis_repair import delete, read
from bot.packs.names import Kind, is_pack_name, kind_of, number_of
from bot.packs.sticker_sets import Owner, StickerSets
from bot.telegram.callbacks import ButtonPress, Callback, OldButton
from bot.telegram.context import Context
from bot.telegram.errors import REFUSALS
from bot.telegram.messages import Screen, reply, show
from bot.texts import Texts
from worker.queue.decoding import from_json

ACTIONS = ("first", "emoji", "replace", "delete")
REPLACE_TTL = 15 * 60  # seconds in which the user must choose the new sticker


@dataclass(frozen=True)
class SentStickerButton(Callback):
    """Acts on a sticker that its owner has sent."""

    kind = "sticker"
    action: str
    owner: int
    number: int  # of the pack
    sticker: str  # its file_unique_id


@dataclass(frozen=True)
class Replacement:
    """A sticker that the next chosen candidate will replace."""

    pack: str
    sticker: Sticker

    @property
    def kind(self) -> Kind:
        """The kind of its pack."""
        return kind_of(self.pack)


class StickerMenu:
    """Changes single stickers."""

    def __init__(self, packs: StickerSets, connection: redis.asyncio.Redis):
        self._packs = packs
        self._redis = connection

    async def show(self, update: Update, context: Context) -> None:
        """Answer a sticker; if it is from one of the user's packs, with buttons that change it."""
        user, message = update.effective_user, update.effective_message
        if not (user and message and message.sticker):
            return
        words, sticker = context.words, message.sticker
        moves = sticker.is_animated or sticker.is_video
        text = words("picture-moving") if moves else words("foreign-sticker", kind=sticker.type)
        keyboard = None
        if sticker.set_name and await self._packs.is_owner(user.id, sticker.set_name):
            text = words("sticker-menu", kind=sticker.type)
            keyboard = _menu(user, sticker, sticker.set_name, words)
        await reply(message, Screen(text, keyboard), do_quote=True)

    async def press(self, press: ButtonPress[SentStickerButton]) -> str:
        """Handle the press of one of the menu's buttons; returns a sentence for the user."""
        button, words = press.button, press.words
        try:
            name = await self._packs.name(press.user.id, button.number)
            sticker = await self._packs.sticker(name, button.sticker) if name else None
            if name is None:
                return words("pack-gone")
            if sticker is None:
                return words("sticker-gone", kind=kind_of(name).value)
            sentence = await self.act(press.user.id, button.action, sticker, words)
            if button.action == "delete":
                await show(press.query, Screen(sentence))
        except REFUSALS:
            return words("not-changed")
        return sentence

    async def act(self, user_id: int, action: str, sticker: Sticker, words: Texts) -> str:
        """Act on one of the user's stickers; returns a sentence for the user.

        Raises TelegramError, and OldButton for an unknown action.
        """
        match action:
            case "first":
                await self._packs.move_first(sticker)
                return words("sticker-is-first")
            case "emoji":
                return words("sticker-emoji-how")
            case "replace":
                data = json.dumps([sticker.set_name, sticker.file_unique_id])
                await self._redis.set(_key(user_id), data, ex=REPLACE_TTL)
                return words("sticker-replace-how", kind=sticker.type)
            case "delete":
                await self._packs.remove(sticker)
                return words("sticker-deleted", kind=sticker.type)
        raise OldButton

    async def replacement(self, user_id: int) -> Replacement | None:
        """The pending replacement of the user; None without one, or if the sticker is gone."""
        data: Any = await self._redis.get(_key(user_id))
        if data is None:
            return None
        found = read(_key(user_id), data, _decode)
        if found is None:
            return None
        name, unique_id = found
        sticker = await self._packs.sticker(name, unique_id)
        return Replacement(name, sticker) if sticker else None

    async def cancel_replacement(self, user_id: int) -> bool:
        """Cancel the pending replacement of a sticker; False when there is none."""
        return bool(await self._redis.delete(_key(user_id)))

    async def replace(self, owner: Owner, replacement: Replacement, sticker: InputSticker) -> None:
        """Replace a sticker by a chosen one.  Raises TelegramError."""
        await self._packs.replace(owner, replacement.pack, replacement.sticker, sticker)
        await self._redis.delete(_key(owner.user_id))

    async def forget(self, user_id: int) -> None:
        """Delete the pending replacement of one of a user's stickers."""
        await delete(self._redis, _key(user_id))


def _menu(user: User, sticker: Sticker, set_name: str, words: Texts) -> InlineKeyboardMarkup:
    number, unique_id = number_of(set_name), sticker.file_unique_id
    buttons = [
        SentStickerButton(action, user.id, number, unique_id).button(
            words(f"sticker-{action}", kind=sticker.type)
        )
        for action in ACTIONS
    ]
    return InlineKeyboardMarkup([buttons[:2], buttons[2:]])


def _decode(data: bytes) -> tuple[str, str]:
    """The pack and the unique id of the sticker to be replaced.  Raises ValueError."""
    name, unique_id = from_json(list[str], data)
    if not is_pack_name(name):
        raise ValueError("it is no name of a pack")
    return name, unique_id


def _key(user_id: int) -> str:
    return f"emojich:replacing:{user_id}"
