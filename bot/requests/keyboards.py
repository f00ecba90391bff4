"""The buttons under messages.  Whose they are, the record of the request says."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from telegram import InlineKeyboardButton, InlineKeyboardMarkup

from bot.packs.names import pack_link
from bot.pictures.preview import columns
from bot.requests.prompt_links import decode, encode
from bot.requests.record import Record
from bot.russian.emoji import MAX_SUGGESTED
from bot.telegram.callbacks import Callback
from bot.texts import EXAMPLES, Texts
from emojich_core.request import MAX_COUNT


class RequestAction(StrEnum):
    """What is to be done with a request."""

    CHOOSE = "choose"  # ask which candidate others are to be like
    BACK = "back"  # ask no more
    MORE = "more"  # draw other candidates
    EDIT = "edit"  # say how to change the prompt
    CANCEL = "cancel"
    AGAIN = "again"  # draw a failed or cancelled request once more


class CandidateAction(StrEnum):
    """What is to be done with a candidate of a request."""

    ADD = "add"  # put it into the user's pack
    LIKE = "like"  # draw others like it


@dataclass(frozen=True)
class RequestButton(Callback):
    """A button of a request."""

    action: RequestAction
    request_id: str


@dataclass(frozen=True)
class CandidateButton(Callback):
    """A button of a candidate."""

    action: CandidateAction
    request_id: str
    number: int

    def __post_init__(self) -> None:
        """Raise ValueError for a number that no candidate has."""
        if self.number >= MAX_COUNT:
            raise ValueError(self.number)


@dataclass(frozen=True)
class ExampleButton(Callback):
    """Draws one of the examples."""

    kind = "example"
    number: int

    def __post_init__(self) -> None:
        """Raise ValueError for an example that there is not."""
        if self.number >= len(EXAMPLES):
            raise ValueError(self.number)

    @property
    def prompt(self) -> str:
        """What it draws."""
        return EXAMPLES[self.number]


@dataclass(frozen=True)
class PromptButton(Callback):
    """Draws what a link has asked for."""

    kind = "draw"
    code: str

    def __post_init__(self) -> None:
        """Raise ValueError for a code without a prompt."""
        if decode(self.code) is None:
            raise ValueError(self.code)

    @property
    def prompt(self) -> str:
        """What it draws."""
        return decode(self.code) or ""


def examples() -> InlineKeyboardMarkup:
    """A button for each example."""
    return InlineKeyboardMarkup(
        [[ExampleButton(number).button(prompt)] for number, prompt in enumerate(EXAMPLES)]
    )


def draw(prompt: str, words: Texts) -> InlineKeyboardMarkup:
    """The button that draws what a link has asked for."""
    code = encode(prompt)
    assert code, "the prompt comes from such a code"
    return InlineKeyboardMarkup([[PromptButton(code).button(words("draw-it"))]])


def try_again(record: Record, words: Texts) -> InlineKeyboardMarkup:
    """The button of a failed or cancelled request."""
    return InlineKeyboardMarkup([[_button(words("try-again"), RequestAction.AGAIN, record)]])


def cancel(record: Record, words: Texts) -> InlineKeyboardMarkup:
    """The button of a request that waits or is being drawn."""
    return InlineKeyboardMarkup([[_button(words("cancel"), RequestAction.CANCEL, record)]])


def candidates(record: Record, words: Texts) -> InlineKeyboardMarkup:
    """A button for each candidate, what else to draw, and a button for each pack used."""

    def candidate(number: int) -> InlineKeyboardButton:
        if number in record.added or number in record.emoji_added:
            return _candidate(f"✓ {number + 1}", CandidateAction.ADD, record, number)
        label = f"{number + 1} {''.join(record.emoji[:MAX_SUGGESTED])}".rstrip()
        return _candidate(label, CandidateAction.ADD, record, number)

    like = (
        _candidate(words("like-one"), CandidateAction.LIKE, record, 0)
        if record.count == 1
        else _button(words("like"), RequestAction.CHOOSE, record)
    )
    links = [
        [InlineKeyboardButton(words("open-pack"), url=pack_link(pack))] for pack in record.packs
    ]
    return InlineKeyboardMarkup(
        [
            *_grid(record.count, candidate),
            [_button(words("more"), RequestAction.MORE, record), like],
            [_button(words("edit"), RequestAction.EDIT, record)],
            *links,
        ]
    )


def choose_like(record: Record, words: Texts) -> InlineKeyboardMarkup:
    """A button for each candidate that others can be like, and one to leave it."""

    def candidate(number: int) -> InlineKeyboardButton:
        return _candidate(f"🪄 {number + 1}", CandidateAction.LIKE, record, number)

    back = _button(words("back"), RequestAction.BACK, record)
    return InlineKeyboardMarkup([*_grid(record.count, candidate), [back]])


def _grid(
    count: int, button: Callable[[int], InlineKeyboardButton]
) -> list[list[InlineKeyboardButton]]:
    """Buttons laid out as the candidates in the picture."""
    buttons = [button(number) for number in range(count)]
    width = columns(count)
    return [buttons[start : start + width] for start in range(0, count, width)]


def _button(label: str, action: RequestAction, record: Record) -> InlineKeyboardButton:
    return RequestButton(action, record.id).button(label)


def _candidate(
    label: str, action: CandidateAction, record: Record, number: int
) -> InlineKeyboardButton:
    return CandidateButton(action, record.id, number).button(label)
