"""Removes the words of asking from a prompt: «нарисуй мне, пожалуйста, кота» → «кот»."""

import re

from bot.russian.nominative import begins_with_preposition, in_nominative, names_a_thing
from emojich_core.reading.latin import in_russian
from emojich_core.request import MAX_PROMPT_LENGTH, MAX_TEXT_LENGTH, visible

# Characters of a prompt with the words of asking around it; a longer text is no prompt.
_MAX_LENGTH = MAX_PROMPT_LENGTH + 100

_RUSSIAN = re.compile("[а-яё]", re.IGNORECASE)
_GAP = r"[\s,.!?:;—–-]{0,9}"


def _words(*words: str) -> str:
    """A pattern for these words, one after another; each must match a whole word."""
    return "".join(rf"(?:{word})(?![\w-]){_GAP}" for word in words)


_PLEASE = "пожалуйста|плиз|плз|пжлст|пж"
_LETS = r"(?:давай|давайте)\s+(?:на)?рисуем"
_ORDERS = "(?:(?:на)?рисуй|изобрази|сделай|создай|сгенерируй|покажи)(?:те)?(?:-ка)?"
_CAN = r"(?:не\s+)?(?:с?можешь|с?можете|мог(?:ла|ли)?\s+бы|можно)(?:\s+(?:ли|ты|вы))*"
_DRAW = "нарисовать|изобразить|сделать|создать|сгенерировать"
_GIVE = r"(?:дай|скинь|пришли|отправь)(?:те)?\s+мне|мне\s+бы|дава(?:й|йте)(?=\s+[а-яё])"
_WANT = rf"{_GIVE}|хочу|хотел(?:а|ось)?\s+бы|нуж(?:ен|на|но|ны)|можно"
_SEE = rf"{_DRAW}|увидеть|получить|чтобы\s+(?:(?:ты|вы)\s+)?нарисовал[аи]?"

_CALL = (
    r"слушай(?:те)?|слышь?|короче|хей|привет|здравствуйте|здравствуй|эй|ну|а|и|бот|ты|вы|мне"
    rf"|{_PLEASE}"
)
_BEFORE = rf"{_GAP}(?:{_words(_CALL)})*"
_AFTER = rf"(?:{_words(rf'мне|нам|для меня|ещё|еще|{_PLEASE}')})*"


def _asking(*ways: str) -> re.Pattern[str]:
    return re.compile(f"{_BEFORE}(?:{'|'.join(ways)}){_AFTER}", re.IGNORECASE)


_ORDER = _asking(
    _words(_ORDERS),
    _words(_LETS),
    _words(_CAN, _DRAW),
    _words(_WANT, _SEE),
)
_WISH = _asking(_words(_WANT))
_POLITE = re.compile(rf"{_GAP}(?:{_words('мне|нам')})?(?:{_words(_PLEASE)})+", re.IGNORECASE)
_POLITE_END = re.compile(rf"{_GAP}(?<![\w-])(?:{_PLEASE}){_GAP}$", re.IGNORECASE)
_POLITE_LENGTH = 30  # characters: the longest of these words with the gaps around it

# Words for a sticker or a picture say nothing about the subject.
_STICKER = re.compile(
    _words(
        "стикер(?:ы|ок|очек)?|наклейк[уа]|картинк[уаи]|рисунок|изображение|эмодзи"
        "|мем(?:ас|асик|чик|ы)?|фото|фотк[уа]|фотографи[яю]|открытк[уа]|гифк[уа]"
        # A face, unless it is said what kind of one: смайлик с сердечками.
        r"|смайл(?:ик)?(?![\s]+(?:с|со|в|на|без)\b)"
    )
    + rf"(?:(?P<link>{_words('с|со|про|в виде|где|на котор(?:ом|ой|ых)')}))?",
    re.IGNORECASE,
)
_CASES = {"с": "ablt", "со": "ablt", "про": "accs", "в виде": "gent"}


def asked_for(text: str) -> str:
    """The subject that a text asks the bot to draw; the whole text if it has no words of asking.

    Empty if the text has only words of asking.
    """
    said = visible(text) if len(text) <= MAX_TEXT_LENGTH else text
    if len(said) > _MAX_LENGTH:
        return text
    if not _RUSSIAN.search(said) and (russian := in_russian(said)):
        text = said = russian
    polite = _without_politeness(said)
    for pattern, only_things in ((_ORDER, False), (_WISH, True), (_POLITE, False)):
        found = pattern.match(polite)
        rest = polite[found.end() :].rstrip(" ,.!?…") if found else ""
        # «хочу спать» does not ask for a picture.
        if found and not (only_things and rest and not names_a_thing(rest)):
            return _subject(rest)
    if (sticker := _STICKER.match(polite)) and names_a_thing(polite[sticker.end() :]):
        return _subject(polite)
    return text if polite == said else in_nominative(polite, "accs")


def _without_politeness(said: str) -> str:
    """The text without any «пожалуйста» at its end; searching only there takes linear time."""
    end = len(said)
    while found := _POLITE_END.search(said, max(0, end - _POLITE_LENGTH), end):
        end = found.start()
    return said[:end]


def _subject(asked: str) -> str:
    """The subject to draw: of «стикер с котом», the cat."""
    sticker = _STICKER.match(asked)
    if sticker is None:
        return in_nominative(asked, "accs")
    rest = asked[sticker.end() :]
    if link := (sticker["link"] or "").strip().lower():
        case = _CASES.get(link)
        return in_nominative(rest, case) if case else rest
    if begins_with_preposition(rest):  # «рисунок на песке»
        return in_nominative(asked, "accs")
    return in_nominative(rest, "gent")
