"""The page of one sticker: a user chooses its number in /packs, or sends one custom emoji."""

import re

from telegram import Message, MessageEntity, Update, User
from telegram.ext.filters import MessageFilter

from bot.packs.emoji_replies import EmojiReplies
from bot.packs.names import Kind, number_of
from bot.packs.screens import STICKERS_A_PAGE, Screens, StickerButton
from bot.packs.sticker_menu import StickerMenu
from bot.packs.sticker_sets import Pack, StickerSets
from bot.russian.written_emoji import is_emoji_only, written_emoji
from bot.telegram.callbacks import ButtonPress
from bot.telegram.context import Context
from bot.telegram.errors import REFUSALS
from bot.telegram.messages import is_reachable, reply, show
from bot.telegram.questions import Questions
from bot.texts import Texts

# The purpose of a question for emoji: the pack's number, and the sticker.
_EMOJI = re.compile(r"emoji:(\d+):([\w-]+)")


class _IsCustomEmoji(MessageFilter):
    """Matches messages that are one custom emoji and nothing else."""

    def filter(self, message: Message) -> bool:
        return _custom_emoji_id(message) is not None


IS_CUSTOM_EMOJI = _IsCustomEmoji()


class StickerPage:
    """Shows and changes a sticker of a pack."""

    def __init__(
        self,
        packs: StickerSets,
        screens: Screens,
        sticker_menu: StickerMenu,
        emoji_replies: EmojiReplies,
        questions: Questions,
    ):
        self._packs = packs
        self._screens = screens
        self._sticker_menu = sticker_menu
        self._emoji_replies = emoji_replies
        self._questions = questions

    async def press(self, press: ButtonPress[StickerButton]) -> str | None:
        """Handle the press of a sticker's button; returns a sentence for the user, if any."""
        if not is_reachable(press.query):
            return press.words("packs-old")
        try:
            pack = await self._packs.get(press.user.id, press.button.number)
            if pack is None:
                await show(press.query, await self._screens.packs(press.user, 0, press.words))
                return press.words("pack-gone")
            return await self._act_on(press, pack)
        except REFUSALS:
            return press.words("not-changed")

    async def show(self, update: Update, context: Context) -> None:
        """Answer a custom emoji; if it is from one of the user's packs, with its page."""
        user, message = update.effective_user, update.effective_message
        wanted = _custom_emoji_id(message) if message else None
        if not (user and message and wanted):
            return
        words = context.words
        sticker = await self._packs.emoji(wanted)
        name = sticker.set_name if sticker else None
        is_own = name is not None and await self._packs.is_owner(user.id, name)
        pack = await self._packs.get(user.id, number_of(name)) if name and is_own else None
        index = pack.index(sticker.file_unique_id) if pack and sticker else None
        if pack is None or index is None:
            foreign = words("foreign-sticker", kind=Kind.EMOJI.value)
            await reply(message, foreign, do_quote=True)
        else:
            await reply(message, await self._screens.sticker(user, pack, index, words))

    async def take_emoji(self, user: User, message: Message, words: Texts) -> bool:
        """Handle a reply to the question for emoji; False when the message is no such reply."""
        asked = message.reply_to_message
        if asked is None:
            return False
        purpose = await self._questions.purpose(message.chat_id, asked.message_id)
        match = _EMOJI.fullmatch(purpose or "")
        if purpose is None or match is None:
            return False
        if not is_emoji_only(message.text or ""):
            await self._questions.ask_again(message, words("bad-emoji"), purpose)
            return True
        emoji = written_emoji(message.text or "")
        sentence = await self._relabel(user, int(match[1]), match[2], emoji, words)
        await self._questions.close(message.chat_id, asked.message_id)
        await reply(message, sentence)
        return True

    async def _act_on(self, press: ButtonPress[StickerButton], pack: Pack) -> str | None:
        action, wanted, words = press.button.action, press.button.sticker, press.words
        index = pack.index(wanted)
        if index is None:
            await show(press.query, await self._screens.pack(press.user, pack, 0, words))
            return words("sticker-gone", kind=pack.kind.value)
        match action:
            case "open":
                await show(press.query, await self._screens.sticker(press.user, pack, index, words))
                return None
            case "emoji":
                purpose = f"emoji:{pack.number}:{wanted}"
                question = words("ask-emoji", kind=pack.kind.value)
                await self._questions.ask(press, question, purpose)
                return None
        sentence = await self._sticker_menu.act(press.user.id, action, pack.stickers[index], words)
        if action in ("first", "delete"):
            page = 0 if action == "first" else index // STICKERS_A_PAGE
            changed = await self._packs.get(press.user.id, pack.number) or pack
            await show(press.query, await self._screens.pack(press.user, changed, page, words))
        return sentence

    async def _relabel(
        self, user: User, number: int, unique_id: str, emoji: list[str], words: Texts
    ) -> str:
        try:
            pack = await self._packs.get(user.id, number)
            index = pack.index(unique_id) if pack else None
        except REFUSALS:
            return words("not-relabelled")
        if pack is None:
            return words("pack-gone")
        if index is None:
            return words("sticker-gone", kind=pack.kind.value)
        return await self._emoji_replies.relabel(pack.stickers[index], user.id, emoji, words)


def _custom_emoji_id(message: Message) -> str | None:
    """The id of the custom emoji if the message is one custom emoji and nothing else."""
    if not message.text or len(message.entities) != 1:
        return None
    found = message.parse_entities([MessageEntity.CUSTOM_EMOJI])
    return next((e.custom_emoji_id for e, text in found.items() if text == message.text), None)
