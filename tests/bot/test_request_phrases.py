"""Request phrases are removed from a prompt, and its object becomes nominative."""

import re
from typing import Any

import pytest

from bot.requests.prompts import _lines
from bot.russian import nominative, request_phrases
from bot.russian.nominative import in_nominative
from bot.russian.request_phrases import asked_for
from bot.russian.words import morph

ASKED = {
    "Нарисуй кота": "кот",
    "нарисуй мне, пожалуйста, кота": "кот",
    "слушай, нарисуй кота": "кот",
    "а давай нарисуем кота с бургером": "кот с бургером",
    "давай кота в шляпе": "кот в шляпе",
    "Привет! Нарисуй-ка нам ещё рыжего кота в шляпе!": "рыжий кот в шляпе",
    "НАРИСУЙ КОТА": "КОТ",
    "Пожалуйста, нарисуйте Машу и медведя": "Маша и медведь",
    "сделай стикер с котом": "кот",
    "сделай стикер с котом и совой в очках": "кот и сова в очках",
    "нарисуй картинку кота в космосе": "кот в космосе",
    "сделай наклейку: кот спит": "кот спит",
    "нарисуй стикер, где кот ест рыбу": "кот ест рыбу",
    "создай картинку про пиццу": "пицца",
    "сделай стикер в виде робота": "робот",
    "сделай стикер «Доброе утро»": "«Доброе утро»",
    "хочу кота в шляпе": "кот в шляпе",
    "хочу стикер с котом, пожалуйста!": "кот",
    "Хочу, чтобы ты нарисовала сову": "сова",
    "хотелось бы увидеть дракона": "дракон",
    "мне нужен стикер с котом": "кот",
    "а можно мне кота?": "кот",
    "Можешь нарисовать кота?": "кот",
    "ты не могла бы нарисовать мне льва, пожалуйста?": "лев",
    "кота, пожалуйста": "кот",
    "пожалуйста кот в шляпе": "кот в шляпе",
    "нарисуй рисунок на песке": "рисунок на песке",
    "нарисуй смайлик с сердечками": "смайлик с сердечками",
    "нарисуй 😀": "😀",
    "стикер с котом": "кот",
    "мем с котом": "кот",
    "фото кота": "кот",
    "открытка с букетом": "букет",
    "картинка кота в космосе": "кот в космосе",
    "наклейка: кот": "кот",
    "эмодзи кота": "кот",
    "сгенерируй смайлик кота": "кот",
    "мне пожалуйста собаку": "собака",
    "дай мне кота": "кот",
    "мне бы котика": "котик",
    "narisui kota": "кот",
}


@pytest.mark.parametrize(("said", "asked"), ASKED.items())
def test_request_phrases_are_removed_from_the_prompt(said: str, asked: str) -> None:
    assert asked_for(said) == asked


@pytest.mark.parametrize(
    "text", ["нарисуй", "Сделай!", "хочу", "Пожалуйста", "нарисуй мне, пожалуйста", "сделай стикер"]
)
def test_request_phrase_without_an_object_leaves_an_empty_prompt(text: str) -> None:
    assert asked_for(text) == ""


@pytest.mark.parametrize(
    "text",
    [
        "кот", "нарисованный кот", "кот, который рисует", "Сделайка", "сделай-сам", "Рисуйкин",
        "Хочуха", "хочу спать", "хочу домой", "хочу на море", "хочу тебя", "хочу, чтобы кот спал",
        "нужно бежать", "можно войти?", "не хочу кашу", "я хочу кашу", "кот говорит: хочу рыбу!",
        "нужный кот", "ну и кот", "стикер", "пожар", " кот  в шляпе. ", "",
    ],
)  # fmt: skip
def test_prompt_without_a_request_phrase_stays_unchanged(text: str) -> None:
    assert asked_for(text) == text


