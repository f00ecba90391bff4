"""What messages and buttons look like."""

import pytest
from telegram.constants import InlineKeyboardButtonLimit

from bot.requests.keyboards import (
    Button,
    Deed,
    Example,
    cancel,
    candidates,
    choose_like,
    examples,
    read_tap,
    try_again,
)
from bot.requests.record import Record, State
from bot.requests.view import progress_bar, view
from bot.texts import EXAMPLES, texts

LONGEST = Record(
    id=f"{2**52}_u{2**31}_2_try99", user_id=1, chat_id=1, prompt="кот", language="ru", count=9
)


@pytest.mark.parametrize(
    ("fraction", "bar"),
    [
        (0.0, "▱▱▱▱▱▱▱▱▱▱ 0\u00a0%"),
        (0.4, "▰▰▰▰▱▱▱▱▱▱ 40\u00a0%"),
        (0.999, "▰▰▰▰▰▰▰▰▰▱ 99\u00a0%"),
        (1.0, "▰▰▰▰▰▰▰▰▰▰ 100\u00a0%"),
        (7.0, "▰▰▰▰▰▰▰▰▰▰ 100\u00a0%"),
    ],
)
def test_progress_bar(fraction: float, bar: str) -> None:
    assert progress_bar(fraction) == bar


def test_every_state_has_its_view() -> None:
    for state in State:
        record = Record("1_1", 1, 1, "кот", "ru", state=state, count=4)
        assert (view(record) is None) == (state in (State.REPLACED, State.GONE))


def test_callback_data_fits_and_reads_back() -> None:
    words = texts("ru")
    boards = [board(LONGEST, words) for board in (candidates, choose_like, try_again, cancel)]
    buttons = [button for board in boards for row in board.inline_keyboard for button in row]
    data = [str(button.callback_data) for button in buttons]
    assert max(map(len, data)) <= InlineKeyboardButtonLimit.MAX_CALLBACK_DATA
    assert [read_tap(one) for one in data] == [
        *(Button(Deed.ADD, LONGEST.id, number) for number in range(9)),
        Button(Deed.MORE, LONGEST.id),
        Button(Deed.CHOOSE, LONGEST.id),
        Button(Deed.EDIT, LONGEST.id),
        *(Button(Deed.LIKE, LONGEST.id, number) for number in range(9)),
        Button(Deed.BACK, LONGEST.id),
        Button(Deed.AGAIN, LONGEST.id),
        Button(Deed.CANCEL, LONGEST.id),
    ]
    taps = [read_tap(str(row[0].callback_data)) for row in examples().inline_keyboard]
    assert taps == [Example(prompt) for prompt in EXAMPLES]


@pytest.mark.parametrize(
    "data",
    [
        "",
        "0:add:1_1:0",
        "1:add:1_1",
        "1:add::1",
        "1:example:9",
        "1:more:1_1:0",
        "1:add:1_1:77",
        "x",
    ],
)
def test_unknown_buttons_are_nothing(data: str) -> None:
    assert read_tap(data) is None
