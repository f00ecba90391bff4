"""A request that takes long shows its half-drawn images, and its result takes their place."""

from typing import Any

import pytest
import redis

from bot.telegram import rate_limits
from bot.telegram.rate_limits import Limit
from tests.bot.harness import (
    RunningBot,
    Sandbox,
    User,
    Worker,
    draw_sketch,
    open_of,
    text_of,
    wait_for,
)
from worker.queue.events import STREAM, Progress, publish
from worker.queue.sketches import load_sketch, sketch_key

# retry_after will be a timedelta one day; both are understood.
pytestmark = pytest.mark.filterwarnings("ignore::telegram.warnings.PTBDeprecationWarning")


def picture_of(message: dict[str, Any]) -> str:
    """An id of a message's picture; empty for a text."""
    photo = message.get("photo")
    return str(photo[-1]["file_unique_id"]) if photo else ""


def sees_picture(user: User, other_than: str = "") -> dict[str, Any]:
    """The bot's last message, as soon as it is a photo, and another one."""

    def look() -> dict[str, Any] | None:
        message = user.answer()
        return message if picture_of(message) not in ("", other_than) else None

    return wait_for(look)


def test_sketches_grow_in_the_message_and_the_result_replaces_them(
    bot: RunningBot, user: User, worker: Worker, connection: redis.Redis
) -> None:
    user.say("кот")
    request = worker.take()
    worker.progress(request, 0.1)
    assert not picture_of(user.sees("«кот»", "10"))
    worker.sketch(request, 0.2, 1, draw_sketch(1))
    first = sees_picture(user)
    assert "20" in text_of(first)
    worker.progress(request, 0.3)
    assert picture_of(user.sees("«кот»", "30")) == picture_of(first)  # only its caption changes
    worker.sketch(request, 0.4, 2, draw_sketch(2))
    second = sees_picture(user, picture_of(first))
    worker.finish(request)
    done = user.sees("Готово, 4")
    assert picture_of(done) not in ("", picture_of(second))
    assert len(user.messages()) == 1
    assert load_sketch(connection, request.id) == b""


def test_key_of_another_type_does_not_stop_the_progress_bar(
    bot: RunningBot, user: User, worker: Worker, connection: redis.Redis
) -> None:
    user.say("кот")
    request = worker.take()
    connection.rpush(sketch_key(request.id), "of another program")
    publish(connection, Progress(request.id, 0.2, 1))
    assert not picture_of(user.sees("«кот»", "20"))


