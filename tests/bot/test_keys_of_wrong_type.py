"""Redis keys of a wrong type in a running bot are set aside, and no user waits for them."""

import asyncio
import json
from collections.abc import Iterator

import pytest
import redis

from bot.admin.redis_repair import KINDS, SUFFIX, repair, set_aside
from bot.requests import delivery
from bot.telegram import updates
from bot.telegram.updates import STORED, TRIES
from tests.bot.conftest import NewUser
from tests.bot.harness import User, Worker, ask_inline, text_of, wait_for
from worker.queue.events import STREAM
from worker.queue.stats import counts_key, users_key

SECRET = "тайна"
SHARED_KEYS = [
    *[name for name in KINDS if not name.endswith(":") and name != "emojich:bot"],
    users_key(),
    counts_key(),
]
USER_KEYS = ["asked", "begun", "current", "history", "labels", "packs", "replacing", "settings"]


@pytest.fixture(autouse=True)
def log_is_clean(
    bot: object,
    connection: redis.Redis,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> Iterator[None]:
    monkeypatch.setattr(updates, "PAUSE", 0.1)
    monkeypatch.setattr(delivery, "RECONNECT_PAUSE", 0.1)
    yield
    assert SECRET not in caplog.text
    assert "Traceback" not in caplog.text
    for key in connection.scan_iter(f"*{SUFFIX}"):
        assert connection.ttl(key) > 0
        connection.delete(key)


def set_wrong_type(connection: redis.Redis, key: str) -> None:
    connection.delete(key)
    if key.startswith("emojich:users:") or KINDS.get(key, "") != "string":
        connection.set(key, SECRET)
    else:
        connection.rpush(key, SECRET)


@pytest.mark.parametrize("key", SHARED_KEYS)
def test_shared_key_of_wrong_type_is_set_aside(
    user: User, worker: Worker, connection: redis.Redis, key: str
) -> None:
    set_wrong_type(connection, key)
    if key == STREAM:
        wait_for(lambda: connection.type(key) == b"stream")
    user.say("кот")
    user.sees("«кот»")
    worker.finish(worker.take())
    user.sees("Готово")
    assert not any("сломалось" in text_of(message) for message in user.messages())
    wait_for(lambda: not connection.hlen(STORED))


def test_user_keys_of_wrong_type_do_not_block_other_users(
    new_user: NewUser, worker: Worker, connection: redis.Redis
) -> None:
    user, other = new_user(), new_user()
    for someone in (user, other):
        for name in USER_KEYS:
            key = f"emojich:{name}:{user.id}"
            connection.delete(key)
            kind = KINDS[f"emojich:{name}:"]
            connection.rpush(key, SECRET) if kind == "string" else connection.set(key, SECRET)
        someone.say("кот")
        someone.sees("«кот»")
        worker.finish(worker.take())
        someone.sees("Готово")
    user.press("1")
    for command in ("/packs", "/history", "/settings", "/cancel"):
        user.say(command)
    assert len(ask_inline(user)["results"]) == 1
    assert not any("сломалось" in text_of(message) for message in user.messages())
    user.say("/forget")
    user.sees("Забыть всё")
    user.press("Забыть, наборы оставить")
    wait_for(lambda: text_of(user.messages()[-1]).startswith("Готово: я больше ничего"))
    [left] = connection.keys(f"emojich:*:{user.id}{SUFFIX}")
    assert left == f"emojich:asked:{user.id}{SUFFIX}".encode()


def test_stored_updates_that_cannot_be_parsed_are_skipped(
    user: User, worker: Worker, connection: redis.Redis, caplog: pytest.LogCaptureFixture
) -> None:
    key = "7:0123456789abcdef"
    rubbish = {"x": SECRET, b"\xff": SECRET, f"{'9' * 5000}:0": SECRET, key: SECRET}
    connection.hset(TRIES, key, "x")
    connection.hset(STORED, mapping=rubbish)
    user.say("кот")
    user.sees("«кот»")
    wait_for(lambda: not connection.exists(STORED))
    assert "what is no update is left out" in caplog.text


@pytest.mark.parametrize("number", [10**400, float("nan"), float("inf"), 1e308])
def test_record_with_a_non_finite_number_does_not_block_users(
    user: User, worker: Worker, connection: redis.Redis, number: float
) -> None:
    record = {"id": "5_1", "user_id": 5, "chat_id": 5, "prompt": "кот", "language": "ru"}
    for name in ("fraction", "boldness"):
        connection.set("emojich:request:5_1", json.dumps(record | {"shown": None, name: number}))
        connection.hset("emojich:open", "5_1", "5")
        user.say("кот")
        user.sees("«кот»")
        worker.finish(worker.take())
        user.sees("Готово")
    connection.delete("emojich:request:5_1")


def test_table_of_key_types_lists_every_key(connection: redis.Redis) -> None:
    """The keys that the other tests have left have the types in the table."""
    assert set_aside(connection) == 0
    ours = [key.decode() for key in connection.scan_iter("emojich:*")]
    assert [key for key in ours if not key.startswith((*KINDS, "emojich:pace"))] == []


def test_two_errors_about_one_key_are_both_repaired(connection: redis.Redis) -> None:
    set_wrong_type(connection, "emojich:open")
    error = redis.ResponseError("WRONGTYPE Operation against a key")

    async def both() -> list[bool]:
        return await asyncio.gather(repair(connection, error), repair(connection, error))

    assert asyncio.run(both()) == [True, True]
    assert asyncio.run(repair(connection, error))  # its key was set aside a moment ago
    connection.delete(f"emojich:open{SUFFIX}")
    assert not asyncio.run(repair(connection, error))
