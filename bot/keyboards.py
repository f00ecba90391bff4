"""The buttons under messages, and what a tap on one means.

Callback data is `<version>:<kind>:<…>`.  Buttons outlive deployments: one of another version reads
as None, and the user hears that it is old.  Whose they are, the record of the request says.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass

from telegram import InlineKeyboardButton, InlineKeyboardMarkup

from bot.emoji.suggest import MAX_SUGGESTED
from bot.packs.names import pack_link
from bot.preview import columns
from bot.record import Record
from bot.texts import EXAMPLES, Texts

_OF_REQUEST = re.compile(r"1:([a-z]+):([A-Za-z0-9_-]+)")
_OF_CANDIDATE = re.compile(r"1:([a-z]+):([A-Za-z0-9_-]+):(\d)")
_EXAMPLE = re.compile(r"1:example:(\d)")


@dataclass(frozen=True)
class Add:
    """Put this candidate into the user's pack."""

    request_id: str
    number: int


@dataclass(frozen=True)
class Like:
    """Draw others like this candidate."""

    request_id: str
    number: int


@dataclass(frozen=True)
class Again:
    """Draw a failed or cancelled request once more."""

    request_id: str


@dataclass(frozen=True)
class Cancel:
    """Stop a request."""

    request_id: str


@dataclass(frozen=True)
class More:
    """Draw other candidates of a request."""

    request_id: str


@dataclass(frozen=True)
class ChooseLike:
    """Ask which candidate others are to be like."""

    request_id: str


@dataclass(frozen=True)
class Back:
    """Ask no more."""

    request_id: str


@dataclass(frozen=True)
class Edit:
    """Say how to change the prompt."""

    request_id: str


@dataclass(frozen=True)
class Example:
    """Draw this example."""

    prompt: str


OfCandidate = Add | Like
OfRequest = Again | Cancel | More | ChooseLike | Back | Edit
_CANDIDATE_KINDS: dict[str, type[OfCandidate]] = {"add": Add, "like": Like}
_REQUEST_KINDS: dict[str, type[OfRequest]] = {
    "again": Again,
    "cancel": Cancel,
    "more": More,
    "choose": ChooseLike,
    "back": Back,
    "edit": Edit,
}


def read_tap(data: str) -> OfCandidate | OfRequest | Example | None:
    """What a button asks for; None when it is not one of today's buttons."""
    if (match := _EXAMPLE.fullmatch(data)) and int(match[1]) < len(EXAMPLES):
        return Example(EXAMPLES[int(match[1])])
    if (match := _OF_REQUEST.fullmatch(data)) and match[1] in _REQUEST_KINDS:
        return _REQUEST_KINDS[match[1]](match[2])
    if (match := _OF_CANDIDATE.fullmatch(data)) and match[1] in _CANDIDATE_KINDS:
        return _CANDIDATE_KINDS[match[1]](match[2], int(match[3]))
    return None


def examples() -> InlineKeyboardMarkup:
    """A button for each example."""
    return InlineKeyboardMarkup(
        [
            [InlineKeyboardButton(prompt, callback_data=f"1:example:{number}")]
            for number, prompt in enumerate(EXAMPLES)
        ]
    )


def try_again(record: Record, words: Texts) -> InlineKeyboardMarkup:
    """The button of a failed or cancelled request."""
    return InlineKeyboardMarkup([[_button(words("try-again"), "again", record)]])


def cancel(record: Record, words: Texts) -> InlineKeyboardMarkup:
    """The button of a request that waits or is being drawn."""
    return InlineKeyboardMarkup([[_button(words("cancel"), "cancel", record)]])


def candidates(record: Record, words: Texts) -> InlineKeyboardMarkup:
    """A button for each candidate, what else to draw, and a button for each pack used."""

    def candidate(number: int) -> InlineKeyboardButton:
        if number in record.added:
            return _button(f"✓ {number + 1}", "add", record, number)
        label = f"{number + 1} {''.join(record.emoji[:MAX_SUGGESTED])}".rstrip()
        return _button(label, "add", record, number)

    like = (
        _button(words("like-one"), "like", record, 0)
        if record.count == 1
        else _button(words("like"), "choose", record)
    )
    links = [
        [InlineKeyboardButton(words("open-pack"), url=pack_link(pack))]
        for pack in dict.fromkeys(record.added.values())
    ]
    return InlineKeyboardMarkup(
        [
            *_grid(record.count, candidate),
            [_button(words("more"), "more", record), like],
            [_button(words("edit"), "edit", record)],
            *links,
        ]
    )


def choose_like(record: Record, words: Texts) -> InlineKeyboardMarkup:
    """A button for each candidate that others can be like, and one to leave it."""

    def candidate(number: int) -> InlineKeyboardButton:
        return _button(f"🪄 {number + 1}", "like", record, number)

    back = _button(words("back"), "back", record)
    return InlineKeyboardMarkup([*_grid(record.count, candidate), [back]])


def _grid(
    count: int, button: Callable[[int], InlineKeyboardButton]
) -> list[list[InlineKeyboardButton]]:
    """Buttons laid out as the candidates in the picture."""
    buttons = [button(number) for number in range(count)]
    width = columns(count)
    return [buttons[start : start + width] for start in range(0, count, width)]


def _button(
    label: str, kind: str, record: Record, number: int | None = None
) -> InlineKeyboardButton:
    data = f"1:{kind}:{record.id}" + ("" if number is None else f":{number}")
    return InlineKeyboardButton(label, callback_data=data)
