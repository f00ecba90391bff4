"""The buttons under messages, and what a tap on one means.

Callback data is `<version>:<kind>:<…>`.  Buttons outlive deployments: one of another version reads
as None, and the user hears that it is old.  Whose they are, the record of the request says.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from telegram import InlineKeyboardButton, InlineKeyboardMarkup

from bot.packs.names import pack_link
from bot.pictures.preview import columns
from bot.requests.prompt_links import decode, encode
from bot.requests.record import Record
from bot.russian.emoji import MAX_SUGGESTED
from bot.texts import EXAMPLES, Texts

_TAP = re.compile(r"1:([a-z]+):([A-Za-z0-9_-]+)(?::(\d))?")
_EXAMPLE = re.compile(r"1:example:(\d)")
_DRAW = re.compile(r"1:draw:([A-Za-z0-9_-]+)")


class Deed(StrEnum):
    """What is to be done with a request; the first two with one of its candidates."""

    ADD = "add"  # put it into the user's pack
    LIKE = "like"  # draw others like it
    CHOOSE = "choose"  # ask which candidate others are to be like
    BACK = "back"  # ask no more
    MORE = "more"  # draw other candidates
    EDIT = "edit"  # say how to change the prompt
    CANCEL = "cancel"
    AGAIN = "again"  # draw a failed or cancelled request once more


OF_CANDIDATES = (Deed.ADD, Deed.LIKE)


@dataclass(frozen=True)
class Button:
    """A button of a request."""

    deed: Deed
    request_id: str
    number: int | None = None  # of the candidate that it is about


@dataclass(frozen=True)
class Example:
    """A button that has its prompt in itself: one of the examples, or what a link has asked for."""

    prompt: str


def read_tap(data: str) -> Button | Example | None:
    """Which button it is; None when it is not one of today's."""
    if (match := _EXAMPLE.fullmatch(data)) and int(match[1]) < len(EXAMPLES):
        return Example(EXAMPLES[int(match[1])])
    if (match := _DRAW.fullmatch(data)) and (prompt := decode(match[1])):
        return Example(prompt)
    match = _TAP.fullmatch(data)
    if match is None or match[1] not in set(Deed):
        return None
    deed, number = Deed(match[1]), match[3]
    if (deed in OF_CANDIDATES) != (number is not None):
        return None
    return Button(deed, match[2], None if number is None else int(number))


def examples() -> InlineKeyboardMarkup:
    """A button for each example."""
    return InlineKeyboardMarkup(
        [
            [InlineKeyboardButton(prompt, callback_data=f"1:example:{number}")]
            for number, prompt in enumerate(EXAMPLES)
        ]
    )


def draw(prompt: str, words: Texts) -> InlineKeyboardMarkup:
    """The button that draws what a link has asked for."""
    button = InlineKeyboardButton(words("draw-it"), callback_data=f"1:draw:{encode(prompt)}")
    return InlineKeyboardMarkup([[button]])


def try_again(record: Record, words: Texts) -> InlineKeyboardMarkup:
    """The button of a failed or cancelled request."""
    return InlineKeyboardMarkup([[_button(words("try-again"), Deed.AGAIN, record)]])


def cancel(record: Record, words: Texts) -> InlineKeyboardMarkup:
    """The button of a request that waits or is being drawn."""
    return InlineKeyboardMarkup([[_button(words("cancel"), Deed.CANCEL, record)]])


def candidates(record: Record, words: Texts) -> InlineKeyboardMarkup:
    """A button for each candidate, what else to draw, and a button for each pack used."""

    def candidate(number: int) -> InlineKeyboardButton:
        if number in record.added or number in record.emoji_added:
            return _button(f"✓ {number + 1}", Deed.ADD, record, number)
        label = f"{number + 1} {''.join(record.emoji[:MAX_SUGGESTED])}".rstrip()
        return _button(label, Deed.ADD, record, number)

    like = (
        _button(words("like-one"), Deed.LIKE, record, 0)
        if record.count == 1
        else _button(words("like"), Deed.CHOOSE, record)
    )
    links = [
        [InlineKeyboardButton(words("open-pack"), url=pack_link(pack))] for pack in record.packs
    ]
    return InlineKeyboardMarkup(
        [
            *_grid(record.count, candidate),
            [_button(words("more"), Deed.MORE, record), like],
            [_button(words("edit"), Deed.EDIT, record)],
            *links,
        ]
    )


def choose_like(record: Record, words: Texts) -> InlineKeyboardMarkup:
    """A button for each candidate that others can be like, and one to leave it."""

    def candidate(number: int) -> InlineKeyboardButton:
        return _button(f"🪄 {number + 1}", Deed.LIKE, record, number)

    back = _button(words("back"), Deed.BACK, record)
    return InlineKeyboardMarkup([*_grid(record.count, candidate), [back]])


def _grid(
    count: int, button: Callable[[int], InlineKeyboardButton]
) -> list[list[InlineKeyboardButton]]:
    """Buttons laid out as the candidates in the picture."""
    buttons = [button(number) for number in range(count)]
    width = columns(count)
    return [buttons[start : start + width] for start in range(0, count, width)]


def _button(
    label: str, deed: Deed, record: Record, number: int | None = None
) -> InlineKeyboardButton:
    data = f"1:{deed}:{record.id}" + ("" if number is None else f":{number}")
    return InlineKeyboardButton(label, callback_data=data)
