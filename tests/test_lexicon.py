"""The lexicon's rows, and the emoji that the bot suggests by them."""

import re
from collections import Counter

import pytest
from emoji import EMOJI_DATA

from bot.russian.emoji import suggest_emoji
from bot.russian.words import plain
from bot.russian.written_emoji import is_emoji
from emojich_core.reading.lexicon import lexicon, other_things

WORDS = [word for words in lexicon().values() for word in words]


def test_every_word_is_in_one_row() -> None:
    assert len(WORDS) >= 6000
    counted = Counter(map(plain, WORDS))
    assert [word for word, count in counted.items() if count > 1] == []


def test_words_are_lower_case_russian() -> None:
    assert [word for word in WORDS if not re.fullmatch(r"[а-яё0-9]+([ -][а-яё0-9]+)*", word)] == []


def test_words_for_other_things_are_marked() -> None:
    assert other_things() < set(WORDS)
    assert {"капибара", "сурикат", "морская свинка"} <= other_things()
    kinds = {"щенок", "бульдог", "котик", "борщ", "бабло", "с днём рождения", "воробей"}
    assert not kinds & other_things()


def test_every_row_has_its_own_existing_emoji() -> None:
    bare = [emoji.replace("\ufe0f", "") for emoji in lexicon()]
    assert len(set(bare)) == len(bare)
    # Unicode 17's are drawn, though Telegram does not take them for stickers yet.
    refused = [emoji for emoji in lexicon() if not is_emoji(emoji)]
    assert all(EMOJI_DATA[emoji]["E"] == 17 for emoji in refused)


@pytest.mark.parametrize(
    ("prompt", "emoji"),
    [
        ("щенок", "🐶"),
        ("борщ", "🍲"),
        ("капибара", "🦫"),
        ("бабло", "💰️"),
        ("спокойной ночи", "😴"),
        ("Спокойной ночи!", "😴"),
        ("красный котик", "🐱"),
        ("две капибары", "🦫"),
        ("рисую котика и щенка", "🐱🐶"),
        ("ржака", "🤣"),
        ("весело", "😀"),
        ("чёрный кот в шляпе", "🐈‍⬛🎩"),  # a phrase beats its words
        ("с днём рождения, мама", "🎉👩"),
    ],
)
def test_suggested_emoji(prompt: str, emoji: str) -> None:
    assert "".join(suggest_emoji(prompt)) == emoji
