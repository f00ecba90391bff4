"""Checks the types of Telegram's objects against the signatures of python-telegram-bot.

python-telegram-bot does not check them: a list in place of a text would reach the handlers.
"""

import inspect
from collections.abc import Sequence
from functools import cache
from types import NoneType, UnionType
from typing import Any, get_args

import telegram

# The classes that handlers read; other parts of an update may have any shape.
_READ = (
    telegram.CallbackQuery,
    telegram.Chat,
    telegram.Document,
    telegram.InaccessibleMessage,
    telegram.InlineQuery,
    telegram.Message,
    telegram.MessageEntity,
    telegram.PhotoSize,
    telegram.Sticker,
    telegram.TextQuote,
    telegram.Update,
    telegram.User,
)
_PLAIN = {str, int, bool, NoneType}
_MAX_NUMBER = 2**63  # the Bot API's numbers have at most 52 significant bits


def check(value: Any) -> None:
    """Raise ValueError where a value, or one inside it, has another type than its class says."""
    if isinstance(value, Sequence) and not isinstance(value, str):
        for item in value:
            check(item)
    elif isinstance(value, _READ):
        its_class: Any = type(value)
        for name, kinds in _arguments(its_class).items():
            found = getattr(value, name)
            if kinds is None:
                check(found)
            else:
                _check_plain(name, found, kinds)
        if isinstance(value, telegram.Message) and value.text:
            value.parse_entities()  # raises UnicodeDecodeError where one cuts a character in half
        if isinstance(value, telegram.Message) and value.caption:
            value.parse_caption_entities()


def _check_plain(name: str, value: Any, kinds: tuple[type, ...]) -> None:
    is_flag = isinstance(value, bool) and bool not in kinds
    if is_flag or not isinstance(value, kinds):
        raise ValueError(f"{name} has another type")
    if isinstance(value, int) and abs(value) >= _MAX_NUMBER:
        raise ValueError(f"{name} is no number of Telegram's")
    if isinstance(value, str):
        value.encode()  # raises UnicodeEncodeError for half a character


@cache
def _arguments(kind: type) -> dict[str, tuple[type, ...] | None]:
    """The types of each argument of a class; None for one that is no text, number or flag."""
    hints = {
        name: parameter.annotation
        for name, parameter in inspect.signature(kind).parameters.items()
        if name != "api_kwargs"
    }
    return {name: _plain_kinds(hint) for name, hint in hints.items()}


def _plain_kinds(hint: Any) -> tuple[type, ...] | None:
    kinds = get_args(hint) if isinstance(hint, UnionType) else (hint,)
    return kinds if all(kind in _PLAIN for kind in kinds) else None
