"""/forget: delete a user's data in Redis, after asking the user.

Each store deletes the keys that it writes (`UserStore`).  Some keys stay, and /privacy says so: the
user's requests and reports of the last day (`Quota`, `Reports`), reports of the user's stickers,
which expire, and the user's ban (`Access`).  A user who could delete these would have no limits.
The marks of requests that have ended stay for another minute
(`worker.queue.ends.forget`).
"""

from collections.abc import Collection
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from telegram import InlineKeyboardButton, InlineKeyboardMarkup, Update, User

from bot.packs.sticker_sets import Owner, StickerSets
from bot.requests.intake import Intake
from bot.requests.store import Store
from bot.telegram.callbacks import ButtonPress, Callback
from bot.telegram.context import Context
from bot.telegram.errors import REFUSALS
from bot.telegram.messages import Screen, reply, show
from bot.texts import Texts


class ForgetChoice(StrEnum):
    """The user's answer to the question of /forget."""

    ALL = "all"  # the packs, too
    KEEP = "keep"  # not the packs
    NO = "no"


@dataclass(frozen=True)
class ForgetButton(Callback):
    """Answers the question of /forget."""

    kind = "forget"
    choice: ForgetChoice
    owner: int


class UserStore(Protocol):
    """A store that holds data of users; `bot/app.py` gives all of them to `Forget`."""

    async def forget(self, user_id: int) -> None:
        """Delete all data of a user.  Safe to repeat."""


class Forget:
    """Asks for confirmation, and deletes a user's data."""

    def __init__(
        self, intake: Intake, packs: StickerSets, requests: Store, stores: Collection[UserStore]
    ):
        self._intake = intake
        self._packs = packs
        self._requests = requests
        self._stores = stores

    async def ask(self, update: Update, context: Context) -> None:
        """Answer /forget with a question."""
        user, message = update.effective_user, update.effective_message
        if user and message:
            words = context.words
            await reply(message, Screen(words("forget-sure"), _keyboard(user, words)))

    async def press(self, press: ButtonPress[ForgetButton]) -> None:
        """Handle the answer to the question of /forget."""
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
                return words("not-changed")  # nothing else is deleted yet: the user can try again
        # Without the lock, a change in progress would restore its record.
        async with self._requests.records_lock(user.id):
            for store in self._stores:
                await store.forget(user.id)
        return words("forgotten")


def _keyboard(user: User, words: Texts) -> InlineKeyboardMarkup:
    def row(label: str, choice: ForgetChoice) -> list[InlineKeyboardButton]:
        return [ForgetButton(choice, user.id).button(label)]

    return InlineKeyboardMarkup(
        [
            row(words("forget-keep"), ForgetChoice.KEEP),
            row(words("forget-all"), ForgetChoice.ALL),
            row(words("back"), ForgetChoice.NO),
        ]
    )
