"""Updates that come twice, and those that are not for the bot."""

import asyncio
from datetime import UTC, datetime
from unittest.mock import MagicMock

import pytest
import redis
import redis.asyncio
from telegram import Bot, Update

from bot.blocklist import Blocklist
from bot.delivery import Delivery
from bot.intake import Intake
from bot.limits import Limits
from bot.messages import message_handlers
from bot.person.history import History
from bot.person.settings import SettingsStore
from bot.quota import Quota
from bot.record import Record
from bot.store import Store
from tests.bot.parts import TOKEN, RunningBot, Sandbox, User, Worker, text_of
from worker.events import EventReader

pytestmark = pytest.mark.usefixtures("bot")


def test_update_that_comes_twice_is_queued_and_answered_once(
    bot: RunningBot,
    sandbox: Sandbox,
    server: str,
    user: User,
    worker: Worker,
    connection: redis.Redis,
) -> None:
    user.say("/start")
    user.sees("Привет")
    record = Record(f"{user.id}_77", user.id, user.id, " кот ", "ru")

    async def take_twice() -> None:
        api = Bot(TOKEN, base_url=f"{sandbox.url}/bot")
        async with redis.asyncio.Redis.from_url(server) as async_connection, api:
            store = Store(async_connection)
            reader = EventReader(async_connection, "test")
            quota = Quota(async_connection, Limits())
            delivery = Delivery(api, store, History(async_connection), quota, connection, reader)
            settings = SettingsStore(async_connection)
            intake = Intake(store, settings, worker.queue, delivery, quota, Blocklist([]))
            await asyncio.gather(intake.take(record), intake.take(record))
            await intake.take(record)
            await delivery.drain()

    bot.stop()  # two bots at a time would each show the request
    try:
        asyncio.run(take_twice())
    finally:
        bot.start()
    assert worker.queue.rq.count == 1
    assert worker.take().prompt == "кот"
    assert [text_of(m)[:5] for m in user.messages()[1:]] == ["«кот»"]


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
def test_groups_are_left_in_peace(sandbox: Sandbox, chat: str, text: str, is_for_us: bool) -> None:
    update = {"update_id": 1, "message": message(chat, text)}

    async def is_handled() -> bool:
        async with Bot(TOKEN, base_url=f"{sandbox.url}/bot") as bot:
            bot._bot_user = type(bot.bot)(1, "Bot", True, username="our_bot")
            found = Update.de_json(update, bot)
            handlers = message_handlers(*[MagicMock()] * 6)  # not called
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
