"""Buttons: one dataclass each, which packs and parses its own callback data.

Callback data is `1:<kind>:<field>:<field>:…`.  Buttons outlive deployments, so a format stays as it
is; data that no dataclass parses belongs to another version, and its user hears that it is old.
"""

import re
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import MISSING, dataclass, fields
from enum import StrEnum
from functools import cache
from typing import Any, ClassVar, Generic, Self, TypeVar, get_type_hints

from telegram import CallbackQuery, InlineKeyboardButton, Update, User
from telegram.constants import InlineKeyboardButtonLimit
from telegram.error import BadRequest
from telegram.ext import CallbackQueryHandler
from telegram.helpers import create_deep_linked_url

from bot.telegram.context import Context
from bot.telegram.retry import insist
from bot.texts import Texts

_VERSION = "1"
# Characters that are read in the two or three seconds for which Telegram shows a notification; more
# of them stay until they are put away (`show_alert`).
_MAX_NOTIFICATION = 80


class OldButton(Exception):
    """The button is of another version, or about something that is there no longer."""


class NotYours(Exception):
    """The button belongs to another user."""


class StartNeeded(Exception):
    """The user has to press Start in the bot's chat before the bot can do this."""

    def __init__(self, parameter: str):
        super().__init__(parameter)
        self.parameter = parameter  # of /start, to go on with


@dataclass(frozen=True)
class Callback:
    """The base of all buttons' dataclasses.

    Fields are integers, texts of letters, digits, _ and -, or a StrEnum; those at the end that have
    their default are left out.  `__post_init__` may raise ValueError for data that is no button's.
    A field `owner` is the id of the only user who may press the button.

    >>> @dataclass(frozen=True)
    ... class Open(Callback):
    ...     kind = "open"
    ...     owner: int
    ...     page: int = 0
    >>> Open(7).pack(), Open.parse("1:open:7:3")
    ('1:open:7', Open(owner=7, page=3))
    """

    kind: ClassVar[str] = ""  # none where the first field tells it

    def pack(self) -> str:
        """The callback data."""
        values = [getattr(self, field.name) for field in fields(self)]
        for field in reversed(fields(self)):
            if field.default is MISSING or values[-1] != field.default:
                break
            values.pop()
        return ":".join(filter(None, (_VERSION, self.kind, *map(str, values))))

    @classmethod
    def parse(cls, data: object) -> Self | None:
        """The button of some callback data; None where it is another one's."""
        # Numbers in longer data, which no button of ours has, could be too long to be read.
        if not isinstance(data, str) or len(data) > InlineKeyboardButtonLimit.MAX_CALLBACK_DATA:
            return None
        match = _pattern(cls).fullmatch(data)  # type: ignore[arg-type]  # a class is hashable
        if match is None:
            return None
        types = get_type_hints(cls)
        values = {name: types[name](text) for name, text in match.groupdict().items() if text}
        try:
            return cls(**values)
        except ValueError:
            return None

    def button(self, label: str) -> InlineKeyboardButton:
        """The button with this label."""
        return InlineKeyboardButton(label, callback_data=self.pack())


AnyCallback = TypeVar("AnyCallback", bound=Callback)


@dataclass(frozen=True)
class ButtonPress(Generic[AnyCallback]):
    """A button that a user has pressed."""

    query: CallbackQuery
    button: AnyCallback
    update_id: int
    words: Texts

    @property
    def user(self) -> User:
        """The user who has pressed it."""
        return self.query.from_user


# Returns the sentence for the user, if it takes one.  Raises OldButton, NotYours, StartNeeded.
Act = Callable[[ButtonPress[AnyCallback]], Awaitable[str | None]]


def on_press(button: type[AnyCallback], act: Act[AnyCallback]) -> CallbackQueryHandler[Any, Any]:
    """A handler of one kind of buttons; only the owner of a button gets to `act`."""

    async def answer(update: Update, context: Context) -> None:
        query = update.callback_query
        pressed = button.parse(query.data) if query else None
        if query is None or pressed is None:
            return
        words, sentence, url = context.words, None, None
        try:
            if getattr(pressed, "owner", query.from_user.id) != query.from_user.id:
                raise NotYours
            sentence = await act(ButtonPress(query, pressed, update.update_id, words))
        except NotYours:
            sentence = words("not-yours")
        except OldButton:
            sentence = words("old-button")
        except StartNeeded as error:
            url = create_deep_linked_url(query.get_bot().username, error.parameter)
        await answer_press(query, sentence, url)

    return CallbackQueryHandler(answer, lambda data: button.parse(data) is not None)


def on_old_button() -> CallbackQueryHandler[Any, Any]:
    """The handler of the buttons that no other handler knows."""

    async def answer(update: Update, context: Context) -> None:
        if query := update.callback_query:
            await answer_press(query, context.words("old-button"))

    return CallbackQueryHandler(answer)


async def answer_press(query: CallbackQuery, sentence: str | None, url: str | None = None) -> None:
    """Have a button stop blinking, with a sentence if there is one to say.

    Or with a link to the bot, which opens by itself; Telegram's apps drop it beside a sentence.
    """
    is_long = len(sentence or "") > _MAX_NOTIFICATION
    with suppress(BadRequest):  # too late for an answer; the message tells
        await insist(lambda: query.answer(sentence, show_alert=is_long, url=url))


@cache
def _pattern(button: type[Callback]) -> re.Pattern[str]:
    """What the callback data of a button looks like."""
    types = get_type_hints(button)
    pattern = f"{_VERSION}:{button.kind}" if button.kind else _VERSION
    for field in fields(button):
        part = f":(?P<{field.name}>{_values(types[field.name])})"
        pattern += part if field.default is MISSING else f"(?:{part})?"
    return re.compile(pattern)


def _values(kind: Any) -> str:
    if isinstance(kind, type) and issubclass(kind, StrEnum):
        return "|".join(kind)
    return r"\d+" if kind is int else r"[\w-]+"
