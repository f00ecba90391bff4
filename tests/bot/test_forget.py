"""/forget and /privacy."""

from typing import Any

import pytest
import redis
from rq.results import Result

from bot.requests.limits import DAY
from bot.requests.store import OPEN
from tests.bot.conftest import NewUser
from tests.bot.harness import Sandbox, User, Worker, wait_for
from tests.keys import check_user_keys
from worker.queue.ends import FORGET_TTL
from worker.queue.events import STREAM
from worker.queue.request_job import rq_queue
from worker.queue.sketches import save_sketch

pytestmark = pytest.mark.usefixtures("bot")


def keys_of(connection: redis.Redis, user: User) -> list[bytes]:
    """Every key that has the user's id in its name."""
    found: Any = connection.keys(f"*{user.id}*")
    return list(found)


def check_only_counts_are_left(connection: redis.Redis, user: User) -> None:
    """Only keys that expire are left: counts of requests, reports, and marks of ended requests."""
    lives = {"asked": DAY, "report": 2 * DAY, "reports": DAY, "ended": FORGET_TTL}
    for key in keys_of(connection, user):
        most = lives[key.decode().split(":")[1]]
        assert 0 < connection.ttl(key) <= most  # type: ignore[operator]
    open_requests: Any = connection.hvals(OPEN)
    assert str(user.id).encode() not in open_requests


def live(user: User, worker: Worker) -> None:
    """Leave traces of every kind."""
    user.say("/settings")
    user.sees("Сколько")
    user.press("2")
    user.say("кот")
    request = worker.take()
    job = worker.queue.job(request.id)
    assert job
    # As RQ does, whose worker has died once.
    rq_queue(job.connection).intermediate_queue.set_first_seen(request.id)
    Result.create(job, Result.Type.SUCCESSFUL, ttl=DAY)
    worker.finish(request)
    # As a bot with admins does; tests/bot/test_reports.py presses the buttons.
    job.connection.set(f"emojich:report:{request.id}", "{}", ex=DAY)
    job.connection.zadd(f"emojich:reports:{user.id}", {request.id: 1})
    job.connection.expire(f"emojich:reports:{user.id}", DAY)
    shown = user.sees("Готово")
    user.press_button(shown, 0)
    user.say("/packs")
    user.sees("Ваши наборы")
    user.press("➕")
    user.reply(user.sees("Как назвать")["message_id"], "Коты")
    user.sees("«Коты»")
    sticker = user.packs()[0]["stickers"][0]
    user.say(sticker_file_id=sticker["file_id"])
    question = user.sees("Что сделать")
    user.say("/packs")
    user.sees("Ваши наборы")
    user.press("➕")
    user.sees("Как назвать")  # and waits for an answer
    user.press("🔁", question)
    user.say(photo=True, caption="сова")
    user.sees("«сова»")
    save_sketch(job.connection, worker.waiting()[-1], b"sketch")


def test_user_deletes_all_data_and_keeps_packs(
    user: User, worker: Worker, connection: redis.Redis
) -> None:
    live(user, worker)
    check_user_keys(keys_of(connection, user), user.id)
    user.say("/forget")
    user.sees("Забыть всё")
    user.press("Забыть, наборы")
    user.sees("ничего о вас не помню")
    wait_for(lambda: connection.xlen(STREAM) == 0)
    check_only_counts_are_left(connection, user)
    assert worker.queue.count_waiting() == 0
    assert len(user.packs()) == 1
    user.say("кит")
    user.sees("«кит»")
    assert worker.take().count == 4


def test_user_deletes_all_data_and_packs(
    user: User, worker: Worker, connection: redis.Redis
) -> None:
    live(user, worker)
    user.say("/forget")
    user.sees("Забыть всё")
    user.press("🗑")
    user.sees("ничего о вас не помню")
    assert user.packs() == []
    check_only_counts_are_left(connection, user)


def test_data_is_kept_when_packs_cannot_be_deleted(
    user: User, worker: Worker, sandbox: Sandbox
) -> None:
    live(user, worker)
    user.say("/forget")
    user.sees("Забыть всё")
    sandbox.fault("deleteStickerSet", 400)
    user.press("🗑")
    user.sees("не дал этого сделать")
    user.say("/history")
    user.sees("последний запрос")


def test_user_cancels_forget_and_keeps_data(user: User, worker: Worker) -> None:
    live(user, worker)
    user.say("/forget")
    user.sees("Забыть всё")
    user.press("← Назад")
    user.sees("остаётся как было")
    user.say("/packs")
    user.sees("Ваши наборы")


def test_user_cannot_delete_data_of_another_user(new_user: NewUser, worker: Worker) -> None:
    user, thief = new_user(), new_user("en")
    live(user, worker)
    thief.say("/start")
    assert "somebody else" in thief.tap(f"1:forget:all:{user.id}")
    assert len(user.packs()) == 1


def test_privacy_command_names_the_storage_periods(new_user: NewUser) -> None:
    for language, phrase in (("ru", "двое суток"), ("en", "two days")):
        user = new_user(language)
        user.say("/privacy")
        user.sees(phrase, "20", "/forget")
