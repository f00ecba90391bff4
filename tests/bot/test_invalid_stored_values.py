"""Malformed values in Redis, as another version or an operator may have written them."""

import asyncio
import json
import logging
from collections.abc import Iterator
from functools import partial

import pytest
import redis
import redis.asyncio

from bot.admin.access import BANNED
from bot.requests.store import OPEN, Store
from bot.texts import texts
from tests.bot.harness import RunningBot, Sandbox, User, Worker, ask_inline, text_of, wait_for
from worker.queue.events import STREAM
from worker.queue.stats import CROWDED_PACE, PACE, counts_key, counts_today, seconds_per_image

SECRET = "тайна"  # must not appear in a log
INVALID = (
    "",
    "x",
    "nan",
    "-1",
    "null",
    "[]",
    "{}",
    "[" * 5000,
    '{"prompt": 1}',
    f'"{SECRET}"',
    b"\xff\xfe",
)


@pytest.fixture(autouse=True)
def log_is_clean(bot: RunningBot, caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    """Check that the bot logs neither a traceback nor the content of invalid values."""
    caplog.set_level(logging.INFO)
    yield
    assert SECRET not in caplog.text
    assert "Traceback" not in caplog.text


def serves(user: User, worker: Worker, *, prompt: str = "кот") -> None:
    """A prompt ends in stickers."""
    user.say(prompt)
    request = worker.take()
    assert request.prompt == prompt
    worker.finish(request)
    user.sees("Готово")
    assert not is_broken(user)


def is_broken(user: User) -> bool:
    """Whether the user has read that the bot has made a mistake."""
    return any(text_of(message) == texts("ru")("broken") for message in user.messages())


@pytest.mark.parametrize("owner", ["x", "", "-7", "1.5", "٣", b"\xff", SECRET])
def test_open_request_with_an_invalid_owner_is_skipped(
    server: str, owner: str, caplog: pytest.LogCaptureFixture
) -> None:
    async def open_of_7() -> list[str]:
        # Not the bot's own database, where it would put the hash in order before we look.
        async with redis.asyncio.Redis.from_url(server, db=1) as connection:
            await connection.flushdb()
            await connection.hset(OPEN, mapping={"8_1": owner, b"\xff": owner, "7_2": 7})
            store = Store(connection)
            assert await store.open_requests() == []
            await connection.hset(OPEN, mapping={"8_1": owner, b"\xff": owner, "7_2": 7})
            return await store.open_of(7)

    assert asyncio.run(open_of_7()) == ["7_2"]
    assert f"{OPEN}: an owner that is no number is left out" in caplog.text


@pytest.mark.usefixtures("at_work")
@pytest.mark.parametrize("pace", [*INVALID, "inf", "0"])
def test_invalid_measured_speed_is_ignored(
    user: User, worker: Worker, connection: redis.Redis, pace: str
) -> None:
    connection.mset({PACE: pace, CROWDED_PACE: pace})
    assert seconds_per_image(connection) is None
    user.say("кот")
    user.sees("«кот»")
    assert not is_broken(user)
    connection.delete(PACE, CROWDED_PACE, "rq:queue:emojich")


def test_queue_and_speed_keys_of_wrong_type_do_not_break_a_request(
    user: User, worker: Worker, connection: redis.Redis
) -> None:
    connection.delete(PACE, CROWDED_PACE)
    connection.lpush(PACE, SECRET)
    connection.lpush(CROWDED_PACE, SECRET)
    connection.set("rq:job:odd", SECRET)
    connection.rpush("rq:queue:emojich", "odd", b"\xff")
    user.say("кот")
    user.sees("«кот»")
    assert not is_broken(user)
    connection.lrem("rq:queue:emojich", 0, "odd")
    connection.delete(PACE, CROWDED_PACE, "rq:job:odd", "rq:queue:emojich")


def test_jobs_with_invalid_metadata_do_not_break_a_request(
    user: User, worker: Worker, connection: redis.Redis
) -> None:
    ids = [f"odd{number}" for number in range(len(INVALID))]
    for job_id, meta in zip(ids, INVALID, strict=True):
        connection.hset(
            f"rq:job:{job_id}", mapping={"meta": meta, "created_at": "x", "status": "y"}
        )
    connection.rpush("rq:queue:emojich", *ids)
    user.say("кот")
    user.sees("«кот»")
    assert not is_broken(user)
    connection.delete("rq:queue:emojich", *[f"rq:job:{job_id}" for job_id in ids])


@pytest.mark.parametrize("value", INVALID)
def test_invalid_stored_values_of_a_user_break_nothing(
    user: User, worker: Worker, connection: redis.Redis, value: str
) -> None:
    for key in ("settings", "current", "replacing"):
        connection.set(f"emojich:{key}:{user.id}", value)
    for key in ("history", "labels", "titles"):
        connection.hset(f"emojich:{key}:{user.id}", mapping={"1_1": value, b"\xff": value})
    for key in ("packs", "begun"):
        connection.zadd(f"emojich:{key}:{user.id}", {value: 1})
    serves(user, worker)
    user.press("1")
    for command in ("/packs", "/history", "/settings"):
        count = len(user.messages())
        user.say(command)
        wait_for(partial(lambda seen: len(user.messages()) > seen, count))
    assert not is_broken(user)
    assert len(ask_inline(user)["results"]) == 1
    [pack] = user.packs()
    assert len(pack["stickers"]) == 1


@pytest.mark.parametrize(
    "values", [{"boldness": "wild"}, {"count": 0}, {"count": 99}, {"count": "4"}]
)
def test_unknown_settings_are_replaced_by_defaults(
    user: User, worker: Worker, connection: redis.Redis, values: dict[str, object]
) -> None:
    connection.set(f"emojich:settings:{user.id}", json.dumps(values))
    serves(user, worker)


RECORD = {"user_id": 5, "chat_id": 5, "prompt": "кот", "language": "ru", "state": "waiting"}


BAD_RECORDS = [
    {"user_id": "x"}, {"state": "dancing"}, {"shown": 7}, {"prompt": None}, {"language": "xx"},
    {"like": "x"}, {"added": {"0": "x"}}, {"uploads": [1]}, {"uploads": {"x": "y"}},
    {"queued": 5}, {"queued": {"place": "x"}}, {"count": 99}, {"state": "finished"},
    {"emoji": "x"}, {"fraction": "half"}, {"failure": "x", "state": "failed"},
    {"message_id": "x"},
]  # fmt: skip


def test_invalid_records_are_closed_and_block_nobody(
    user: User, worker: Worker, connection: redis.Redis, caplog: pytest.LogCaptureFixture
) -> None:
    ids = [f"5_{number}" for number in range(len(BAD_RECORDS))]
    for record_id, changes in zip(ids, BAD_RECORDS, strict=True):
        record = RECORD | {"id": record_id} | changes
        connection.set(f"emojich:request:{record_id}", json.dumps(record))
    connection.hset(OPEN, mapping=dict.fromkeys(ids, "5"))
    serves(user, worker)
    wait_for(lambda: not any(connection.hmget(OPEN, ids)))
    for record_id in ids:
        assert f"emojich:request:{record_id}: a value of another shape is left out" in caplog.text


BAD_EVENTS = [
    *INVALID,
    {"kind": "progress", "fraction": "x"}, {"kind": "progress", "fraction": 1e999},
    {"kind": "finished", "candidates": []}, {"kind": "finished", "candidates": [5]},
    {"kind": "finished"}, {"kind": "failed", "reason": []}, {"kind": ["x"]}, {"kind": "new"},
]  # fmt: skip


def test_invalid_events_are_skipped(user: User, worker: Worker, connection: redis.Redis) -> None:
    user.say("кот")
    request = worker.take()
    for event in BAD_EVENTS:
        is_object = isinstance(event, dict)
        text = json.dumps(event | {"request_id": request.id}) if is_object else event
        connection.xadd(STREAM, {"event": text})
    connection.xadd(STREAM, {"other": "x"})
    worker.finish(request)
    user.sees("Готово")
    wait_for(lambda: connection.xlen(STREAM) == 0)


def test_invalid_count_of_the_day_is_ignored(connection: redis.Redis) -> None:
    connection.hset(counts_key(), mapping={"odd": "x", "even": "2"})
    assert counts_today(connection).get("even") == 2
    connection.hdel(counts_key(), "odd", "even")


def test_invalid_codes_are_treated_as_expired(
    user: User, worker: Worker, connection: redis.Redis
) -> None:
    user.say("кот")
    request = worker.take()
    worker.finish(request)
    shown = user.sees("Готово")
    connection.delete(f"emojich:codes:{request.id}")
    connection.rpush(f"emojich:codes:{request.id}", *["x"] * 4)
    user.press("🪄", shown)
    user.press("🪄 1")
    assert worker.take().prompt == "кот"  # drawn anew, as when they have expired


def test_starting_bot_sets_aside_keys_of_wrong_type(
    sandbox: Sandbox, user: User, worker: Worker, connection: redis.Redis, module_bot: RunningBot
) -> None:
    module_bot.stop()
    connection.delete(OPEN, BANNED, STREAM)
    for key in (OPEN, BANNED, STREAM):
        connection.set(key, SECRET)
    module_bot.start()
    serves(user, worker)
    assert connection.get(f"{OPEN}.odd") == SECRET.encode()
