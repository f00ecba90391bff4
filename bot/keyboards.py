"""The buttons under messages, and what a tap on one means.

Callback data is `<version>:<kind>:<…>`.  Buttons outlive deployments: one of another version reads
as None, and the user hears that it is old.
"""

import re
from dataclasses import dataclass

from telegram import InlineKeyboardButton, InlineKeyboardMarkup

from bot.packs import pack_link
from bot.preview import columns
from bot.record import Record
from bot.texts import EXAMPLES, Texts

_ADD = re.compile(r"1:add:([A-Za-z0-9_-]+):(\d)")
_AGAIN = re.compile(r"1:again:([A-Za-z0-9_-]+)")
_CANCEL = re.compile(r"1:cancel:([A-Za-z0-9_-]+)")
_EXAMPLE = re.compile(r"1:example:(\d)")


@dataclass(frozen=True)
class Add:
    """Put this candidate into the user's pack."""

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
class Example:
    """Draw this example."""

    prompt: str


def read_tap(data: str) -> Add | Again | Cancel | Example | None:
    """What a button asks for; None when it is not one of today's buttons."""
    if match := _ADD.fullmatch(data):
        return Add(match[1], int(match[2]))
    if match := _AGAIN.fullmatch(data):
        return Again(match[1])
    if match := _CANCEL.fullmatch(data):
        return Cancel(match[1])
    if (match := _EXAMPLE.fullmatch(data)) and int(match[1]) < len(EXAMPLES):
        return Example(EXAMPLES[int(match[1])])
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
    button = InlineKeyboardButton(words("try-again"), callback_data=f"1:again:{record.id}")
    return InlineKeyboardMarkup([[button]])


def cancel(record: Record, words: Texts) -> InlineKeyboardMarkup:
    """The button of a request that waits or is being drawn."""
    button = InlineKeyboardButton(words("cancel"), callback_data=f"1:cancel:{record.id}")
    return InlineKeyboardMarkup([[button]])


def candidates(record: Record, words: Texts) -> InlineKeyboardMarkup:
    """A button for each candidate, laid out as in the picture, and one for each pack used."""
    numbers = [_candidate(record, number) for number in range(record.count)]
    width = columns(record.count)
    rows = [numbers[start : start + width] for start in range(0, record.count, width)]
    links = [
        [InlineKeyboardButton(words("open-pack"), url=pack_link(pack))]
        for pack in dict.fromkeys(record.added.values())
    ]
    return InlineKeyboardMarkup(rows + links)


def _candidate(record: Record, number: int) -> InlineKeyboardButton:
    label = f"✓ {number + 1}" if number in record.added else str(number + 1)
    return InlineKeyboardButton(label, callback_data=f"1:add:{record.id}:{number}")
