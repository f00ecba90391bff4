"""Requests about which no event arrives."""

import pytest

from bot.requests import monitor
from tests.bot.harness import User, Worker

pytestmark = pytest.mark.usefixtures("bot")


@pytest.mark.usefixtures("at_work")
def test_lost_request_is_reported_and_can_be_retried(user: User, worker: Worker) -> None:
    user.say("кот")
    worker.lose(worker.take())
    message = user.sees("потерялся по дороге")
    user.press_button(message, 0)
    worker.finish(worker.take())
    user.sees("Готово")


def test_request_without_workers_is_reported_as_waiting(
    user: User, worker: Worker, monkeypatch: pytest.MonkeyPatch
) -> None:
    user.say("кот")
    request = worker.take()
    worker.progress(request, 0.4)
    user.sees("40\N{NO-BREAK SPACE}%")
    with monkeypatch.context() as patch:
        patch.setattr(monitor, "ABSENCE", 0.3)
        user.sees("Художник сейчас отдыхает")
    worker.progress(request, 0.1)
    user.sees("10\N{NO-BREAK SPACE}%")
    worker.finish(request)
    user.sees("Готово")


def test_expired_request_is_reported_and_can_be_retried(user: User, worker: Worker) -> None:
    user.say("кот")
    user.sees("Запрос сохранён")
    worker.lose(worker.take())  # as its job expires
    message = user.sees("не вернулся за целые сутки")
    user.press_button(message, 0)
    worker.finish(worker.take())
    user.sees("Готово")
