"""Every sentence the bot says, in Russian and in English.

`Texts` has a field for each, so mypy proves that both languages are complete.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from bot.limits import MAX_ACTIVE, Limit
from emojich_core.request import MAX_PROMPT_LENGTH, Reason

RUSSIAN, ENGLISH = "ru", "en"

# Telegram in one of these languages: most of its readers read Russian better than English.
_READERS_OF_RUSSIAN = frozenset({"ru", "be", "kk", "ky", "tg", "uk", "uz"})

# The model reads Russian only, so the examples are Russian in every language.
EXAMPLES = ("кот в космосе", "пылающее сердце", "робот с цветком")


class Failure(StrEnum):
    """Why a request ended without stickers: three that the worker reports, and the bot's own."""

    FAILED = "failed"
    TIMEOUT = "timeout"
    MEMORY = "memory"  # the engine's ran out
    LOST = "lost"  # the queue has lost the request
    EXPIRED = "expired"  # its stickers were forgotten before Telegram could take them
    REFUSED = "refused"  # Telegram will not take them


@dataclass(frozen=True)
class Texts:
    """All sentences in one language."""

    welcome: str
    help: str
    start_command: str  # what the menu says of /start
    help_command: str

    no_worker: str
    next: str
    place: Callable[[int], str]
    drawing: str
    finished: Callable[[int], str]  # how many stickers there are to choose from
    in_pack: Callable[[str], str]  # the pack's link
    open_pack: str
    try_again: str

    failures: Mapping[str, str]
    refusals: Mapping[Reason | Limit, str]
    not_text: str
    unknown_command: str
    private_only: str

    added: Callable[[int, str], str]  # the sticker's number, the pack's link
    already_added: Callable[[int, str], str]
    old_button: str
    not_yours: str
    asked_again: str
    not_added: str
    broken: str


def texts(language: str) -> Texts:
    """The sentences in a language that `language_for` has chosen."""
    return _EN if language == ENGLISH else _RU


def language_for(language_code: str | None) -> str:
    """The language to speak with a user whose Telegram is in `language_code` (an IETF tag)."""
    if language_code is None:
        return RUSSIAN
    return RUSSIAN if language_code.lower().split("-")[0] in _READERS_OF_RUSSIAN else ENGLISH


def russian_plural(number: int, one: str, few: str, many: str) -> str:
    """The form of a Russian noun after a number: 1 стикер, 2 стикера, 5 стикеров."""
    if number % 10 == 1 and number % 100 != 11:
        return one
    if number % 10 in (2, 3, 4) and number % 100 not in (12, 13, 14):
        return few
    return many


def english_ordinal(number: int) -> str:
    """1st, 2nd, 3rd, 4th, 11th, 21st."""
    suffixes = {1: "st", 2: "nd", 3: "rd"}
    suffix = "th" if number % 100 in (11, 12, 13) else suffixes.get(number % 10, "th")
    return f"{number}{suffix}"


def _finished_ru(count: int) -> str:
    stickers = russian_plural(count, "стикер", "стикера", "стикеров")
    return f"Готово, {count} {stickers}! Нажмите на номер — и стикер окажется в вашем наборе."


def _finished_en(count: int) -> str:
    stickers = "sticker" if count == 1 else "stickers"
    return f"Done, {count} {stickers}! Tap a number to put that sticker into your own pack."


