"""Emoji and search words that are found for a prompt."""

import pytest
from telegram.constants import StickerLimit

from bot.russian import emoji as suggest
from bot.russian import written_emoji as written
from bot.russian.emoji import keywords, suggest_emoji
from bot.russian.words import words
from bot.russian.written_emoji import is_emoji_only, written_emoji


@pytest.mark.parametrize(
    ("prompt", "emoji"),
    [
        ("две кошки в шляпах", "🐱🎩"),
        ("кот в космосе", "🐱🌌"),
        ("пылающее сердце", "❤️‍🔥"),
        ("робот с цветком", "🤖🌼"),
        ("Ёжик в тумане", "🦔"),  # a phrase of the lexicon
        ("ёжик и туман", "🦔🌫️"),
        ("бабушка печёт пирог", "👵🥧"),
        ("смеющийся кот", "😸"),
        ("зелёные слоны", "🐘"),
        ("футбольный мяч", "⚽️"),
        ("дед мороз", "🎅"),
        ("кот 🐺 и огонь 🔥🐺", "🐺🔥"),  # emoji written in the text come first
        ("сабака_в_шляпе", "🐶🎩"),
        ("кракозябра", "🎨"),
        ("в и на", "🎨"),
        ("№ 5 — 100 % ©", "🎨"),
        ("галочка ✓", "✅️"),  # ✓ is no emoji
        ("косатка", "🎨"),  # Unicode 17 has one, which Telegram refuses
    ],
)
def test_suggested_emoji(prompt: str, emoji: str) -> None:
    assert "".join(suggest_emoji(prompt)) == emoji


def test_long_prompt_gets_three_suggested_emoji() -> None:
    everything = "кот собака сова лиса пицца банан ракета гитара сердце роза"
    assert len(suggest_emoji(everything)) == 3


@pytest.mark.parametrize(
    ("text", "emoji"),
    [
        ("космонавт 👩‍🚀 с флагом 🇫🇷", ["👩‍🚀", "🇫🇷"]),
        ("сердце ❤️ и рука 👍🏽 1️⃣", ["❤️", "👍🏽", "1️⃣"]),
        ("№ 5 — 100 % ©", []),
        ("галочка ✓ ☆ ♡ → 1 # 🇫 🏽 \U0001facd", []),
        ("знак ©️, стрелка ↔️, ♥ и ✔ без вариации", ["©️", "↔️", "♥", "✔"]),
        ("👨‍👩‍👧‍👦 ❤️‍🔥 👩🏽‍🚀 🏴󠁧󠁢󠁥󠁮󠁧󠁿 1⃣ ⚽️", ["👨‍👩‍👧‍👦", "❤️‍🔥", "👩🏽‍🚀", "🏴󠁧󠁢󠁥󠁮󠁧󠁿", "1⃣", "⚽️"]),
        ("🐱‍🚀", ["🐱", "🚀"]),  # joined, but no emoji of Unicode's
    ],
)
def test_emoji_written_in_a_text_are_found(text: str, emoji: list[str]) -> None:
    assert written_emoji(text) == emoji


@pytest.mark.parametrize("count", [20, 200])
def test_at_most_twenty_written_emoji_are_taken(count: int) -> None:
    many = "".join(chr(0x1F600 + n % 40) * 2 for n in range(count))
    assert len(written_emoji(many)) == StickerLimit.MAX_STICKER_EMOJI


@pytest.mark.parametrize(
    ("text", "only"),
    [
        ("🐱 🎩", True),
        ("👩‍🚀", True),
        ("🐱 кот", False),
        ("", False),
        ("  ", False),
        ("✓", False),
        ("🐱‍🚀", True),
        ("⚽️", True),
        ("1", False),
        ("©", False),
    ],
)
def test_text_of_emoji_only_is_recognized(text: str, only: bool) -> None:
    assert is_emoji_only(text) == only


def test_search_keywords_are_words_and_their_lemmas() -> None:
    assert keywords("Две кошки в шляпах") == ["два", "кошка", "шляпа", "две", "кошки", "шляпах"]
    assert keywords("🔥") == []
    long = keywords("превосходительство " * 3 + "человеконенавистничество и достопримечательность")
    assert sum(map(len, long)) <= StickerLimit.MAX_KEYWORD_LENGTH
    assert len(keywords("а".join("бвгджзклмнпрст"))) <= StickerLimit.MAX_SEARCH_KEYWORDS


def test_words_are_extracted_without_prepositions_and_numbers() -> None:
    assert [word.text for word in words("Чёрно-белый кот и его большой-большой ёж, 3 штуки")] == [
        "черно-белый", "кот", "большой-большой", "еж", "штуки",
    ]  # fmt: skip


def test_every_suggested_emoji_is_accepted_by_telegram() -> None:
    lines = suggest.TABLE.read_text(encoding="utf-8").splitlines()
    table = {line.split("\t")[0] for line in lines if not line.startswith("# ")}
    suggested = {named.emoji for named in suggest._table()}
    assert suggested < table  # CLDR's has some of Unicode 17
    assert all(map(written.is_emoji, suggested))


@pytest.mark.parametrize("part", ["👩\u200d", "1", "🇫", "#\ufe0f", "👨‍👩‍👧", "😀", "к"])
def test_long_texts_take_linear_time(part: str, monkeypatch: pytest.MonkeyPatch) -> None:
    looks = 0

    def count(text: str) -> bool:
        nonlocal looks
        looks += 1
        return is_emoji(text)

    is_emoji = written.is_emoji
    monkeypatch.setattr(written, "is_emoji", count)
    text = (part * 4096)[:4096]
    is_emoji_only(text)
    assert looks <= 11 * len(text)
