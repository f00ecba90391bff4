"""What users meant to type: in Russian letters and in Latin ones."""

import pytest

from emojich_core.reading.latin import ENGLISH, in_russian
from emojich_core.reading.lexicon import lexicon
from emojich_core.reading.spelling import mended, respelled


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        *(("Сабака", "собака"), ("карова", "корова"), ("касмонавт", "космонавт")),
        *(("пицтса", "пицца"), ("пица", "пицца"), ("лигушка", "лягушка"), ("жырафф", "жираф")),
        *(("УРАААА", "ура"), ("сссобака", "собака"), ("длинношеее", "длинношеее")),
        *(("кот!!! Спит?", "кот, Спит"), ("кот... в шляпе", "кот в шляпе"), ("йо-йо", "йо-йо")),
    ],
)
def test_text_is_mended(typed: str, meant: str) -> None:
    assert mended(typed) == meant


@pytest.mark.parametrize(
    "word",
    [
        *("абырвалг", "бармаглот", "яишенка", "помидорка", "колада", "Москва", "кат", "куздра"),
        *("ракита", "а" * 200, "щщщщ"),
    ],
)
def test_word_that_nothing_is_near_stays(word: str) -> None:
    assert respelled(word) == word


def test_no_word_of_the_lexicon_is_respelled() -> None:
    words = [word for row in lexicon().values() for said in row for word in said.split()]
    assert [word for word in words if respelled(word) != word] == []


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        *(
            ("cats", "кот"),
            ("two red hearts", None),
            ("black cat with pizza", "чёрный кот с пиццей"),
        ),
        *(("ghost under the moon", "привидение под луной"), ("happy birthday!", "с днём рождения")),
        *(("ghbdtn", "привет"), ("cj,frf", "собака"), ("RJN.", "кот"), ("qwrtz", None)),
        *(("medved", "медведь"), ("shchenok", "щенок"), ("kot s pizzei", "кот с пиццей")),
        *(("кот", None), ("iPhone", None), ("https://t.me/cat", None), ("b", None)),
    ],
)
def test_latin_letters_become_russian_where_that_is_sure(typed: str, meant: str | None) -> None:
    assert in_russian(typed) == meant


def test_english_words_stand_once_and_mean_words_of_the_lexicon() -> None:
    rows = [line.split("\t") for line in ENGLISH.read_text("utf-8").splitlines()[1:]]
    assert len({english for english, _ in rows}) == len(rows)
    assert all(in_russian(english) for english, _ in rows)
