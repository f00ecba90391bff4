"""/forget: delete what Redis has of a user, after asking.

Not how many requests they had in the last day, and not that they are banned: /forget is no way
around the bot's limits.
"""

from dataclasses import dataclass
from enum import StrEnum

import redis.asyncio
from telegram import InlineKeyboardButton, InlineKeyboardMarkup, Update, User

from bot.admin.redis_repair import ODD
from bot.packs.sticker_sets import Owner, StickerSets
from bot.requests.intake import Intake
from bot.requests.store import Store
from bot.telegram.callbacks import ButtonPress, Callback
from bot.telegram.context import Context
from bot.telegram.errors import REFUSALS
from bot.telegram.messages import Screen, reply, show
from bot.texts import Texts


class ForgetChoice(StrEnum):
    """What the user answers."""

    ALL = "all"  # the packs, too
    KEEP = "keep"  # not the packs
    NO = "no"


@dataclass(frozen=True)
class ForgetButton(Callback):
    """Answers the question of /forget."""

    kind = "forget"
    choice: ForgetChoice
    owner: int


# What is stored under a user's id; in a private chat, the chat's id is the user's, and the ids of
# requests begin with it.  A key that is added elsewhere belongs here, too: a test looks for it.
_KEYS = (
    "emojich:settings:{}",
    "emojich:history:{}",
    "emojich:packs:{}",
    "emojich:begun:{}",
    "emojich:titles:{}",
    "emojich:current:{}",
    "emojich:replacing:{}",
    "emojich:labels:{}",
)
# `emojich:asked:{}` (see `quota`) stays, and is gone in a day by itself: a user who could have it
# deleted would have no limits.  So does a ban (see `access`).  /privacy says so.
_PATTERNS = (
    "emojich:request:{}_*",
    "emojich:prompt:{}:*",
    "emojich:message:{}:*",
    "emojich:question:{}:*",
    "emojich:stickers:{}_*",
    "emojich:codes:{}_*",
    "emojich:ended:{}_*",
    "rq:job:{}_*",
    "rq:results:{}_*",
)


class Forget:
    """Asks, and forgets."""

    def __init__(
        self, connection: redis.asyncio.Redis, store: Store, intake: Intake, packs: StickerSets
    ):
        self._redis = connection
        self._store = store
        self._intake = intake
        self._packs = packs

    async def ask(self, update: Update, context: Context) -> None:
        """Answer /forget with a question."""
        user, message = update.effective_user, update.effective_message
        if user and message:
            words = context.words
            await reply(message, Screen(words("forget-sure"), _keyboard(user, words)))

    async def press(self, press: ButtonPress[ForgetButton]) -> None:
        """Forget, or not."""
        choice = press.button.choice
        if choice is ForgetChoice.NO:
            await show(press.query, Screen(press.words("forget-not")))
        else:
            await show(
                press.query,
                Screen(await self._forget(press.user, choice is ForgetChoice.ALL, press.words)),
            )

    async def _forget(self, user: User, packs_too: bool, words: Texts) -> str:
        await self._intake.cancel_all(user.id)
        if packs_too:
            try:
                for pack in await self._packs.all(Owner(user.id, user.first_name)):
                    await self._packs.delete(user.id, pack.name)
            except REFUSALS:
                return words("not-changed")  # and nothing is forgotten, so it can be tried again
        async with self._store.at_rest():  # or a change under way would write its record again
            await self._delete(user.id)
        return words("forgotten")

    async def _delete(self, user_id: int) -> None:
        keys = [key.format(user_id) for key in _KEYS]
        await self._redis.delete(*keys, *[key + ODD for key in keys])
        for pattern in _PATTERNS:
            async for key in self._redis.scan_iter(pattern.format(user_id), count=1000):
                await self._redis.delete(key)


def _keyboard(user: User, words: Texts) -> InlineKeyboardMarkup:
    def row(label: str, what: str) -> list[InlineKeyboardButton]:
        return [InlineKeyboardButton(label, callback_data=f"1:forget:{what}:{user.id}")]

    return InlineKeyboardMarkup(
        [
            row(words("forget-keep"), "keep"),
            row(words("forget-all"), "all"),
            row(words("back"), "no"),
        ]
    )