@pytest.mark.parametrize(
    ("text", "nominative"),
    [
        ("собаку", "собака"),
        ("людей", "люди"),
        ("ежа", "ёж"),
        ("красную машину и синий дом", "красная машина и синий дом"),
        ("кота, собаку и лису в лесу", "кот, собака и лиса в лесу"),
        ("моего рыжего кота", "мой рыжий кот"),
        ("большую ночь", "большая ночь"),
        ("рыжего", "рыжий"),
        ("стаю птиц", "стая птиц"),
        ("чашку кофе", "чашка кофе"),
        ("кота с сердцем и совой", "кот с сердцем и совой"),
        ("девочку, она спит", "девочка, она спит"),
    ],
)
def test_accusative_words_become_nominative(text: str, nominative: str) -> None:
    assert in_nominative(text, "accs") == nominative


@pytest.mark.parametrize(
    "text",
    [
        "кот", "дом", "кошки", "двух котов", "деда мороза", "бабу ягу", "Деда Мороза",
        "дочку врача", "кошку, сидящую на окне", "кота в шляпе и собаку", "кота синего цвета",
        "девочку, которая ест пиццу и грушу", "пикачу", "кота-космонавта", "как кот спит",
        "меня", "его", "кота!", "рыжего рыжую",
    ],
)  # fmt: skip
def test_ambiguous_words_keep_their_case(text: str) -> None:
    assert in_nominative(text, "accs") == text


LENGTH = 4096  # characters of a message
REPEATED = [
    "синих рабочего ", "больного рыжих ", "рабочего и больного и ", "рабочего, ", "кота ", "кот, ",
    "пж ", "пожалуйста, ", "плиз!", "ну ", "привет, бот ", "ты ", "вы мне ", "нарисуй ",
    "рисуй-ка ", "изобрази ", "не можешь ли ты ", "не могли бы ", "можно ли вы ", "нарисовать ",
    "хочу ", "хотелось бы ", "нужны ", "увидеть ", "чтобы ты нарисовала ", "мне ", "для меня ",
    "ещё ", "стикер с ", "наклейку, где ", "картинка на которых ", "в виде ", "рисунок ", " , и ",
    "- ", "а-", "по-", "я", "\u0301\u0316", "é", "\u200b", " ",
]  # fmt: skip


class Counted:
    """A pattern that counts the steps it may take: quadratic in what it is given."""

    def __init__(self, pattern: re.Pattern[str], steps: list[int]):
        self._pattern = pattern
        self._steps = steps

    def __getattr__(self, name: str) -> Any:
        def call(*given: Any) -> Any:
            length = max(len(text) for text in given if isinstance(text, str))
            start, end = given[1:] if len(given) == 3 else (0, length)
            self._steps.append((end - start) ** 2)
            return getattr(self._pattern, name)(*given)

        return call


@pytest.mark.parametrize("beginning", ["", "хочу "])
@pytest.mark.parametrize("end", ["", "пожалуйста", "x"])
def test_parsing_time_grows_linearly_with_the_length(
    monkeypatch: pytest.MonkeyPatch, beginning: str, end: str
) -> None:
    words: list[str] = []
    steps: list[int] = []
    parse = morph().parse
    monkeypatch.setattr(morph(), "parse", lambda word: words.append(word) or parse(word))
    for module in (request_phrases, nominative):
        for name, pattern in list(vars(module).items()):
            if isinstance(pattern, re.Pattern):
                monkeypatch.setattr(module, name, Counted(pattern, steps))
    for repeated in REPEATED:
        for line in (LENGTH, 300):
            times = line // len(repeated) + 1
            said = f"{beginning}{repeated * times}"[: line - len(end) - 1] + end + "\n"
            words.clear()
            steps.clear()
            nominative._parses.cache_clear()
            _lines((said * (LENGTH // line))[:LENGTH])
            assert len(words) < LENGTH / 2, repeated
            assert sum(steps) < 2000 * LENGTH, repeated
