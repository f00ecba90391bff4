"""Requests of which no event tells."""

import pytest

from bot.intake import next_attempt
from tests.bot.parts import User, Worker, buttons_of

pytestmark = pytest.mark.usefixtures("bot")


def test_lost_request_is_said_and_can_be_drawn_again(user: User, worker: Worker) -> None:
    user.say("кот")
    worker.lose(worker.take())
    message = user.sees("потерялся по дороге")
    user.tap(buttons_of(message)[0]["callback_data"])
    worker.finish(worker.take())
    user.sees("Готово")


def test_attempts_are_counted() -> None:
    assert next_attempt("7_12") == "7_12_try2"
    assert next_attempt("7_u9_try2") == "7_u9_try3"
    assert next_attempt("7_u9_try9") == "7_u9_try10"
