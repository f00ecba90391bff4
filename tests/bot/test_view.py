"""The contents of messages and the callback data of their buttons."""

from dataclasses import replace

import pytest
from telegram.constants import InlineKeyboardButtonLimit

from bot.requests.record import Record, State
from bot.requests.view import (
    CandidateAction,
    CandidateButton,
    ExampleButton,
    PromptButton,
    RequestAction,
    RequestButton,
    cancel_keyboard,
    candidates_keyboard,
    choose_like_keyboard,
    examples_keyboard,
    progress_bar,
    try_again_keyboard,
    view,
)
from bot.telegram.callbacks import Callback
from bot.texts import EXAMPLES, texts

LONGEST = Record(
    id=f"{2**52}_u{2**31}_2_try99", user_id=1, chat_id=1, prompt="кот", language="ru", count=9
)


def read(data: str) -> Callback | None:
    """The button of a request that some callback data belongs to."""
    kinds = (ExampleButton, PromptButton, CandidateButton, RequestButton)
    found = [button for kind in kinds if (button := kind.parse(data))]
    assert len(found) < 2
    return found[0] if found else None


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
def test_progress_is_shown_as_a_bar(fraction: float, bar: str) -> None:
    assert progress_bar(fraction) == bar


def test_every_state_of_a_request_has_a_view() -> None:
    for state in State:
        record = Record("1_1", 1, 1, "кот", "ru", state=state, count=4)
        assert (view(record) is None) == (state in (State.REPLACED, State.GONE))


def test_callback_data_fits_and_reads_back() -> None:
    words = texts("ru")
    boards = [
        board(LONGEST, words)
        for board in (
            candidates_keyboard,
            choose_like_keyboard,
            try_again_keyboard,
            cancel_keyboard,
        )
    ]
    buttons = [button for board in boards for row in board.inline_keyboard for button in row]
    data = [str(button.callback_data) for button in buttons]
    assert max(map(len, data)) <= InlineKeyboardButtonLimit.MAX_CALLBACK_DATA
    assert [read(one) for one in data] == [
        *(CandidateButton(CandidateAction.ADD, LONGEST.id, number) for number in range(9)),
        RequestButton(RequestAction.MORE, LONGEST.id),
        RequestButton(RequestAction.CHOOSE, LONGEST.id),
        RequestButton(RequestAction.EDIT, LONGEST.id),
        *(CandidateButton(CandidateAction.LIKE, LONGEST.id, number) for number in range(9)),
        RequestButton(RequestAction.BACK, LONGEST.id),
        RequestButton(RequestAction.AGAIN, LONGEST.id),
        RequestButton(RequestAction.CANCEL, LONGEST.id),
    ]
    parsed = [read(str(row[0].callback_data)) for row in examples_keyboard().inline_keyboard]
    assert parsed == [ExampleButton(number) for number in range(len(EXAMPLES))]


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
def test_unknown_callback_data_parses_to_no_button(data: str) -> None:
    assert read(data) is None


def test_quotes_within_a_prompt_are_the_inner_ones() -> None:
    screen = view(replace(LONGEST, prompt="сова с надписью «доброе утро»"))
    assert screen
    assert "«сова с надписью „доброе утро“»" in screen.text


def test_phrase_that_was_not_drawn_whole_is_quoted_once() -> None:
    record = replace(LONGEST, state=State.FINISHED, unknown="очень жарко тут", instead="жарко")
    screen = view(record)
    assert screen
    assert "\n«очень жарко тут» целиком я ещё не умею, вот «жарко»." in screen.text