def test_progress_delayed_by_rate_limits_is_acknowledged(
    bot: RunningBot,
    user: User,
    worker: Worker,
    connection: redis.Redis,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Else a busy group would fill the stream up to MAX_UNREAD, and no user would see progress."""
    monkeypatch.setattr(rate_limits, "CHAT", Limit(3, 60.0))  # no room once two calls were made
    user.say("кот")
    request = worker.take()
    worker.progress(request, 0.1)
    user.sees("«кот»", "10")
    for fraction in (0.2, 0.3, 0.4):
        worker.progress(request, fraction)
    wait_for(lambda: connection.xlen(STREAM) == 0)
    assert "10" in text_of(user.answer())
    worker.finish(request)
    user.sees("Готово, 4")


def test_late_sketch_does_not_replace_the_stickers(
    bot: RunningBot, user: User, worker: Worker, connection: redis.Redis
) -> None:
    user.say("кот")
    request = worker.take()
    worker.sketch(request, 0.2, 1, draw_sketch(1))
    sees_picture(user)
    worker.finish(request)
    done = user.sees("Готово")
    worker.sketch(request, 0.9, 2, draw_sketch(2))
    wait_for(lambda: connection.xlen(STREAM) == 0)
    assert picture_of(user.answer()) == picture_of(done)
    assert "Готово" in text_of(user.answer())


@pytest.mark.parametrize("end", ["fail", "cancel"])
def test_failure_replaces_a_sketch_and_a_retry_takes_the_message_over(
    bot: RunningBot, user: User, worker: Worker, connection: redis.Redis, end: str
) -> None:
    user.say("кот")
    request = worker.take()
    worker.sketch(request, 0.5, 1, draw_sketch(1))
    sees_picture(user)
    if end == "fail":
        worker.fail(request, "memory")
        user.sees("«кот»", "слишком много")
        user.press("🔄")
    else:
        user.press("✖")
        user.sees("«кот»", "Остановлено")
        wait_for(lambda: open_of(user, connection) == 0)
        user.press("🔄")
    assert load_sketch(connection, request.id) == b""
    worker.finish(worker.take())
    user.sees("Готово")
    assert len(user.messages()) == 1


def test_bot_that_returns_shows_the_newest_sketch_and_then_the_stickers(
    bot: RunningBot, user: User, worker: Worker
) -> None:
    user.say("кот")
    user.sees("«кот»")
    bot.stop()
    request = worker.take()
    worker.sketch(request, 0.2, 1, draw_sketch(1))
    worker.sketch(request, 0.4, 2, draw_sketch(2))
    bot.start()
    first = sees_picture(user)
    user.sees("40")
    bot.stop()
    worker.sketch(request, 0.6, 3, draw_sketch(3))
    worker.finish(request)
    bot.start()
    done = user.sees("Готово")
    assert picture_of(done) != picture_of(first)
    assert len(user.messages()) == 1


def test_sketch_whose_answer_is_lost_leaves_a_message_that_can_be_edited(
    bot: RunningBot, user: User, worker: Worker, sandbox: Sandbox
) -> None:
    user.say("кот")
    user.sees("«кот»")
    request = worker.take()
    sandbox.fault("editMessageMedia", 500, after=True)
    worker.sketch(request, 0.2, 1, draw_sketch(1))
    sees_picture(user)
    worker.fail(request, "memory")  # a caption now, and not a text
    user.sees("слишком много")
    assert len(user.messages()) == 1


def test_sketch_that_telegram_limits_does_not_delay_the_stickers(
    bot: RunningBot, user: User, worker: Worker, sandbox: Sandbox, caplog: pytest.LogCaptureFixture
) -> None:
    user.say("кот")
    user.sees("«кот»")
    request = worker.take()
    sandbox.fault("editMessageMedia", 429, retry_after=60)
    worker.sketch(request, 0.2, 1, draw_sketch(1))
    wait_for(lambda: "again in 60" in caplog.text)
    worker.finish(request)
    user.sees("Готово")


def test_chat_without_photos_gets_the_progress_bar_instead_of_sketches(
    bot: RunningBot, user: User, worker: Worker, sandbox: Sandbox
) -> None:
    user.say("кот")
    user.sees("«кот»")
    request = worker.take()
    refused = "Bad Request: not enough rights to send photos to the chat"
    sandbox.fault("editMessageMedia", 400, description=refused)
    worker.sketch(request, 0.2, 1, draw_sketch(1))
    assert not picture_of(user.sees("20"))
    worker.sketch(request, 0.4, 2, draw_sketch(2))  # is not tried any more
    assert not picture_of(user.sees("40"))
    worker.finish(request)
    user.sees("Готово")


def test_expired_sketch_is_replaced_by_the_progress_bar(
    bot: RunningBot, user: User, worker: Worker, connection: redis.Redis
) -> None:
    user.say("кот")
    request = worker.take()
    publish(connection, Progress(request.id, 0.2, 1))
    assert not picture_of(user.sees("20"))
    worker.finish(request)
    user.sees("Готово")


def test_group_sees_sketches(bot: RunningBot, user: User, worker: Worker, sandbox: Sandbox) -> None:
    group = sandbox.group(user)
    user.say("/sticker кот", chat_id=group)
    request = worker.take()
    worker.sketch(request, 0.5, 1, draw_sketch(1))
    wait_for(lambda: [m for m in user.messages(group) if picture_of(m)])
    worker.finish(request)
    wait_for(lambda: [m for m in user.messages(group) if "Готово" in text_of(m)])
    assert len(user.messages(group)) == 1
