"""/packs: what packs there are, and what can be done with each."""

import re

from telegram import (
    CallbackQuery,
    InlineKeyboardButton,
    InlineKeyboardMarkup,
    Message,
    Update,
    User,
)
from telegram.error import TelegramError
from telegram.ext import ContextTypes

from bot.buttons import Tap
from bot.packs.names import BadTitle, clean_title, number_of, pack_link
from bot.packs.packs import Owner, Pack, Packs
from bot.packs.questions import Questions
from bot.patience import insist
from bot.texts import Texts, language_for, texts
from bot.view import View, edit

# 1:pack:<what to do>:<whose>:<the pack's number; 0 where it is not about one>
TAP = re.compile(r"1:pack:(?P<action>[a-z]+):(?P<owner>\d+):(?P<number>\d+)")
_TITLE = re.compile(r"title:(\d+)")  # the purpose of a question: the pack's number, 0 for a new one


class PackMenu:
    """Shows packs, and does what is tapped."""

    def __init__(self, packs: Packs, questions: Questions):
        self._packs = packs
        self._questions = questions

    async def show(self, update: Update, _: ContextTypes.DEFAULT_TYPE) -> None:
        """Answer /packs."""
        user, message = update.effective_user, update.effective_message
        if user and message:
            shown = await self._list(user, _words(user))
            await insist(lambda: message.reply_text(shown.text, reply_markup=shown.keyboard))

    async def tap(self, tap: Tap) -> str | None:
        """Do what one of the menu's buttons says."""
        user, words, action = tap.user, tap.words, tap.data["action"]
        if action == "new":
            await self._questions.ask(user.id, words("ask-title"), "title:0")
            return None
        if action == "list":
            await edit(tap.query, await self._list(user, words))
            return None
        pack = await self._find(user, int(tap.data["number"]))
        if pack is None:
            await edit(tap.query, await self._list(user, words))
            return words("pack-gone")
        try:
            return await self._act_on(tap.query, action, pack, words)
        except TelegramError:
            return words("not-changed")

    async def take_title(self, user: User, message: Message) -> bool:
        """Take a message that answers the question for a title; False when it does not."""
        asked = message.reply_to_message
        purpose = (
            await self._questions.purpose(message.chat_id, asked.message_id) if asked else None
        )
        match = _TITLE.fullmatch(purpose or "")
        if asked is None or match is None:
            return False
        sentence = await self._name(user, int(match[1]), message.text or "")
        if sentence is not None:
            await self._questions.close(message.chat_id, asked.message_id)
        answer = sentence or _words(user)("bad-title")
        await insist(lambda: message.reply_text(answer))
        return True

    async def _name(self, user: User, number: int, text: str) -> str | None:
        """Begin a pack, or call one differently; None when the title will not do."""
        words = _words(user)
        try:
            title = clean_title(text)
        except BadTitle:
            return None
        if number == 0:
            await self._packs.begin(user.id, title)
            return words("pack-begun", title=title)
        try:
            await self._packs.retitle(user.id, self._packs.name(user.id, number), title)
        except TelegramError:
            return words("not-changed")
        return words("retitled", title=title)

    async def _act_on(
        self, query: CallbackQuery, action: str, pack: Pack, words: Texts
    ) -> str | None:
        user_id, number = query.from_user.id, number_of(pack.name)
        match action:
            case "open":
                await edit(query, _one(pack, user_id, words))
            case "choose":
                await self._packs.choose(user_id, pack.name)
                await edit(query, await self._list(query.from_user, words))
            case "title":
                await self._questions.ask(user_id, words("ask-title"), f"title:{number}")
            case "delete":
                await edit(query, _sure(pack, user_id, words))
            case "sure":
                await self._packs.delete(user_id, pack.name)
                await edit(query, await self._list(query.from_user, words))
                return words("pack-deleted")
            case _:
                return words("old-button")
        return None

    async def _find(self, user: User, number: int) -> Pack | None:
        packs = await self._packs.all(_owner(user))
        return next((pack for pack in packs if number_of(pack.name) == number), None)

    async def _list(self, user: User, words: Texts) -> View:
        packs = await self._packs.all(_owner(user))
        lines = [words("packs-list") if packs else words("packs-none")]
        rows = []
        for pack in packs:
            lines += ["", _line(pack, words)]
            rows.append([_button(pack.title, "open", user.id, pack)])
        rows.append([_button(words("new-pack"), "new", user.id)])
        return View("\n".join(lines), InlineKeyboardMarkup(rows))


def _words(user: User) -> Texts:
    return texts(language_for(user.language_code))


def _owner(user: User) -> Owner:
    return Owner(user.id, user.first_name)


def _line(pack: Pack, words: Texts) -> str:
    """A pack with its count; its link, from which Telegram makes a picture, below."""
    mark = "● " if pack.is_current else ""
    line = mark + words("packs-line", title=pack.title, count=len(pack.stickers))
    return f"{line}\n{pack_link(pack.name)}" if pack.stickers else line


def _one(pack: Pack, user_id: int, words: Texts) -> View:
    rows = [
        [
            _button(words("retitle"), "title", user_id, pack),
            _button(words("delete-pack"), "delete", user_id, pack),
        ],
        [_button(words("back"), "list", user_id)],
    ]
    if not pack.is_current:
        rows.insert(0, [_button(words("choose-pack"), "choose", user_id, pack)])
    text = f"{_line(pack, words)}\n\n{words('packs-hint')}"
    return View(text, InlineKeyboardMarkup(rows))


def _sure(pack: Pack, user_id: int, words: Texts) -> View:
    rows = [
        [_button(words("yes-delete"), "sure", user_id, pack)],
        [_button(words("back"), "open", user_id, pack)],
    ]
    text = words("delete-pack-sure", title=pack.title, count=len(pack.stickers))
    return View(text, InlineKeyboardMarkup(rows))


def _button(
    label: str, action: str, user_id: int, pack: Pack | None = None
) -> InlineKeyboardButton:
    number = number_of(pack.name) if pack else 0
    return InlineKeyboardButton(label, callback_data=f"1:pack:{action}:{user_id}:{number}")
