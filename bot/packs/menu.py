"""/packs: lists a user's packs, and changes them."""

import re

from telegram import Message, Update, User

from bot.packs.names import BadTitle, Kind, clean_title
from bot.packs.screens import PackButton, Screens
from bot.packs.sticker_sets import Pack, StickerSets
from bot.requests.limits import MAX_EMOJI
from bot.telegram.callbacks import ButtonPress, OldButton
from bot.telegram.context import Context
from bot.telegram.errors import REFUSALS
from bot.telegram.messages import Screen, has_picture, is_reachable, reply, show
from bot.telegram.questions import Questions
from bot.texts import Texts

# The purpose of a question: the pack's number; for a new pack, 0 and perhaps its kind.
_TITLE = re.compile(rf"title:(\d+)(?::({Kind.EMOJI}))?")


class PackMenu:
    """Answers /packs, its buttons and its questions."""

    def __init__(self, packs: StickerSets, screens: Screens, questions: Questions):
        self._packs = packs
        self._screens = screens
        self._questions = questions

    async def show(self, update: Update, context: Context) -> None:
        """Answer /packs."""
        user, message = update.effective_user, update.effective_message
        if user and message:
            await reply(message, await self._screens.packs(user, 0, context.words))

    async def press(self, press: ButtonPress[PackButton]) -> str | None:
        """Handle the press of a button of the menu; returns a sentence for the user, if any."""
        user, words, action = press.user, press.words, press.button.action
        if not is_reachable(press.query):
            return words("packs-old")
        try:
            match action:
                case "new":
                    await self._questions.ask(press, words("ask-title"), "title:0")
                    return None
                case "emoji":
                    question = words("ask-title-emoji", allowed=MAX_EMOJI)
                    await self._questions.ask(press, question, f"title:0:{Kind.EMOJI}")
                    return None
                case "list":
                    await self._list(press)
                    return None
            pack = await self._packs.get(user.id, press.button.number)
            if pack is None:
                await self._list(press)
                return words("pack-gone")
            return await self._act_on(press, pack)
        except REFUSALS:
            return words("not-changed")

    async def take_title(self, user: User, message: Message, words: Texts) -> bool:
        """Handle a reply to the question for a title; False when the message is no such reply."""
        asked = message.reply_to_message
        purpose = (
            await self._questions.purpose(message.chat_id, asked.message_id) if asked else None
        )
        match = _TITLE.fullmatch(purpose or "")
        if asked is None or purpose is None or match is None:
            return False
        kind = Kind(match[2] or Kind.STICKERS)
        sentence = await self._name(user, int(match[1]), kind, message.text or "", words)
        if sentence is None:
            await self._questions.ask_again(message, words("bad-title"), purpose)
        else:
            await self._questions.close(message.chat_id, asked.message_id)
            await reply(message, sentence)
        return True

    async def _name(
        self, user: User, number: int, kind: Kind, text: str, words: Texts
    ) -> str | None:
        """Begin a pack (number 0) or rename one; None when the title is not valid."""
        try:
            title = clean_title(text)
        except BadTitle:
            return None
        if number == 0:
            await self._packs.begin(user.id, title, kind)
            return words("pack-begun", title=title, kind=kind.value)
        try:
            name = await self._packs.name(user.id, number)
            if name is None:
                return words("pack-gone")
            await self._packs.retitle(user.id, name, title)
        except REFUSALS:
            return words("not-changed")
        return words("retitled", title=title)

    async def _act_on(self, press: ButtonPress[PackButton], pack: Pack) -> str | None:
        user, words = press.user, press.words
        match press.button.action:
            case "open":
                page = press.button.page
                await show(press.query, await self._screens.pack(user, pack, page, words))
            case "choose":
                await self._packs.choose(user.id, pack.name)
                await self._list(press)
            case "title":
                await self._questions.ask(press, words("ask-title"), f"title:{pack.number}")
            case "delete":
                await show(press.query, self._screens.delete_question(user, pack, words))
            case "sure":
                await self._packs.delete(user.id, pack.name)
                await self._list(press)
                return words("pack-deleted")
            case _:
                raise OldButton
        return None

    async def _list(self, press: ButtonPress[PackButton]) -> None:
        screen = await self._screens.packs(press.user, press.button.page, press.words)
        if screen.picture is None and has_picture(press.query):
            # Else the message would still show the picture of the pack that was open.
            screen = Screen(screen.text, screen.keyboard, await self._screens.blank())
        await show(press.query, screen)
