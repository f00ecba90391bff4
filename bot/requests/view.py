"""The screen of a request's message: a function of its record and nothing else.

Buttons of a request name no owner: the record does.
"""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from telegram import InlineKeyboardButton, InlineKeyboardMarkup

from bot.packs.names import pack_link
from bot.pictures.preview import columns
from bot.requests.image_prompts import HALF
from bot.requests.prompt_links import decode, encode
from bot.requests.record import NO_WORKER, CandidateRef, Failure, Record, State
from bot.requests.styles import code_of
from bot.russian.emoji import MAX_SUGGESTED
from bot.russian.words import accusative
from bot.telegram.callbacks import Callback
from bot.telegram.messages import Screen
from bot.texts import EXAMPLES, RUSSIAN, Texts, shortened, texts
from emojich_core.request import LONGER, MAX_COUNT
from worker.queue.request_ids import RequestId

INNER_QUOTES = str.maketrans("«»", "„“")  # within other quotes
_BAR_LENGTH = 10
_MINUTE = 60  # seconds


class RequestAction(StrEnum):
    """An action on a request."""

    CHOOSE = "choose"  # ask to which candidate others shall be similar
    BACK = "back"  # close that question
    MORE = "more"  # draw other candidates
    EDIT = "edit"  # explain how to edit the prompt
    CANCEL = "cancel"
    AGAIN = "again"  # draw a failed or cancelled request once more
    HALF = "half"  # draw again, keeping the upper half of the image prompt
    QUARTER = "quarter"
    STYLES = "styles"  # ask in which other style to draw the prompt


class CandidateAction(StrEnum):
    """An action on a candidate of a request."""

    ADD = "add"  # put it into the user's pack
    LIKE = "like"  # draw similar ones


@dataclass(frozen=True)
class RequestButton(Callback):
    """A button of a request."""

    action: RequestAction
    request_id: RequestId


@dataclass(frozen=True)
class CandidateButton(Callback):
    """A button of a candidate."""

    action: CandidateAction
    request_id: RequestId
    number: int

    def __post_init__(self) -> None:
        """Raise ValueError for a number that no candidate has."""
        if self.number >= MAX_COUNT:
            raise ValueError(self.number)


@dataclass(frozen=True)
class StyleButton(Callback):
    """Draws the same prompt in another style, in the same message."""

    kind = "style"
    request_id: RequestId
    code: str  # see `bot.requests.styles`


@dataclass(frozen=True)
class ReportButton(Callback):
    """Reports the stickers of a request to the admins; every member of the group may press it."""

    kind = "report"
    request_id: RequestId


@dataclass(frozen=True)
class ExampleButton(Callback):
    """Draws one of the examples."""

    kind = "example"
    number: int

    def __post_init__(self) -> None:
        """Raise ValueError for a number that no example has."""
        if self.number >= len(EXAMPLES):
            raise ValueError(self.number)

    @property
    def prompt(self) -> str:
        """The prompt that it draws."""
        return EXAMPLES[self.number]


@dataclass(frozen=True)
class PromptButton(Callback):
    """Draws the prompt of a start link."""

    kind = "draw"
    code: str

    def __post_init__(self) -> None:
        """Raise ValueError for a code without a prompt."""
        if decode(self.code) is None:
            raise ValueError(self.code)

    @property
    def prompt(self) -> str:
        """The prompt that it draws."""
        return decode(self.code) or ""


def view(record: Record) -> Screen | None:
    """The screen of a request's message, without the picture that `Delivery` adds.

    None for a request whose message is gone or shows another request.
    """
    words = texts(record.language)
    match record.state:
        case State.WAITING:
            text = _under_prompt(record, *_waiting(record, words))
            return Screen(text, cancel_keyboard(record, words))
        case State.DRAWING:
            text = _under_prompt(record, words("drawing"), progress_bar(record.fraction))
            return Screen(text, cancel_keyboard(record, words))
        case State.FINISHED:
            return _finished(record, words)
        case State.FAILED:
            sentence = words(f"failure-{record.failure}")
            if record.failure in (Failure.UNKNOWN, Failure.NO_IMAGE):  # it would fail again
                return Screen(_under_prompt(record, sentence))
            return Screen(_under_prompt(record, sentence), try_again_keyboard(record, words))
        case State.CANCELLED:
            text = _under_prompt(record, words("cancelled"))
            return Screen(text, try_again_keyboard(record, words))
        case State.REPLACED | State.GONE:
            return None


def progress_bar(fraction: float) -> str:
    """A bar of ten and a number: ▰▰▰▰▱▱▱▱▱▱ 40 %."""
    percent = int(min(max(fraction, 0.0), 1.0) * 100)
    filled = percent * _BAR_LENGTH // 100
    bar = "▰" * filled + "▱" * (_BAR_LENGTH - filled)
    return f"{bar} {percent}\N{NO-BREAK SPACE}%"


