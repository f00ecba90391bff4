"""Repeated updates, and updates that are not for the bot."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from unittest.mock import MagicMock

import pytest
import redis
import redis.asyncio
from telegram import Bot, Update

from bot.account.history import History
from bot.account.settings import SettingsStore
from bot.commands import message_handlers
from bot.requests.delivery import Delivery
from bot.requests.intake import Intake
from bot.requests.limits import Blocklist, Limits, OverLimit
from bot.requests.quota import Quota
from bot.requests.record import Record, State
from bot.requests.store import Store
from bot.telegram.rate_limits import RateLimits
from tests.bot.harness import TOKEN, RunningBot, Sandbox, User, Worker, text_of
from worker.queue.connection import connect
from worker.queue.events import EventReader

pytestmark = pytest.mark.usefixtures("bot")


Act = Callable[[Store, Intake], Awaitable[None]]


def take_in(sandbox: Sandbox, server: str, worker: Worker, act: Act, limits: Limits) -> None:
    """Do something with an intake and its store, and show what comes of it."""

    async def do() -> None:
        api = Bot(TOKEN, base_url=f"{sandbox.url}/bot")
        async with redis.asyncio.Redis.from_url(server) as async_connection, api:
            store = Store(async_connection)
            reader = EventReader(async_connection, "test")
            quota = Quota(async_connection, limits)
            add = History(async_connection).add
            has_room = RateLimits().has_room
            delivery = Delivery(api, store, add, quota, connection, reader, has_room)
            settings = SettingsStore(async_connection)
            blocklist = Blocklist([])
            intake = Intake(store, settings, worker.queue, delivery, quota, blocklist, connection)
            await act(store, intake)
            await delivery.drain()

    with connect(server) as connection:
        asyncio.run(do())


@pytest.fixture
def record(user: User) -> Record:
    """A request of a user who has a chat with the bot."""
    user.say("/start")
    user.sees("Привет")
    return Record(f"{user.id}_77", user.id, user.id, " кот ", "ru")


@pytest.fixture
def stopped_bot(bot: RunningBot, record: Record) -> Iterator[None]:
    """No other bot takes requests in or shows them."""
    bot.stop()
    yield
    bot.start()


@pytest.mark.usefixtures("stopped_bot")
def test_update_that_comes_twice_is_queued_and_answered_once(
    sandbox: Sandbox, server: str, user: User, record: Record, worker: Worker
) -> None:
    async def act(_: Store, intake: Intake) -> None:
        await asyncio.gather(intake.take(record), intake.take(record))
        await intake.take(record)

    take_in(sandbox, server, worker, act, Limits())
    assert worker.queue.count_waiting() == 1
    assert worker.take().prompt == "кот"
    assert [text_of(m)[:5] for m in user.messages()[1:]] == ["«кот»"]


@pytest.mark.usefixtures("stopped_bot")
def test_request_stored_before_the_bot_died_is_queued(
    sandbox: Sandbox, server: str, user: User, record: Record, worker: Worker
) -> None:
    async def act(store: Store, intake: Intake) -> None:
        await store.create(replace(record, prompt="кот", wanted=3))
        await intake.take(record)

    take_in(sandbox, server, worker, act, Limits())
    assert worker.take().count == 3
    assert [text_of(m)[:5] for m in user.messages()[1:]] == ["«кот»"]


@pytest.mark.usefixtures("stopped_bot")
def test_edit_interrupted_by_a_killed_bot_is_completed_once(
    sandbox: Sandbox, server: str, user: User, record: Record, worker: Worker
) -> None:
    new = replace(record, id=f"{user.id}_u78", prompt="пёс")

    async def act(store: Store, intake: Intake) -> None:
        await intake.take(record)
        await store.create(replace(new, wanted=4))
        for _ in range(2):
            old = await store.load(record.id)
            assert old
            await intake.take(new, instead_of=old)
        old = await store.load(record.id)
        assert old
        assert (old.state, old.successor) == (State.REPLACED, new.id)

    take_in(sandbox, server, worker, act, Limits())
    assert worker.waiting() == [new.id]


@pytest.mark.usefixtures("stopped_bot")
def test_request_refused_by_a_full_queue_leaves_no_keys(
    sandbox: Sandbox,
    server: str,
    user: User,
    record: Record,
    worker: Worker,
    connection: redis.Redis,
) -> None:
    other = replace(record, id=f"{user.id}_78")

    async def act(store: Store, intake: Intake) -> None:
        taking = (intake.take(record), intake.take(other))
        results = await asyncio.gather(*taking, return_exceptions=True)
        assert len([result for result in results if isinstance(result, OverLimit)]) == 1

    take_in(sandbox, server, worker, act, Limits(queue=1))
    assert worker.queue.count_waiting() == connection.zcard(f"emojich:asked:{user.id}") == 1
    assert len(connection.keys(f"emojich:request:{user.id}_*")) == 1


@pytest.mark.parametrize(
    ("chat", "text", "is_for_us"),
    [
        ("private", "кот", True),
        ("group", "кот", False),
        ("supergroup", "/start@our_bot", True),
        ("supergroup", "/start@other_bot", False),
        ("supergroup", "/start", True),
        ("supergroup", "/packs@our_bot", True),
        ("supergroup", "/packs@Our_Bot 2", True),
        ("supergroup", "/packs@other_bot", False),
        ("supergroup", "/packs", False),
    ],
)
def test_handlers_ignore_group_messages_for_other_bots(
    sandbox: Sandbox, chat: str, text: str, is_for_us: bool
) -> None:
    update = {"update_id": 1, "message": message(chat, text)}

    async def is_handled() -> bool:
        async with Bot(TOKEN, base_url=f"{sandbox.url}/bot") as bot:
            bot._bot_user = type(bot.bot)(1, "Bot", True, username="our_bot")
            found = Update.de_json(update, bot)
            handlers = message_handlers(*[MagicMock()] * 7)  # not called
            return any(handler.check_update(found) for handler in handlers)

    assert asyncio.run(is_handled()) == is_for_us


def message(chat: str, text: str) -> dict[str, object]:
    entities = [{"type": "bot_command", "offset": 0, "length": len(text)}] if "/" in text else []
    return {
        "message_id": 1,
        "date": int(datetime.now(UTC).timestamp()),
        "from": {"id": 5, "is_bot": False, "first_name": "Анна"},
        "chat": {"id": 5 if chat == "private" else -5, "type": chat, "title": "Чат"},
        "text": text,
        "entities": entities,
    }
