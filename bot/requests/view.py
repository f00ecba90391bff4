"""What the message of a request shows: a function of its record and nothing else."""

from bot.packs.names import pack_link
from bot.requests import keyboards
from bot.requests.record import NO_WORKER, Failure, Record, State
from bot.russian.words import accusative
from bot.telegram.messages import Screen
from bot.texts import RUSSIAN, Texts, texts

_BAR_LENGTH = 10
_MINUTE = 60  # seconds


def view(record: Record) -> Screen | None:
    """How the message of a request looks now, but for the picture that it has once it is finished.

    None when there is nothing to show.
    """
    words = texts(record.language)
    match record.state:
        case State.WAITING:
            text = _under_prompt(record, *_waiting(record, words))
            return Screen(text, keyboards.cancel(record, words))
        case State.DRAWING:
            text = _under_prompt(record, words("drawing"), progress_bar(record.fraction))
            return Screen(text, keyboards.cancel(record, words))
        case State.FINISHED:
            return _finished(record, words)
        case State.FAILED:
            sentence = words(f"failure-{record.failure}")
            if record.failure == Failure.UNKNOWN:  # it would be unknown again
                return Screen(_under_prompt(record, sentence))
            return Screen(_under_prompt(record, sentence), keyboards.try_again(record, words))
        case State.CANCELLED:
            text = _under_prompt(record, words("cancelled"))
            return Screen(text, keyboards.try_again(record, words))
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


def _finished(record: Record, words: Texts) -> Screen:
    links = [words("in-pack", link=pack_link(pack)) for pack in record.packs]
    if record.choosing:
        text = _under_prompt(record, words("choose-like"), *links)
        return Screen(text, keyboards.choose_like(record, words))
    lines = [words("finished", count=record.count), *links]
    if record.instead:
        unknown = accusative(record.unknown) if words.language == RUSSIAN else record.unknown
        lines.insert(0, words("instead", unknown=unknown, instead=record.instead))
    text = _under_prompt(record, *lines)
    return Screen(text, keyboards.candidates(record, words))