_RU = Texts(
    welcome=(
        "Привет! Я рисую стикеры по вашим словам.\n\n"
        "Напишите, что нарисовать, и выберите лучшее: я сложу его в ваш собственный набор.\n\n"
        "Можно начать с примера:"
    ),
    help=(
        "1. Напишите по-русски, что нарисовать: «кот в космосе».\n"
        "2. Подождите, пока я рисую. Очередь и ход работы видно в сообщении.\n"
        "3. Нажмите на номер стикера — он попадёт в ваш набор.\n\n"
        f"Одновременно рисую до {MAX_ACTIVE} ваших запросов. Попробуйте:"
    ),
    start_command="Начать",
    help_command="Как это работает",
    no_worker="💤 Художник сейчас отдыхает. Запрос сохранён: нарисую, как только он вернётся.",
    next="⏳ Вы следующий в очереди",
    place=lambda place: f"⏳ Вы {place}-й в очереди",
    drawing="🎨 Рисую…",
    finished=_finished_ru,
    in_pack=lambda link: f"Ваш набор: {link}",
    open_pack="Открыть набор",
    try_again="🔄 Попробовать ещё раз",
    failures={
        Failure.FAILED: "😔 Нарисовать не получилось. Попробуем ещё раз?",
        Failure.TIMEOUT: "😔 Рисование заняло слишком много времени. Попробуем ещё раз?",
        Failure.MEMORY: "😔 Сейчас рисует слишком много людей. Попробуем ещё раз?",
        Failure.LOST: "😔 Запрос потерялся по дороге. Простите! Попробуем ещё раз?",
        Failure.EXPIRED: "😔 Стикеры были готовы, но не дождались отправки. Нарисовать заново?",
        Failure.REFUSED: "😔 Telegram не принял картинку. Попробуем ещё раз?",
    },
    refusals={
        Reason.EMPTY: "Тут пусто. Напишите, что нарисовать, например «кот в космосе».",
        Reason.TOO_LONG: (
            f"Это слишком длинно для стикера. Уложитесь в {MAX_PROMPT_LENGTH} символов — "
            "хватит и нескольких слов."
        ),
        Reason.NO_WORDS: "Мне нужны слова. Напишите, что нарисовать: «пылающее сердце».",
        Reason.NOT_RUSSIAN: "Я понимаю только по-русски. Напишите, например, «кот в космосе».",
        Limit.TOO_MANY: (
            f"Я уже рисую {MAX_ACTIVE} ваших запроса. Дождитесь одного из них — и продолжим."
        ),
        Limit.QUEUE_FULL: "Сейчас слишком много желающих. Загляните через несколько минут.",
    },
    not_text="Я понимаю только текст. Напишите словами, что нарисовать.",
    unknown_command="Такой команды нет. Просто напишите, что нарисовать, или нажмите /help.",
    private_only="Я рисую в личной переписке — напишите мне туда.",
    added=lambda number, link: f"Стикер {number} в вашем наборе: {link}",
    already_added=lambda number, link: f"Стикер {number} уже в наборе: {link}",
    old_button="Эта кнопка уже не работает. Пришлите запрос ещё раз — нарисую заново.",
    not_yours="Это чужие стикеры. Пришлите мне свой запрос — нарисую и вам.",
    asked_again="Уже рисую заново.",
    not_added="Telegram не принял стикер. Попробуйте чуть позже.",
    broken="😔 У меня что-то сломалось. Попробуйте ещё раз чуть позже.",
)

_EN = Texts(
    welcome=(
        "Hi! I draw stickers from your words.\n\n"
        "Tell me in Russian what to draw and pick the best: it goes into your own sticker pack.\n\n"
        "Start with an example (a cat in space, a burning heart, a robot with a flower):"
    ),
    help=(
        "1. Write in Russian what to draw, like «кот в космосе» (a cat in space).\n"
        "2. Wait while I draw: the message shows your place in the queue and the progress.\n"
        "3. Tap a sticker's number to put it into your pack.\n\n"
        f"I draw up to {MAX_ACTIVE} of your requests at a time. Try one:"
    ),
    start_command="Start",
    help_command="How it works",
    no_worker="💤 The artist is away. Your request is safe: I will draw it once they are back.",
    next="⏳ You are next",
    place=lambda place: f"⏳ You are {english_ordinal(place)} in the queue",
    drawing="🎨 Drawing…",
    finished=_finished_en,
    in_pack=lambda link: f"Your pack: {link}",
    open_pack="Open the pack",
    try_again="🔄 Try again",
    failures={
        Failure.FAILED: "😔 That did not work out. Shall we try again?",
        Failure.TIMEOUT: "😔 Drawing took too long. Shall we try again?",
        Failure.MEMORY: "😔 Too many people are drawing right now. Shall we try again?",
        Failure.LOST: "😔 Your request got lost on the way. Sorry! Shall we try again?",
        Failure.EXPIRED: "😔 The stickers waited too long to be sent. Shall I draw them again?",
        Failure.REFUSED: "😔 Telegram did not take the picture. Shall we try again?",
    },
    refusals={
        Reason.EMPTY: "There is nothing here. Tell me what to draw, like «кот в космосе».",
        Reason.TOO_LONG: (
            f"That is too long for a sticker. Keep it within {MAX_PROMPT_LENGTH} characters: "
            "a few words will do."
        ),
        Reason.NO_WORDS: "I need words. Tell me in Russian what to draw: «пылающее сердце».",
        Reason.NOT_RUSSIAN: "I only read Russian so far. Try «кот в космосе» (a cat in space).",
        Limit.TOO_MANY: (
            f"I am drawing {MAX_ACTIVE} of your requests already. Let one finish, then send more."
        ),
        Limit.QUEUE_FULL: "Too many people are waiting right now. Come back in a few minutes.",
    },
    not_text="I only understand text. Tell me in words what to draw.",
    unknown_command="There is no such command. Just tell me what to draw, or tap /help.",
    private_only="I draw in private chats: write to me there.",
    added=lambda number, link: f"Sticker {number} is in your pack: {link}",
    already_added=lambda number, link: f"Sticker {number} is in your pack already: {link}",
    old_button="This button no longer works. Send me the request again and I will draw it anew.",
    not_yours="These stickers are somebody else's. Send me a request and I will draw yours.",
    asked_again="I am drawing it again already.",
    not_added="Telegram did not take the sticker. Please try again a little later.",
    broken="😔 Something broke on my side. Please try again a little later.",
)
