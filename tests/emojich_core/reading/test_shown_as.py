"""Words that other drawings show better than their emoji."""

import pytest

from emojich_core.model_options import SHIPPED
from emojich_core.reading.lexicon import emoji_by_phrase, lexicon
from emojich_core.reading.shown_as import TABLE
from emojich_core.reading.tables import rows
from emojich_core.reading.vocabulary import Vocabulary
from emojich_core.reading.words import plain
from emojich_core.reading.written_emoji import bare


@pytest.fixture(scope="module")
def mini() -> Vocabulary:
    return Vocabulary.load(SHIPPED / "mini" / "vocabulary.tsv")


@pytest.mark.parametrize(
    ("prompt", "layout", "things"),
    [
        ("бабу ягу", "with", ["пожилая женщина", "метла"]),
        ("дворники", "with", ["взрослый мужчина", "метла"]),
        ("прораб", "worn at the crown", ["взрослый мужчина", "каска с белым крестом"]),
        ("👷", "worn at the crown", ["взрослый мужчина", "каска с белым крестом"]),
        ("папа и дочка", "beside", ["взрослый мужчина", "девочка"]),
        ("баба яга с котом", "with; with another", ["пожилая женщина", "метла", "морда кошки"]),
        # What a layout puts beside another thing cannot be a scene itself: it comes first.
        ("кот и баба яга", "with; beside", ["пожилая женщина", "метла", "морда кошки"]),
        ("сосиска под строителем", "under", ["хот-дог", "взрослый мужчина"]),
    ],
)
def test_word_is_shown_by_a_scene(
    mini: Vocabulary, prompt: str, layout: str, things: list[str]
) -> None:
    reading = mini.read(prompt)
    assert reading.layout == layout
    assert [reading.prompt, *(other.prompt for other in reading.others)] == things


def test_user_is_told_of_another_thing(mini: Vocabulary) -> None:
    reading = mini.read("косатки")
    assert (reading.prompt, reading.colour) == ("дельфин", "черный")
    assert (reading.unknown, reading.instead) == ("косатки", "черный дельфин")
    assert not mini.read("снежный человек").unknown


@pytest.mark.parametrize(
    ("prompt", "drawn"), [("помогите", "спасательный круг"), ("овен", "баран")]
)
def test_emoji_that_the_weights_cannot_draw_is_shown(
    mini: Vocabulary, prompt: str, drawn: str
) -> None:
    assert mini.read(prompt).prompt == drawn


def test_word_of_several_emoji_keeps_them(mini: Vocabulary) -> None:
    assert len(mini.read("зима").prompts) > 1  # though the lexicon has it for snow
    assert mini.read("снегопад").layout == "with"


def test_all_rows_are_read_whole(mini: Vocabulary) -> None:
    keys = [key.removeprefix("~") for _, row in rows(TABLE) for key in row.split("; ")]
    assert len(set(keys)) == len(keys)
    known = {*map(bare, lexicon()), *mini.names, *emoji_by_phrase()}
    assert [key for key in keys if bare(plain(key)) not in known] == []
    assert [prompt for prompt, _ in rows(TABLE) if mini.read(prompt).unknown] == []
