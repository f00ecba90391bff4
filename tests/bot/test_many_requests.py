"""The cost of one request does not depend on the number of open requests."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import redis
import redis.asyncio
from telegram import Bot

from bot.account.history import History
from bot.requests import monitor
from bot.requests.delivery import Delivery
from bot.requests.limits import Limits
from bot.requests.monitor import RequestMonitor
from bot.requests.quota import Quota
from bot.requests.record import Cancelled, Queued, Record, Shown, State
from bot.requests.store import Store
from emojich_core.request import Request
from worker.queue.connection import connect
from worker.queue.events import EventReader
from worker.queue.request_ids import id_of_message
from worker.queue.requests import RequestQueue
from worker.queue.valkey import redis_url

OLD_PLACE = 1000  # that all messages show at first


@dataclass
class Parts:
    """The parts of a bot that watch requests.  Its Bot API answers nothing."""

    store: Store
    monitor: RequestMonitor
    delivery: Delivery
    connection: redis.Redis

    def calls(self) -> dict[str, int]:
        """How often each command of Redis has been called."""
        stats: Any = self.connection.info("commandstats")
        return {name.removeprefix("cmdstat_"): each["calls"] for name, each in stats.items()}

    async def shown_places(self) -> list[int]:
        """The places that differ from the old one."""
        places = [record.queued.place for record in await self.store.open_requests()]
        return [place for place in places if place != OLD_PLACE]


Act = Callable[[Parts], Awaitable[None]]


@pytest.fixture
def url(tmp_path: Path) -> Iterator[str]:
    """A Redis of its own, whose commands are counted."""
    with redis_url(tmp_path) as url:
        yield url


def among(url: str, users: int, act: Act, room: bool) -> None:
    """Run a function while requests of this number of users wait."""

    async def do(connection: redis.Redis) -> None:
        api = Bot("1:token", base_url="http://127.0.0.1:9/bot")
        async with redis.asyncio.Redis.from_url(url) as other:
            store, queue = Store(other), RequestQueue(connection, max_age=1.0)
            reader, quota = EventReader(other, "test"), Quota(other, Limits())
            add = History(other).add
            delivery = Delivery(api, store, add, quota, connection, reader, lambda _: room)
            for user in range(1, users + 1):
                id_ = id_of_message(user, 1)
                await store.create(Record(id_, user, user, "кот", "ru", wanted=4))
                await store.change(id_, Queued(OLD_PLACE))
                await store.change(id_, Shown(2, State.WAITING))
                queue.enqueue(Request(id_, "кот", 4, 1), user)
            connection.sadd("rq:workers:emojich", "rq:worker:1")
            connection.hset("rq:worker:1", "birth", "today")
            watch = RequestMonitor(store, queue, delivery, connection)
            await act(Parts(store, watch, delivery, connection))
            await delivery.drain()

    with connect(url) as connection:
        asyncio.run(do(connection))


def test_monitor_reads_many_requests_with_few_commands(url: str) -> None:
    async def act(parts: Parts) -> None:
        before = parts.calls()
        await parts.monitor._check_all()
        after = parts.calls()
        new = {name: count - before.get(name, 0) for name, count in after.items()}
        assert new["hget"] == 60  # in one round trip
        del new["hget"]
        assert sum(new.values()) < 20, new

    among(url, 60, act, room=False)


def test_monitor_changes_only_as_many_places_as_telegram_takes(
    url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Those that have waited longest for a change come next."""
    monkeypatch.setattr(monitor, "MAX_PLACE_EDITS", 6)

    async def act(parts: Parts) -> None:
        await parts.monitor._check_all()
        assert len(await parts.shown_places()) == 6
        await parts.monitor._check_all()
        assert sorted(await parts.shown_places()) == list(range(1, 11))

    among(url, 10, act, room=True)


def test_monitor_leaves_a_message_alone_while_it_is_being_shown(url: str) -> None:
    """Else a first answer that waits for its turn would be edited at once."""

    async def act(parts: Parts) -> None:
        await parts.delivery.change(id_of_message(1, 1), Cancelled())
        task = parts.delivery._message_tasks[id_of_message(1, 1)]
        await asyncio.sleep(0)
        while not task.stale:  # until it has tried, and waits to try again
            await asyncio.sleep(0.01)
        task.stale = False
        await parts.monitor._check_all()
        assert not task.stale

    among(url, 1, act, room=True)


def test_records_of_one_user_are_changed_beside_those_of_others(url: str) -> None:
    async def act(parts: Parts) -> None:
        own = asyncio.create_task(parts.store.change(id_of_message(1, 1), Queued(5)))
        async with parts.store.records_lock(1):
            await asyncio.wait_for(parts.store.change(id_of_message(2, 1), Queued(6)), 5)
            await asyncio.sleep(0.05)
            assert not own.done()
        changed = await own
        assert changed
        assert changed.queued == Queued(5)

    among(url, 2, act, room=False)


def test_open_requests_of_a_user_are_counted_without_reading_all(url: str) -> None:
    async def act(parts: Parts) -> None:
        before = parts.calls().get("hgetall", 0)
        asked = [id_of_message(1, 1), id_of_message(1, 2)]
        assert await parts.store.are_open(asked) == {id_of_message(1, 1)}
        assert parts.calls().get("hgetall", 0) == before

    among(url, 3, act, room=False)


def test_placing_a_request_reads_no_other_job(url: str) -> None:
    async def act(parts: Parts) -> None:
        before = parts.calls().get("hget", 0)
        RequestQueue(parts.connection).enqueue(Request("7_9", "кот", 4, 1), 7)
        assert parts.calls().get("hget", 0) == before

    among(url, 5, act, room=False)
