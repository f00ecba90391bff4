"""The catalogue of texts: complete, and grammatical around numbers."""

import re
from dataclasses import fields

import pytest
from telegram.constants import CallbackQueryLimit

from bot.limits import Limit
from bot.packs import pack_link, pack_name
from bot.texts import (
    EXAMPLES,
    Failure,
    Texts,
    english_ordinal,
    language_for,
    russian_plural,
    texts,
)  # fmt: skip
from emojich_core.request import InvalidRequest, Reason, clean_prompt

LANGUAGES = ("ru", "en")
RUSSIAN_QUOTE = re.compile("«[^»]*»")


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_reason_has_a_sentence(language: str) -> None:
    words = texts(language)
    assert set(words.failures) == set(Failure)
    # The bot itself chooses the count and the seed.
    assert set(words.refusals) == {*Reason, *Limit} - {Reason.BAD_COUNT, Reason.BAD_SEED}


def test_languages_are_not_mixed_up() -> None:
    russian, english = texts("ru"), texts("en")
    for field in fields(Texts):
        for sentence in sentences(getattr(russian, field.name)):
            assert re.search("[а-я]", sentence), sentence
        for sentence in sentences(getattr(english, field.name)):
            assert not re.search("[а-я]", RUSSIAN_QUOTE.sub("", sentence)), sentence


def sentences(value: object) -> list[str]:
    if isinstance(value, str):
        return [value]
    return list(value.values()) if isinstance(value, dict) else []


@pytest.mark.parametrize("language", LANGUAGES)
def test_answers_to_taps_fit(language: str) -> None:
    words = texts(language)
    link = pack_link(pack_name(2**52, 100, "a" * 32))
    answers = [words.added(9, link), words.already_added(9, link), *words.refusals.values()]
    answers += [words.old_button, words.not_yours, words.asked_again, words.not_added, words.broken]
    assert max(map(len, answers)) <= CallbackQueryLimit.ANSWER_CALLBACK_QUERY_TEXT_LENGTH


@pytest.mark.parametrize("example", EXAMPLES)
def test_examples_can_be_drawn(example: str) -> None:
    assert clean_prompt(example) == example


@pytest.mark.parametrize(
    ("code", "language"),
    [
        (None, "ru"), ("ru", "ru"), ("ru-RU", "ru"), ("uk", "ru"), ("be", "ru"), ("kk", "ru"),
        ("en", "en"), ("en-GB", "en"), ("de", "en"), ("pt-br", "en"),
    ],
)  # fmt: skip
def test_language_follows_telegram(code: str | None, language: str) -> None:
    assert language_for(code) == language


def test_russian_plurals() -> None:
    numbers = (1, 2, 4, 5, 9, 11, 12, 21, 22, 111)
    forms = {number: russian_plural(number, "one", "few", "many") for number in numbers}
    assert [n for n, form in forms.items() if form == "one"] == [1, 21]
    assert [n for n, form in forms.items() if form == "few"] == [2, 4, 22]


def test_english_ordinals() -> None:
    ordinals = [english_ordinal(n) for n in (1, 2, 3, 4, 11, 12, 13, 21, 102, 111)]
    assert ordinals == [
        "1st", "2nd", "3rd", "4th", "11th", "12th", "13th", "21st", "102nd", "111th",
    ]  # fmt: skip


def test_reasons_of_the_core_are_known() -> None:
    for text in ("", "a" * 10_000, "😀", "cat"):
        with pytest.raises(InvalidRequest) as refused:
            clean_prompt(text)
        assert refused.value.reason in texts("ru").refusals
