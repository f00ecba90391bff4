"""Events reach the chat once and in order, through outages of Telegram and restarts of the bot."""

import time

import pytest
import redis

from bot.requests.record import State
from bot.requests.store import OPEN
from bot.sandbox.errors import LATE
from emojich_core.request import Candidate
from tests.bot.conftest import NewUser
from tests.bot.harness import RunningBot, Sandbox, User, Worker, state_of, text_of, wait_for
from tests.metrics import ends_of
from worker.queue.events import STREAM, Finished, Progress, publish, to_json

# retry_after will be a timedelta one day; both are understood.
pytestmark = pytest.mark.filterwarnings("ignore::telegram.warnings.PTBDeprecationWarning")


def is_acknowledged(connection: redis.Redis) -> bool:
    """Whether the bot has dealt with every event."""
    return connection.xlen(STREAM) == 0


def test_bot_delivers_events_published_while_it_was_down(
    bot: RunningBot, user: User, worker: Worker, connection: redis.Redis
) -> None:
    user.say("кот")
    user.sees("«кот»")
    bot.stop()
    request = worker.take()
    worker.progress(request, 0.5)
    worker.finish(request)
    user.say("пёс")
    bot.start()
    user.sees("«пёс»")
    [first] = wait_for(lambda: [m for m in user.messages() if "Готово" in text_of(m)])
    assert first["photo"]
    assert len(user.messages()) == 2
    wait_for(lambda: is_acknowledged(connection))


@pytest.mark.parametrize("after", [False, True])
def test_messages_arrive_despite_429_and_500(
    bot: RunningBot, user: User, new_user: NewUser, worker: Worker, sandbox: Sandbox, after: bool
) -> None:
    other = new_user()
    user.say("кот")
    user.sees("«кот»")
    request = worker.take()
    sandbox.fault("editMessageMedia", 429, retry_after=4)
    sandbox.fault("editMessageMedia", 500, after=after)
    began = time.monotonic()
    worker.finish(request)
    other.say("пёс")  # is not held up
    other.sees("«пёс»")
    assert time.monotonic() - began < 4
    user.sees("Готово")
    assert time.monotonic() - began >= 4
    assert len(user.messages()) == 1


def test_first_message_survives_an_outage(
    bot: RunningBot, user: User, worker: Worker, sandbox: Sandbox
) -> None:
    sandbox.fault("sendMessage", 502, times=2)
    user.say("кот")
    user.sees("«кот»")
    worker.finish(worker.take())
    user.sees("Готово")
    assert len(user.messages()) == 1


def test_stickers_ready_before_the_first_answer_are_sent_in_its_place(
    bot: RunningBot, user: User, worker: Worker, sandbox: Sandbox, connection: redis.Redis
) -> None:
    sandbox.fault("sendMessage", LATE, after=True, delay=3)
    user.say("кот\nпёс")
    user.sees("«кот»")  # but the bot has no answer yet, and the chat's other message waits for that
    with sandbox.held():
        requests = [worker.take(), worker.take()]
        for request in requests:
            worker.finish(request)
        wait_for(lambda: {state_of(each, connection) for each in requests} == {State.FINISHED})
    done = wait_for(
        lambda: [m for m in user.messages() if "Готово" in text_of(m)][1:] and user.messages()
    )
    assert ["edit_date" in message for message in done] == [True, False]
    assert "«пёс»" in text_of(done[1])
    wait_for(lambda: is_acknowledged(connection))
    assert "edit_date" not in user.messages()[-1]


def test_full_redis_makes_the_bot_send_no_message_twice(
    bot: RunningBot,
    user: User,
    sandbox: Sandbox,
    worker: Worker,
    connection: redis.Redis,
    caplog: pytest.LogCaptureFixture,
) -> None:
    sandbox.fault("sendMessage", 429, retry_after=2)
    user.say("кот")
    request = worker.take()
    wait_for(lambda: f"request {request.id}: " in caplog.text)  # it is stored
    connection.config_set("maxmemory", 1)
    try:
        user.sees("«кот»")
        wait_for(lambda: caplog.text.count(f"request {request.id}: OutOfMemoryError") > 1)
    finally:
        connection.config_set("maxmemory", 0)
    worker.finish(request)
    wait_for(lambda: [m for m in user.messages() if "Готово" in text_of(m)])
    assert len([m for m in user.messages() if "«кот»" in text_of(m)]) == 1


def test_late_progress_event_does_not_replace_the_stickers(
    bot: RunningBot, user: User, worker: Worker, connection: redis.Redis
) -> None:
    user.say("кот")
    request = worker.take()
    worker.finish(request)
    user.sees("Готово")
    worker.progress(request, 0.9)
    again = Finished(request.id, (Candidate(0, 0, 1.0, "unet"),))
    connection.xadd(STREAM, {"event": to_json(again)})
    wait_for(lambda: is_acknowledged(connection))
    assert text_of(user.answer()).startswith("«кот»\n\nГотово, 4 стикера")


def test_stickers_expired_before_delivery_are_reported(
    bot: RunningBot, user: User, worker: Worker, connection: redis.Redis
) -> None:
    user.say("кот")
    request = worker.take()
    publish(connection, Finished(request.id, (Candidate(0, 0, 1.0, "unet"),), model="forgetful"))
    user.sees("не дождались отправки")
    wait_for(lambda: not connection.hexists(OPEN, request.id))
    assert wait_for(lambda: ends_of("forgetful")) == {("failed", "expired"): 1}


def test_picture_refused_by_telegram_is_reported(
    bot: RunningBot, user: User, worker: Worker, sandbox: Sandbox
) -> None:
    user.say("кот")
    user.sees("«кот»")
    sandbox.fault("editMessageMedia", 400, description="Bad Request: IMAGE_PROCESS_FAILED")
    worker.finish(worker.take())
    user.sees("Telegram не принял картинку")


@pytest.mark.parametrize(
    ("error_code", "description"),
    [(403, "Forbidden: bot was blocked by the user"), (400, "Bad Request: chat not found")],
)
def test_request_of_a_user_who_blocked_the_bot_is_closed(
    bot: RunningBot,
    user: User,
    worker: Worker,
    sandbox: Sandbox,
    connection: redis.Redis,
    error_code: int,
    description: str,
) -> None:
    user.say("кот")
    user.sees("«кот»")
    sandbox.fault("editMessageMedia", error_code, description=description)
    worker.finish(worker.take())
    wait_for(lambda: is_acknowledged(connection))
    assert not connection.hlen("emojich:open")


def test_request_whose_message_was_deleted_is_closed(
    bot: RunningBot, user: User, worker: Worker, sandbox: Sandbox, connection: redis.Redis
) -> None:
    user.say("кот")
    message = user.sees("«кот»")
    sandbox.api("deleteMessage", chat_id=user.id, message_id=message["message_id"])
    worker.finish(worker.take())
    wait_for(lambda: is_acknowledged(connection))
    assert user.messages() == []


def test_event_of_an_unknown_request_is_acknowledged(
    bot: RunningBot, connection: redis.Redis
) -> None:
    publish(connection, Progress("404_404", 0.5))
    wait_for(lambda: is_acknowledged(connection))
