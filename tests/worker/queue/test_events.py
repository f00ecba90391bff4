"""The stream of events, as the bot reads it."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
import redis
import redis.asyncio

from emojich_core.request import Candidate
from tests.worker.harness import Server, end_of, events_of
from worker.queue import events
from worker.queue.events import (
    GROUP,
    MAX_UNREAD,
    STREAM,
    Event,
    EventReader,
    Failed,
    Finished,
    Progress,
    from_json,
    publish,
    to_json,
)
from worker.queue.stats import COUNTS_TTL, counts_key, counts_today

CANDIDATE = Candidate(number=0, seed=7, perplexity=31.5, matting="unet")
PROGRESS = Progress("1", 0.25)
SKETCHED = Progress("1", 0.25, sketch=3)
FINISHED = Finished("1", (CANDIDATE,))
INSTEAD = Finished("1", (CANDIDATE,), "буксир", "катер")
FAILED = Failed("2", "timeout")


def read(
    url: str, consumer: str, count: int, then: Callable[[EventReader, str], Awaitable[None]]
) -> list[Event]:
    """Read `count` events, do something with each, and go away like a bot that is killed."""

    async def run() -> list[Event]:
        async with redis.asyncio.Redis.from_url(url) as connection:
            reader = EventReader(connection, consumer)
            found: list[Event] = []
            async for batch in reader.events():
                for entry_id, event in batch:
                    found.append(event)
                    await then(reader, entry_id)
                    if len(found) == count:
                        return found
        raise AssertionError("never ends")

    return asyncio.run(asyncio.wait_for(run(), 10))


async def forget(reader: EventReader, entry_id: str) -> None:
    pass


async def acknowledge(reader: EventReader, entry_id: str) -> None:
    await reader.acknowledge(entry_id)


@pytest.mark.parametrize("event", [PROGRESS, SKETCHED, FINISHED, INSTEAD, FAILED])
def test_event_survives_json(event: Event) -> None:
    assert from_json(to_json(event)) == event


def test_bot_reads_events_published_before_it_started(
    server: Server, connection: redis.Redis
) -> None:
    publish(connection, PROGRESS)
    publish(connection, FINISHED)
    assert read(server.url, "bot", 2, acknowledge) == [PROGRESS, FINISHED]


def test_unacknowledged_event_is_read_again(server: Server, connection: redis.Redis) -> None:
    publish(connection, PROGRESS)
    publish(connection, FINISHED)
    read(server.url, "bot", 2, forget)
    publish(connection, FAILED)
    assert read(server.url, "bot", 3, acknowledge) == [PROGRESS, FINISHED, FAILED]
    publish(connection, Failed("3", "failed"))
    assert read(server.url, "bot", 1, acknowledge) == [Failed("3", "failed")]


def test_stream_keeps_only_unacknowledged_events(server: Server, connection: redis.Redis) -> None:
    publish(connection, PROGRESS)
    publish(connection, FINISHED)
    read(server.url, "bot", 1, acknowledge)
    assert events_of(connection, "1") == [FINISHED]


def test_pending_event_deleted_from_the_stream_is_skipped(
    server: Server, connection: redis.Redis
) -> None:
    publish(connection, PROGRESS)
    publish(connection, FINISHED)
    read(server.url, "bot", 2, forget)
    entries: Any = connection.xrange(STREAM)
    connection.xdel(STREAM, entries[0][0])
    assert read(server.url, "bot", 1, acknowledge) == [FINISHED]
    pending: Any = connection.xpending(STREAM, "bot")
    assert pending["pending"] == 0


@pytest.mark.parametrize(
    "entry", [{"event": "{"}, {"event": '{"request_id": "1", "kind": "new"}'}, {"other": "field"}]
)
def test_invalid_event_is_skipped(
    server: Server, connection: redis.Redis, entry: dict[str, str]
) -> None:
    connection.xadd(STREAM, entry)  # type: ignore[arg-type]
    publish(connection, FINISHED)
    assert read(server.url, "bot", 1, acknowledge) == [FINISHED]
    assert connection.xlen(STREAM) == 0


def test_reader_waits_for_a_quiet_stream(server: Server, connection: redis.Redis) -> None:
    """Longer than one blocking read, and without a time-out."""

    async def publish_later() -> None:
        await asyncio.sleep(2.5)
        await asyncio.to_thread(publish, connection, FINISHED)

    async def run() -> Event:
        async with redis.asyncio.Redis.from_url(server.url) as other:
            later = asyncio.create_task(publish_later())
            async for [(_, event)] in EventReader(other, "bot").events():
                await later
                return event
        raise AssertionError("never ends")

    assert asyncio.run(asyncio.wait_for(run(), 10)) == FINISHED


def test_event_that_another_bot_has_read_and_left_is_read_again(
    server: Server, connection: redis.Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A bot that was suspended reads as the same consumer, and ends."""
    monkeypatch.setattr(events, "CLAIM_AFTER", 100)

    async def run() -> list[Event]:
        async with redis.asyncio.Redis.from_url(server.url) as other:
            reader, seen = EventReader(other, "bot"), list[Event]()
            publish(connection, PROGRESS)
            async for batch in reader.events():
                for entry_id, event in batch:
                    seen.append(event)
                    await reader.acknowledge(entry_id)
                if event == FINISHED:
                    return seen
                publish(connection, FINISHED)
                assert connection.xreadgroup(GROUP, "bot", {STREAM: ">"})
        raise AssertionError("never ends")

    assert asyncio.run(asyncio.wait_for(run(), 10)) == [PROGRESS, FINISHED]
    assert connection.xlen(STREAM) == 0


def test_unread_progress_is_trimmed_before_results(connection: redis.Redis) -> None:
    for _ in range(MAX_UNREAD + 1):
        publish(connection, PROGRESS)
    publish(connection, FINISHED)
    assert connection.xlen(STREAM) == MAX_UNREAD + 1
    assert end_of(connection, "1") == FINISHED


def test_second_end_of_a_request_is_not_published(connection: redis.Redis) -> None:
    publish(connection, FINISHED)
    publish(connection, FINISHED)
    publish(connection, Failed("1", "failed"))
    assert end_of(connection, "1") == FINISHED
    publish(connection, FAILED)
    assert end_of(connection, "2") == FAILED


def test_end_of_a_request_is_counted_once(connection: redis.Redis) -> None:
    for event in (PROGRESS, FINISHED, FINISHED, FAILED, Failed("3", "timeout")):
        publish(connection, event)
    assert counts_today(connection) == {"finished": 1, "timeout": 2}
    assert 0 < connection.ttl(counts_key()) <= COUNTS_TTL
