"""One sticker of a pack: its owner sends it, and chooses what becomes of it.

emojich:replacing:<user id>  string  the sticker that the next chosen one will replace
"""

import json
import re
from typing import Any

import redis.asyncio
from telegram import (
    CallbackQuery,
    InlineKeyboardButton,
    InlineKeyboardMarkup,
    InputSticker,
    Sticker,
    Update,
    User,
)
from telegram.error import TelegramError
from telegram.ext import ContextTypes

from bot.buttons import Tap
from bot.packs.names import number_of
from bot.packs.packs import Owner, Packs
from bot.patience import insist
from bot.texts import Texts, language_for, texts

# 1:sticker:<what to do>:<whose>:<the pack's number>:<file_unique_id>
TAP = re.compile(r"1:sticker:(?P<action>[a-z]+):(?P<owner>\d+):(?P<number>\d+):(?P<sticker>[\w-]+)")
ACTIONS = ("first", "emoji", "replace", "delete")
REPLACE_TTL = 15 * 60  # seconds in which the new sticker must be chosen


class Tidy:
    """Changes single stickers."""

    def __init__(self, packs: Packs, connection: redis.asyncio.Redis):
        self._packs = packs
        self._redis = connection

    async def show(self, update: Update, _: ContextTypes.DEFAULT_TYPE) -> None:
        """Answer a sticker: with what can be done with it, if it is from a pack of the user's."""
        user, message = update.effective_user, update.effective_message
        if not (user and message and message.sticker):
            return
        words, sticker = texts(language_for(user.language_code)), message.sticker
        text, keyboard = words("foreign-sticker"), None
        if sticker.set_name and await self._packs.is_owner(user.id, sticker.set_name):
            text, keyboard = words("sticker-menu"), _menu(user, sticker, sticker.set_name, words)
        await insist(lambda: message.reply_text(text, reply_markup=keyboard, do_quote=True))

    async def tap(self, tap: Tap) -> str:
        """Do what one of the menu's buttons says."""
        name = self._packs.name(tap.user.id, int(tap.data["number"]))
        try:
            sticker = await self._packs.sticker(name, tap.data["sticker"])
            if sticker is None:
                return tap.words("sticker-gone")
            return await self._act_on(tap.query, tap.data["action"], name, sticker, tap.words)
        except TelegramError:
            return tap.words("not-changed")

    async def replace(self, owner: Owner, sticker: InputSticker) -> str | None:
        """Put a chosen sticker in the place of the one that waits for it; the pack's name.

        None when none waits, or when it is no longer there.  Raises TelegramError.
        """
        waiting: Any = await self._redis.getdel(_key(owner.user_id))
        if waiting is None:
            return None
        name, unique_id = json.loads(waiting)
        old = await self._packs.sticker(name, unique_id)
        if old is None:
            return None
        await self._packs.replace(owner, name, old, sticker)
        return str(name)

    async def _act_on(
        self, query: CallbackQuery, action: str, name: str, sticker: Sticker, words: Texts
    ) -> str:
        match action:
            case "first":
                await self._packs.move_first(sticker)
                return words("sticker-is-first")
            case "emoji":
                return words("sticker-emoji-how")
            case "replace":
                waiting = json.dumps([name, sticker.file_unique_id])
                await self._redis.set(_key(query.from_user.id), waiting, ex=REPLACE_TTL)
                return words("sticker-replace-how")
            case "delete":
                await self._packs.remove(sticker)
                await insist(lambda: query.edit_message_text(words("sticker-deleted")))
                return words("sticker-deleted")
        return words("old-button")


def _menu(user: User, sticker: Sticker, set_name: str, words: Texts) -> InlineKeyboardMarkup:
    end = f"{user.id}:{number_of(set_name)}:{sticker.file_unique_id}"
    buttons = [
        InlineKeyboardButton(words(f"sticker-{action}"), callback_data=f"1:sticker:{action}:{end}")
        for action in ACTIONS
    ]
    return InlineKeyboardMarkup([buttons[:2], buttons[2:]])


def _key(user_id: int) -> str:
    return f"emojich:replacing:{user_id}"
