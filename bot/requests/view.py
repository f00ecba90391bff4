"""What the message of a request shows: a function of its record and nothing else."""

from dataclasses import dataclass

from telegram import CallbackQuery, InlineKeyboardMarkup
from telegram.error import TelegramError

from bot.packs.names import pack_link
from bot.requests import keyboards
from bot.requests.record import NO_WORKER, Failure, Record, State
from bot.russian.words import accusative
from bot.telegram.errors import is_everyday
from bot.telegram.retry import insist
from bot.texts import RUSSIAN, Texts, texts

_BAR_LENGTH = 10
_MINUTE = 60  # seconds


@dataclass(frozen=True)
class View:
    """A message: text, or with a picture its caption, and the buttons below."""

    text: str
    keyboard: InlineKeyboardMarkup | None = None
    has_picture: bool = False


def view(record: Record) -> View | None:
    """How the message of a request looks now; None when there is none to show."""
    words = texts(record.language)
    match record.state:
        case State.WAITING:
            return View(
                _under_prompt(record, *_waiting(record, words)), keyboards.cancel(record, words)
            )
        case State.DRAWING:
            text = _under_prompt(record, words("drawing"), progress_bar(record.fraction))
            return View(text, keyboards.cancel(record, words))
        case State.FINISHED:
            return _finished(record, words)
        case State.FAILED:
            sentence = words(f"failure-{record.failure}")
            if record.failure == Failure.UNKNOWN:  # it would be unknown again
                return View(_under_prompt(record, sentence))
            return View(_under_prompt(record, sentence), keyboards.try_again(record, words))
        case State.CANCELLED:
            text = _under_prompt(record, words("cancelled"))
            return View(text, keyboards.try_again(record, words))
        case State.REPLACED | State.GONE:
            return None


async def edit(query: CallbackQuery, shown: View) -> None:
    """Have the message of a tapped button, if it is still there, show something else."""
    if not is_reachable(query):
        return
    try:
        await insist(lambda: query.edit_message_text(shown.text, reply_markup=shown.keyboard))
    except TelegramError as error:
        if not is_everyday(error):
            raise


def is_reachable(query: CallbackQuery) -> bool:
    """Whether the message can still be changed: of one put away, Telegram tells nothing but its id.

    https://core.telegram.org/bots/api#inaccessiblemessage
    """
    return query.message is not None and query.message.is_accessible


def progress_bar(fraction: float) -> str:
    """A bar of ten and a number: ▰▰▰▰▱▱▱▱▱▱ 40 %."""
    percent = int(min(max(fraction, 0.0), 1.0) * 100)
    filled = percent * _BAR_LENGTH // 100
    bar = "▰" * filled + "▱" * (_BAR_LENGTH - filled)
    return f"{bar} {percent}\N{NO-BREAK SPACE}%"


def _under_prompt(record: Record, *lines: str) -> str:
    return "\n".join((_prompt(record), "", *lines))


def _prompt(record: Record) -> str:
    if not record.like:
        return f"«{record.prompt}»"
    number = int(record.like.rpartition(":")[2]) + 1
    return texts(record.language)("prompt-like", prompt=record.prompt, number=number)


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


def _finished(record: Record, words: Texts) -> View:
    links = [words("in-pack", link=pack_link(pack)) for pack in record.packs]
    if record.choosing:
        text = _under_prompt(record, words("choose-like"), *links)
        return View(text, keyboards.choose_like(record, words), has_picture=True)
    lines = [words("finished", count=record.count), *links]
    if record.instead:
        unknown = accusative(record.unknown) if words.language == RUSSIAN else record.unknown
        lines.insert(0, words("instead", unknown=unknown, instead=record.instead))
    text = _under_prompt(record, *lines)
    return View(text, keyboards.candidates(record, words), has_picture=True)
