"""Buttons: one dataclass each, which packs and parses its own callback data.

Callback data is `1:<kind>:<field>:<field>:…`.  Buttons outlive deployments, so a format never
changes.  Data that no dataclass parses is from another version: the bot says that it is old.
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
from bot.telegram.retry import with_retries
from bot.texts import Texts

_VERSION = "1"
# Characters that a user can read in the two or three seconds for which Telegram shows a
# notification; a longer text stays until the user closes it (`show_alert`).
_MAX_NOTIFICATION = 80


class OldButton(Exception):
    """The button is of another version, or its object no longer exists."""


class NotYours(Exception):
    """The button belongs to another user."""


class StartNeeded(Exception):
    """The user has to press Start in the bot's chat before the bot can do this."""

    def __init__(self, parameter: str):
        super().__init__(parameter)
        self.parameter = parameter  # of /start, with which the bot continues


@dataclass(frozen=True)
class Callback:
    """The base of all buttons' dataclasses.

    Fields are integers, texts of letters, digits, _ and -, or a StrEnum; the last ones are left out
    while they have their defaults.  `__post_init__` may raise ValueError for values that no button
    has.
    A field `owner` is the id of the only user who may press the button.

    >>> @dataclass(frozen=True)
    ... class Open(Callback):
    ...     kind = "open"
    ...     owner: int
    ...     page: int = 0
    >>> Open(7).pack(), Open.parse("1:open:7:3")
    ('1:open:7', Open(owner=7, page=3))
    """

    kind: ClassVar[str] = ""  # empty if the first field is the kind

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
        """The button of some callback data; None for that of another kind."""
        # Longer data, which no button of the bot has, could hold numbers too long to parse.
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


# Returns a sentence for the user, or None.  Raises OldButton, NotYours, StartNeeded.
Act = Callable[[ButtonPress[AnyCallback]], Awaitable[str | None]]


def on_press(button: type[AnyCallback], act: Act[AnyCallback]) -> CallbackQueryHandler[Any, Any]:
    """The handler of one kind of buttons; it calls `act` only for the owner of the button."""

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
    """The handler of all buttons that no other handler takes."""

    async def answer(update: Update, context: Context) -> None:
        if query := update.callback_query:
            await answer_press(query, context.words("old-button"))

    return CallbackQueryHandler(answer)


async def answer_press(query: CallbackQuery, sentence: str | None, url: str | None = None) -> None:
    """Answer the press, so that the button stops blinking; show a sentence, if there is one.

    Telegram's apps open `url`, a link to the bot, but ignore it beside a sentence.
    """
    is_long = len(sentence or "") > _MAX_NOTIFICATION
    with suppress(BadRequest):  # too late for an answer; the message shows the result
        await with_retries(lambda: query.answer(sentence, show_alert=is_long, url=url))


@cache
def _pattern(button: type[Callback]) -> re.Pattern[str]:
    """The pattern of a button's callback data."""
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
