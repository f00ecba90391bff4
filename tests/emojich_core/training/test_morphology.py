"""Agreement, cases and numerals."""

import pytest

from emojich_core.training.data.morphology import (
    NounPhrase,
    genitive_to_nominative,
    lemmas,
    noun_phrase,
    with_yo,
)


def phrase(text: str) -> NounPhrase:
    found = noun_phrase(text)
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("text", "adjective", "expected"),
    [
        ("кот", "синий", "синий кот"),
        ("собака", "розовый", "розовая собака"),
        ("яблоко", "зеленый", "зеленое яблоко"),
        ("очки", "красный", "красные очки"),
        ("летучая мышь", "маленький", "маленькая летучая мышь"),
        ("дом с садом", "большой", "большой дом с садом"),
    ],
)
def test_an_adjective_agrees_with_its_noun(text: str, adjective: str, expected: str) -> None:
    assert phrase(text).with_adjective(adjective).form() == expected


@pytest.mark.parametrize(
    ("text", "count", "expected"),
    [
        ("кот", 2, "два кота"),
        ("собака", 2, "две собаки"),
        ("яблоко", 3, "три яблока"),
        ("яблоко", 5, "пять яблок"),
        ("очки", 2, "двое очков"),
        ("летучая мышь", 2, "две летучие мыши"),
        ("красное яблоко", 2, "два красных яблока"),
        ("такси", 3, "три такси"),
        ("мороженое", 2, None),  # no plural is better than "два мороженого"
        ("ноты", 2, None),
    ],
)
def test_noun_agrees_with_its_numeral(text: str, count: int, expected: str | None) -> None:
    assert phrase(text).counted(count) == expected


@pytest.mark.parametrize(
    ("text", "case", "number", "expected"),
    [
        ("кот", "accs", None, "кота"),
        ("пицца", "ablt", None, "пиццей"),
        ("дом с садом", "gent", None, "дома с садом"),
        ("красное яблоко", "nomn", "plur", "красные яблоки"),
        ("человек", "nomn", "plur", "люди"),
        ("очки", "nomn", "sing", None),
    ],
)
def test_phrase_is_inflected(
    text: str, case: str, number: str | None, expected: str | None
) -> None:
    assert phrase(text).form(case, number) == expected


@pytest.mark.parametrize("text", ["широко улыбается", "мужчина и женщина", "в шоке", "смеется"])
def test_text_that_is_no_noun_phrase_stays_unchanged(text: str) -> None:
    assert noun_phrase(text) is None


def test_yo_is_restored_where_it_is_certain() -> None:
    assert with_yo("зеленый еж") == "зелёный ёж"
    assert with_yo("все") == "все"  # всё, too, is a word


def test_lemmas_join_the_forms_of_a_word() -> None:
    assert lemmas("ежами") & lemmas("ёж")
    assert not lemmas("кот") & lemmas("кит")
    assert genitive_to_nominative("собаки") == "собака"