def _under_prompt(record: Record, *lines: str) -> str:
    return "\n".join((_prompt(record), "", *lines))


def _prompt(record: Record) -> str:
    words, prompt = texts(record.language), record.prompt.translate(INNER_QUOTES)
    if record.image:
        percent = round(100 * record.image.share)
        return words("prompt-image", prompt=prompt, percent=percent)
    if not record.like:
        return f"«{prompt}»"
    number = CandidateRef.parse(record.like).number + 1
    return words("prompt-like", prompt=prompt, number=number)


def _waiting(record: Record, words: Texts) -> list[str]:
    place, seconds = record.queued.place, record.queued.seconds
    if place == NO_WORKER:
        return [words("no-worker")]
    lines = [words("next") if place == 1 else words("place", place=place)]
    if seconds > _MINUTE:
        lines.append(words("ready-in-minutes", minutes=seconds // _MINUTE))
    elif seconds:
        lines.append(words("ready-in-seconds", seconds=seconds))
    return lines


def _finished(record: Record, words: Texts) -> Screen:
    links = [words("in-pack", link=pack_link(pack)) for pack in record.packs]
    if record.choosing:
        text = _under_prompt(record, words("choose-like"), *links)
        return Screen(text, choose_like_keyboard(record, words))
    if record.choosing_style:
        text = _under_prompt(record, words("choose-style"), *links)
        return Screen(text, choose_style_keyboard(record, words))
    lines = [words("finished", count=record.count), *links]
    if record.longer and record.judge:
        lines.insert(0, words("judged", times=LONGER, judge=record.judge))
    if record.instead:
        unknown = accusative(record.unknown) if words.language == RUSSIAN else record.unknown
        told = (
            words("instead-phrase", unknown=unknown, instead=record.instead)
            if unknown.startswith("«")
            else words("instead", unknown=unknown, instead=record.instead)
        )
        lines.insert(0, told)
    text = _under_prompt(record, *lines)
    return Screen(text, candidates_keyboard(record, words))


def examples_keyboard() -> InlineKeyboardMarkup:
    """A button for each example."""
    return InlineKeyboardMarkup(
        [[ExampleButton(number).button(prompt)] for number, prompt in enumerate(EXAMPLES)]
    )


def prompt_keyboard(prompt: str, words: Texts) -> InlineKeyboardMarkup:
    """The button that draws the prompt of a start link."""
    code = encode(prompt)
    assert code, "the prompt was decoded from such a code"
    return InlineKeyboardMarkup([[PromptButton(code).button(words("draw-it"))]])


def try_again_keyboard(record: Record, words: Texts) -> InlineKeyboardMarkup:
    """The button of a failed or cancelled request."""
    return InlineKeyboardMarkup([[_button(words("try-again"), RequestAction.AGAIN, record)]])


def cancel_keyboard(record: Record, words: Texts) -> InlineKeyboardMarkup:
    """The button of a request that waits or is being drawn."""
    return InlineKeyboardMarkup([[_button(words("cancel"), RequestAction.CANCEL, record)]])


def candidates_keyboard(record: Record, words: Texts) -> InlineKeyboardMarkup:
    """Buttons of a finished request: its candidates, actions, and the packs that hold some."""

    def candidate(number: int) -> InlineKeyboardButton:
        if record.is_in_pack(number):
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
            *_other_share(record, words),
            [_button(words("edit"), RequestAction.EDIT, record)],
            *([[_button(words("styles"), RequestAction.STYLES, record)]] if record.styles else []),
            *links,
            *([[ReportButton(record.id).button(words("report"))]] if record.reportable else []),
        ]
    )


def _other_share(record: Record, words: Texts) -> list[list[InlineKeyboardButton]]:
    """The row of a request with an image prompt: a button to keep another share of it."""
    if record.image is None:
        return []
    other = RequestAction.QUARTER if record.image.share == HALF else RequestAction.HALF
    return [[_button(words(f"keep-{other}"), other, record)]]


def choose_like_keyboard(record: Record, words: Texts) -> InlineKeyboardMarkup:
    """A button for each candidate to which others can be similar, and one to go back."""

    def candidate(number: int) -> InlineKeyboardButton:
        return _candidate(f"🪄 {number + 1}", CandidateAction.LIKE, record, number)

    back = _button(words("back"), RequestAction.BACK, record)
    return InlineKeyboardMarkup([*_grid(record.count, candidate), [back]])


def choose_style_keyboard(record: Record, words: Texts) -> InlineKeyboardMarkup:
    """A button for each other style, and one to go back."""
    rows = [
        [StyleButton(record.id, code_of(name)).button(shortened(title))]
        for name, title in record.styles.items()
    ]
    return InlineKeyboardMarkup([*rows, [_button(words("back"), RequestAction.BACK, record)]])


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
