"""Several bots share one Redis and one answers, by long polling or by a webhook."""

import asyncio
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest
import redis
import redis.asyncio

from bot.sandbox.errors import LATE
from bot.telegram import leader, tasks
from bot.telegram.leader import KEY, RENEWAL, TTL
from bot.telegram.rate_limits import CHAT
from tests.bot.harness import (
    ROOT,
    TOKEN,
    BotProcess,
    Sandbox,
    User,
    prompts_shown,
    wait_for,
)
from tests.redis_servers import Server, free_port
from worker.queue.connection import connect


@pytest.fixture
def webhook(environment: dict[str, str]) -> dict[str, str]:
    pytest.importorskip("tornado", reason="python-telegram-bot's extra `webhooks`")
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    return environment | {
        "WEBHOOK_URL": f"http://127.0.0.1:{port}/updates",
        "WEBHOOK_PORT": str(port),
    }


def end_lease(environment: dict[str, str]) -> None:
    """As if the time had passed after which the lease of a killed bot ends by itself."""
    with connect(environment["REDIS_URL"]) as connection:
        assert 0 < connection.pttl(KEY) <= 1000 * TTL
        connection.pexpire(KEY, 1)


def answer_and_take_over(environment: dict[str, str], user: User) -> BotProcess:
    """Two bots: one answers; killed, the other does.  Returns that one."""
    first = BotProcess(**environment)
    first.wait_until_ready()
    second = BotProcess(**environment)
    second.wait_for_log("stands by")
    user.say("кот")
    user.sees("«кот»")
    time.sleep(1)  # a bot that dies before it knows that Telegram has its message sends it again
    first.end(signal.SIGKILL)
    end_lease(environment)
    user.say("пёс")  # while no bot polls
    second.wait_until_ready()
    wait_for(lambda: "«пёс»" in prompts_shown(user))
    user.say("сова")
    wait_for(lambda: "«сова»" in prompts_shown(user))
    assert prompts_shown(user) == ["«кот»", "«пёс»", "«сова»"]
    return second


def test_second_bot_takes_over_when_the_first_is_killed(
    environment: dict[str, str], sandbox: Sandbox
) -> None:
    bot = answer_and_take_over(environment, User(sandbox, 6001, "ru"))
    third = BotProcess(**environment)
    third.wait_for_log("stands by")
    bot.end(signal.SIGTERM)
    third.wait_until_ready()
    assert "Traceback" not in third.end(signal.SIGTERM)


def test_second_bot_takes_over_the_webhook_when_the_first_is_killed(
    webhook: dict[str, str], sandbox: Sandbox
) -> None:
    bot = answer_and_take_over(webhook, User(sandbox, 6002, "ru"))
    information = sandbox.api("getWebhookInfo")
    assert information["url"] == webhook["WEBHOOK_URL"]
    assert "inline_query" in information["allowed_updates"]
    assert "Traceback" not in bot.end(signal.SIGTERM)


@pytest.mark.slow
def test_suspended_bot_sends_nothing_that_another_has_sent(
    environment: dict[str, str], sandbox: Sandbox
) -> None:
    user = User(sandbox, 6005, "ru")
    first = BotProcess(**environment)
    first.wait_until_ready()
    second = BotProcess(**environment)
    second.wait_for_log("stands by")
    for _ in range(CHAT.calls):
        user.say("/help")
    wait_for(lambda: len(user.messages()) == CHAT.calls)
    user.say("кот")  # its first message now waits for the chat's limit
    with connect(environment["REDIS_URL"]) as connection:
        wait_for(lambda: connection.exists("rq:queue:emojich"))
    time.sleep(0.5)
    first.send_signal(signal.SIGSTOP)
    assert len(user.messages()) == CHAT.calls
    time.sleep(TTL)
    second.wait_until_ready()
    user.sees("«кот»")
    first.send_signal(signal.SIGCONT)
    assert "Another bot has taken over" in first.output(30)[1]
    assert prompts_shown(user)[CHAT.calls :] == ["«кот»"]
    second.end(signal.SIGTERM)


def test_bot_that_lost_its_lease_to_another_ends(environment: dict[str, str]) -> None:
    bot = BotProcess(**environment)
    bot.wait_until_ready()
    with connect(environment["REDIS_URL"]) as connection:
        connection.set(KEY, "another")
    _, log = bot.output(15)
    assert bot.returncode == 1
    assert log.splitlines()[-1].startswith("emojich: Another bot has taken")


