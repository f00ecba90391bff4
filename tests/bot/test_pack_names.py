"""Names and titles of packs."""

import pytest

from bot.packs.names import (
    BadTitle,
    Kind,
    clean_title,
    default_title,
    kind_of,
    next_title,
    number_of,
    pack_link,
    pack_name,
)
from bot.sandbox.sticker_rules import SET_NAME


def test_set_name_is_valid_and_holds_its_number() -> None:
    for user_id in (1, 1001, 2**52):
        name = pack_name(user_id, 999, "a" * 29 + "bot")
        assert SET_NAME.fullmatch(name)
        assert number_of(name) == 999
    assert pack_name(1001, 2, "emojich_bot") == "emojich_rt_2_by_emojich_bot"


def test_set_name_tells_the_kind_of_pack() -> None:
    for kind in Kind:
        name = pack_name(1001, 12, "emoji_1_2_by_bot", kind)
        assert SET_NAME.fullmatch(name)
        assert (kind_of(name), number_of(name)) == (kind, 12)
    assert pack_link(name) == f"https://t.me/addemoji/{name}"


def test_default_and_next_titles_fit_into_64_characters() -> None:
    assert default_title("Анна") == "Emojich · Анна"
    assert next_title("Коты") == "Коты 2"
    assert next_title("Коты 2") == "Коты 3"
    assert next_title("Коты 2027") == "Коты 2027 2"
    for title in (default_title("😀" * 64), next_title("😀" * 32), next_title("я" * 64)):
        assert len(title.encode("utf-16-le")) // 2 <= 64
    assert next_title("я" * 64).endswith("я 2")


def test_title_from_a_user_is_cleaned_or_refused() -> None:
    assert clean_title(" Коты\u202e и\x07\n кошки ") == "Коты и кошки"
    assert clean_title("<b>*_") == "<b>*_"
    for bad in ("", " \n", "\u200b\x00", "я" * 65, "я" * 300, "😀" * 33):
        with pytest.raises(BadTitle):
            clean_title(bad)
