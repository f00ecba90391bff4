"""The daily digest of the admins."""

import time
from collections.abc import Iterator
from datetime import timedelta

import pytest
import redis

from bot.admin import digest
from tests.bot.harness import RunningBot, Sandbox, User, Worker, text_of, wait_for
from worker.queue.stats import counts_key, counts_today, today, users_key

FIRST, SECOND, SILENT = 5201, 5202, 5203  # the last one has never pressed Start


@pytest.fixture(autouse=True)
def yesterday(connection: redis.Redis, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A day on which something happened and whose digest is due now."""
    monkeypatch.setattr(digest, "HOUR", 0)
    monkeypatch.setattr(digest, "INTERVAL", 0.1)
    day = today() - timedelta(days=1)
    counts = {"finished": 7, "memory": 2, "added": 5, "reported": 3, "banned": 1, "broken": 4}
    connection.hset(counts_key(day), mapping=counts)  # type: ignore[arg-type]
    connection.pfadd(users_key(day), 1, 2)
    yield f"emojich:digest:{day}"
    connection.delete(counts_key(day), users_key(day), f"emojich:digest:{day}")


@pytest.fixture
def admins(sandbox: Sandbox, server: str, connection: redis.Redis) -> list[User]:
    """Two admins who have started the bot."""
    bot = RunningBot(f"{sandbox.url}/bot", server, admins=frozenset({FIRST, SECOND}))
    users = [User(sandbox, FIRST, "ru"), User(sandbox, SECOND, "en")]
    for user in users:
        user.answer(after=user.say("/start")["message_id"])  # earlier tests have had answers
        wait_for(lambda user=user: connection.hexists("emojich:admins", str(user.id)))
    bot.stop()
    for key in connection.scan_iter("emojich:digest:*"):
        connection.delete(key)
    return users


def digests(user: User) -> list[str]:
    return [text_of(message) for message in user.messages() if "📊" in text_of(message)]


def test_each_admin_reads_one_digest_through_restarts(
    sandbox: Sandbox, server: str, connection: redis.Redis, admins: list[User], yesterday: str
) -> None:
    before = [len(digests(user)) for user in admins]
    bot = RunningBot(f"{sandbox.url}/bot", server, admins=frozenset({FIRST, SECOND, SILENT}))
    try:
        wait_for(lambda: [len(digests(user)) for user in admins] == [n + 1 for n in before])
        wait_for(lambda: connection.hlen(yesterday) == 3)
        bot.stop()
        bot.start()
        time.sleep(0.5)
        assert [len(digests(user)) for user in admins] == [n + 1 for n in before]
    finally:
        bot.stop()
    russian, english = (digests(user)[-1] for user in admins)
    day = f"{today() - timedelta(days=1):%d.%m.%Y}"
    assert russian.splitlines() == [
        f"📊 За {day} (UTC)",
        "Нарисовано запросов: 7, не удалось: 2, пользователей: 2",
        "· memory: 2",
        "Стикеров в наборах: 5",
        "Жалоб: 3, закрыт доступ: 1",
        "Ошибок бота: 4",
    ]
    assert english.startswith(f"📊 On {day} (UTC)\nRequests drawn: 7, failed: 2, users: 2")
    assert 0 < connection.ttl(yesterday) <= 2 * 24 * 3600


def test_digest_that_telegram_did_not_take_is_sent_again(
    sandbox: Sandbox, server: str, admins: list[User], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.telegram.retry._MAX_WAIT", 0.1)
    before = len(digests(admins[0]))
    sandbox.fault("sendMessage", 500, times=2)
    bot = RunningBot(f"{sandbox.url}/bot", server, admins=frozenset({FIRST}))
    try:
        wait_for(lambda: len(digests(admins[0])) == before + 1)
        time.sleep(0.5)
    finally:
        bot.stop()
    assert len(digests(admins[0])) == before + 1


def test_stickers_in_packs_and_bans_are_counted(
    sandbox: Sandbox, server: str, connection: redis.Redis, admins: list[User], worker: Worker,
    user: User,
) -> None:  # fmt: skip
    before = counts_today(connection)
    bot = RunningBot(f"{sandbox.url}/bot", server, admins=frozenset({FIRST}))
    try:
        user.say("кот")
        worker.finish(worker.take(), 1)
        user.sees("Готово")
        user.press("1")
        user.press("✓ 1")
        admins[0].say(f"/ban {user.id}")
        admins[0].sees("Доступ закрыт")
    finally:
        bot.stop()
    after = counts_today(connection)
    assert {name: after[name] - before.get(name, 0) for name in ("added", "banned")} == {
        "added": 1,
        "banned": 1,
    }


@pytest.mark.parametrize("case", ["too early", "nothing happened", "no admin"])
def test_no_digest_is_sent_too_early_or_without_events_or_admins(
    sandbox: Sandbox, server: str, connection: redis.Redis, admins: list[User], yesterday: str,
    monkeypatch: pytest.MonkeyPatch, case: str,
) -> None:  # fmt: skip
    if case == "too early":
        monkeypatch.setattr(digest, "HOUR", 24)
    if case == "nothing happened":
        day = yesterday.rpartition(":")[2]
        connection.delete(f"emojich:tally:{day}", f"emojich:users:{day}")
    before = len(digests(admins[0]))
    ids = frozenset() if case == "no admin" else frozenset({FIRST})
    bot = RunningBot(f"{sandbox.url}/bot", server, admins=ids)
    try:
        admins[0].say("/help")
        admins[0].sees("Пришлите фото")
        time.sleep(0.3)
    finally:
        bot.stop()
    assert len(digests(admins[0])) == before
    assert not connection.exists(yesterday)