def test_bot_renews_its_lease_while_telegram_is_slow_at_its_start(
    environment: dict[str, str], sandbox: Sandbox
) -> None:
    for method in ("setMyCommands", "deleteWebhook"):
        sandbox.fault(method, LATE, after=True, delay=6)
    bot = BotProcess(**environment)
    with connect(environment["REDIS_URL"]) as connection:
        wait_for(lambda: connection.exists(KEY))
        time.sleep(2 * RENEWAL)
        assert connection.pttl(KEY) > 1000 * (TTL - 1.5 * RENEWAL)
    bot.end(signal.SIGTERM)


def test_bot_answers_before_its_menu_is_set(environment: dict[str, str], sandbox: Sandbox) -> None:
    sandbox.fault("setMyCommands", LATE, after=True, delay=30)
    user = User(sandbox, 6006, "ru")
    bot = BotProcess(**environment)
    bot.wait_until_ready()
    user.say("кот")
    user.sees("«кот»")
    bot.end(signal.SIGTERM)


def test_bot_renews_a_lease_that_was_deleted(environment: dict[str, str]) -> None:
    bot = BotProcess(**environment)
    bot.wait_until_ready()
    with connect(environment["REDIS_URL"]) as connection:
        connection.delete(KEY)
        wait_for(lambda: connection.exists(KEY))
    assert bot.end(signal.SIGTERM) == ""


def test_health_check_fails_when_the_bot_hangs(environment: dict[str, str]) -> None:
    def check() -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "bot.telegram.leader"]
        return subprocess.run(
            command,
            cwd=ROOT,
            env=os.environ | environment,
            capture_output=True,
            text=True,
            check=False,
        )

    bot = BotProcess(**environment)
    bot.wait_until_ready()
    assert check().returncode == 0
    bot.send_signal(signal.SIGSTOP)  # it hangs
    end_lease(environment)
    hanging = check()
    bot.send_signal(signal.SIGCONT)
    bot.end(signal.SIGTERM)
    assert hanging.returncode == 1
    assert hanging.stderr == "emojich: No bot answers: its log says why.\n"


def test_webhook_refuses_an_update_without_the_secret(
    webhook: dict[str, str], sandbox: Sandbox
) -> None:
    user = User(sandbox, 6003, "ru")
    bot = BotProcess(**webhook)
    bot.wait_until_ready()
    user.say("кот")
    user.sees("«кот»")
    forged = {"update_id": 1, "message": {}}
    assert sandbox.http.post(webhook["WEBHOOK_URL"], json=forged).status_code == 403
    log = bot.end(signal.SIGTERM)
    assert TOKEN not in log
    assert bot.returncode == 0


def test_bot_returns_from_webhook_to_long_polling(
    webhook: dict[str, str], environment: dict[str, str], sandbox: Sandbox
) -> None:
    user = User(sandbox, 6004, "ru")
    bot = BotProcess(**webhook)
    bot.wait_until_ready()
    bot.end(signal.SIGTERM)
    user.say("кот")
    bot = BotProcess(**environment)
    bot.wait_until_ready()
    user.sees("«кот»")
    assert sandbox.api("getWebhookInfo")["url"] == ""
    bot.end(signal.SIGTERM)


def test_bot_that_is_stopped_while_it_takes_the_lease_ends(environment: dict[str, str]) -> None:
    """redis-py loses a cancellation at some of the moments: see `bot.telegram.tasks`."""

    async def stand_by(connection: redis.asyncio.Redis) -> None:
        async with connection, leader.lease(connection):
            await asyncio.Event().wait()

    async def stop_at_each_moment() -> None:
        for moment in range(40):
            client = redis.asyncio.Redis.from_url(environment["REDIS_URL"], socket_timeout=5)
            task = asyncio.create_task(stand_by(client))
            for _ in range(moment):
                await asyncio.sleep(0)
            task.cancel()
            _, unfinished = await asyncio.wait([task], timeout=5)
            await tasks.end(unfinished)
            assert not unfinished, f"lost after {moment} steps"
            with connect(environment["REDIS_URL"]) as connection:
                connection.delete(KEY)  # of a bot that was stopped as it got the lease

    asyncio.run(stop_at_each_moment())


def test_lease_ends_where_redis_has_become_a_replica(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its master may give the lease to another bot, so both would answer."""
    monkeypatch.setattr(leader, "TTL", 0.6)
    monkeypatch.setattr(leader, "RENEWAL", 0.1)
    server = Server(tmp_path / "server")

    async def keep() -> bool:
        client = redis.asyncio.Redis(port=server.port)
        async with client as connection, leader.lease(connection) as taken:
            keeping = asyncio.create_task(taken.keep())
            await asyncio.sleep(0.3)
            assert taken.is_ours
            await connection.replicaof("127.0.0.1", free_port())
            await asyncio.sleep(1.0)
            keeping.cancel()
            return taken.is_ours

    try:
        assert not asyncio.run(keep())
    finally:
        server.stop()
