"""Changes emoji of stickers: a user replies to a sticker, or to a request's message, with emoji."""

import logging

from telegram import Message, Sticker, Update

from bot.inline.index import LabelStore
from bot.packs.sticker_sets import StickerSets
from bot.requests.delivery import Delivery
from bot.requests.record import EmojiChanged, Record
from bot.requests.store import Store
from bot.russian.written_emoji import written_emoji
from bot.telegram.context import Context
from bot.telegram.errors import REFUSALS
from bot.telegram.messages import reply
from bot.texts import Texts

log = logging.getLogger(__name__)


class EmojiReplies:
    """Changes the emoji of a request's stickers, in a pack or not yet, and of single stickers."""

    def __init__(self, store: Store, delivery: Delivery, packs: StickerSets, labels: LabelStore):
        self._store = store
        self._delivery = delivery
        self._packs = packs
        self._labels = labels

    async def answer(self, update: Update, context: Context) -> None:
        """Handle a reply of emoji in a private chat."""
        message, user = update.effective_message, update.effective_user
        if message and user:
            sentence = await self._relabel(message, user.id, context.words)
            await reply(message, sentence)

    async def answer_in_group(self, update: Update, context: Context) -> None:
        """Handle a reply of emoji to the message of a request, if its user has sent the reply.

        Other replies of emoji are part of a group's conversation.
        """
        message, user = update.effective_message, update.effective_user
        if not (message and user):
            return
        if record := await self._record(message, user.id):
            sentence = await self._relabel_request(record, message, context.words)
            await reply(message, sentence)

    async def _relabel(self, message: Message, user_id: int, words: Texts) -> str:
        to = message.reply_to_message
        if to and to.sticker:
            return await self._relabel_sticker(to.sticker, user_id, message, words)
        if record := await self._record(message, user_id):
            return await self._relabel_request(record, message, words)
        return words("relabel-what")

    async def _record(self, message: Message, user_id: int) -> Record | None:
        """The user's request whose message the user answers, if any."""
        to = message.reply_to_message
        return await self._store.of_message(user_id, message.chat_id, to.message_id) if to else None

    async def _relabel_request(self, record: Record, message: Message, words: Texts) -> str:
        emoji = written_emoji(message.text or "")
        try:
            await self._relabel_added(record, emoji)
        except REFUSALS as error:
            log.error("request %s: its stickers keep their emoji: %s", record.id, error)
            return words("not-relabelled")
        await self._delivery.change(record.id, EmojiChanged(emoji))
        return words("relabelled", emoji=" ".join(emoji))

    async def _relabel_sticker(
        self, sticker: Sticker, user_id: int, message: Message, words: Texts
    ) -> str:
        """Change the emoji of the sticker that the user answers, if it is in one of their packs."""
        if not (sticker.set_name and await self._packs.is_owner(user_id, sticker.set_name)):
            return words("foreign-sticker", kind=sticker.type)
        return await self.relabel(sticker, user_id, written_emoji(message.text or ""), words)

    async def relabel(self, sticker: Sticker, user_id: int, emoji: list[str], words: Texts) -> str:
        """Change the emoji of one of the user's stickers; returns a sentence for the user."""
        try:
            await self._set_emoji(user_id, sticker, emoji)
        except REFUSALS as error:
            log.warning("a sticker keeps its emoji: %s", error)
            return words("not-relabelled")
        return words("relabelled-one", emoji=" ".join(emoji), kind=sticker.type)

    async def _relabel_added(self, record: Record, emoji: list[str]) -> None:
        for placed in record.placed.values():
            for number, pack in placed.packs.items():
                if sticker := await self._packs.find(pack, placed.uploads[number]):
                    await self._set_emoji(record.user_id, sticker, emoji)

    async def _set_emoji(self, user_id: int, sticker: Sticker, emoji: list[str]) -> None:
        await self._packs.set_emoji(sticker, emoji)
        await self._labels.relabel(user_id, sticker.file_unique_id, emoji)
