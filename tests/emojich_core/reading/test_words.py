"""Forms of Russian words."""

import subprocess
import sys

import pytest

from emojich_core.reading.words import (
    agreeing,
    in_case,
    is_noun,
    is_participle,
    nominative,
    plurals,
)


@pytest.mark.parametrize(
    ("phrase", "case", "form"),
    [
        *(("пицца", "ablt", "пиццей"), ("тёмные очки", "loct", "тёмных очках")),
        *(("красное сердце", "accs", "красное сердце"), ("рыжий кот", "accs", "рыжего кота")),
        *(("большой палец вверх", "loct", "большой палец вверх"), ("кофе", "ablt", "кофе")),
    ],
)
def test_phrase_gets_another_case(phrase: str, case: str, form: str) -> None:
    assert in_case(phrase, case) == form


@pytest.mark.parametrize(
    ("word", "said"),
    [("деньгами", "деньги"), ("кота", "кот"), ("котами", "коты"), ("кофе", "кофе")],
)
def test_nominative_has_the_number_of_the_word(word: str, said: str) -> None:
    assert nominative(word) == said


def test_plural_is_found_of_a_plural_only() -> None:
    assert plurals("тапках") == ("тапки",)
    assert plurals("тапкой") == plurals("синий") == ()


def test_adjective_agrees_with_a_noun_of_either_gender() -> None:
    assert agreeing(["рыжие"], "кошка") == ["рыжая"]
    assert agreeing(["танцующие"], "торопыга") == ["танцующий"]
    assert in_case("танцующий торопыга", "ablt") == "танцующим торопыгой"


@pytest.mark.parametrize(
    ("word", "is_one"),
    [("кот", True), ("кукурузка", True), ("помидорка", True), ("вкусная", False), ("низка", False)],
)
def test_word_outside_the_dictionary_is_no_short_adjective(word: str, is_one: bool) -> None:
    assert is_noun(word) == is_one


def test_participle_is_no_quality() -> None:
    assert is_participle("горящий")
    assert is_participle("танцующий")
    assert not is_participle("любимый")
    assert not is_participle("страшный")


def test_forms_do_not_depend_on_the_seed_of_hashes() -> None:
    """микроб is alive or not."""
    code = (
        "from emojich_core.training.data.morphology import noun_phrase as phrase;"
        "print([phrase(text).form('accs') for text in ('микроб', 'японские куклы')])"
    )
    seen = {
        subprocess.run(
            [sys.executable, "-c", code],
            env={"PYTHONHASHSEED": seed},
            capture_output=True,
            check=True,
        ).stdout
        for seed in ("0", "1")
    }
    assert len(seen) == 1
