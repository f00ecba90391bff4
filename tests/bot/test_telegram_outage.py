"""Telegram is down while a user looks at packs, or the user has blocked the bot."""

from typing import Any

import pytest

from bot.telegram import retry
from tests.bot.harness import Sandbox, User, Worker, wait_for

pytestmark = pytest.mark.usefixtures("bot")

DOWN = "Telegram сейчас не отвечает"
OUTAGES = ({"error_code": 429, "retry_after": 600}, {"error_code": 502})


@pytest.fixture(params=OUTAGES, ids=["429", "502"])
def outage(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    monkeypatch.setattr(retry, "_MAX_WAIT", 0.0)
    return dict(request.param)


def tracebacks(caplog: pytest.LogCaptureFixture) -> list[str]:
    """The messages of ours that have one; `bot.logs` silences python-telegram-bot's."""
    return [r.getMessage() for r in caplog.records if r.exc_info and r.name.startswith("bot")]


def with_pack(user: User, worker: Worker) -> dict[str, Any]:
    """The page of a pack with one sticker."""
    user.say("кот")
    worker.finish(worker.take(), 2)
    shown = user.sees("Готово")
    user.press_button(shown, 0)
    user.say("/packs")
    user.press("Emojich", user.sees("Ваши наборы"))
    return user.sees("Чтобы изменить")


def test_user_is_told_that_telegram_is_down(
    user: User,
    worker: Worker,
    sandbox: Sandbox,
    outage: dict[str, Any],
    caplog: pytest.LogCaptureFixture,
) -> None:
    page = with_pack(user, worker)
    sandbox.fault("getStickerSet", **outage)
    user.say("/packs")
    user.sees(DOWN)
    sandbox.fault("getStickerSet", **outage)
    assert DOWN in user.press("1", page)
    user.press("1", page)
    assert tracebacks(caplog) == []
    assert "Telegram does not answer" in caplog.text


def test_question_for_a_title_stays_open_during_an_outage(
    user: User, worker: Worker, sandbox: Sandbox, outage: dict[str, Any]
) -> None:
    page = with_pack(user, worker)
    user.press("✏️", page)
    question = user.sees("Как назвать")["message_id"]
    sandbox.fault("setStickerSetTitle", **outage)
    user.reply(question, "Коты")
    user.sees(DOWN)
    user.reply(question, "Коты")
    user.sees("Теперь набор называется «Коты»")


def test_blocked_bot_is_logged_without_a_traceback(
    user: User, sandbox: Sandbox, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", "bot")
    sandbox.fault("sendMessage", 403)
    user.say("/help")
    wait_for(lambda: "cannot be answered" in caplog.text)
    assert tracebacks(caplog) == []
