"""`python -m bot`: how it starts, survives and ends, and what it may import."""

import asyncio
import signal
import socket
import subprocess
import sys
import time
from itertools import count
from pathlib import Path

import pytest
from telegram import Bot
from telegram.error import InvalidToken

from bot.config import Config
from bot.telegram import updater as listening
from bot.telegram.application import START_TRIES
from bot.telegram.leader import KEY
from bot.telegram.updater import watch_token
from emojich_core.errors import SetupError
from tests.bot.harness import ROOT, TOKEN, BotProcess, Sandbox, User, Worker, environment_of
from worker.queue.connection import connect
from worker.queue.valkey import redis_url

ODD_ANSWERS = [  # no Bot API would answer these
    '{"ok": true, "result": true}', '{"ok": true, "result": {}}', '{"ok": true}', "[]", "<p>",
]  # fmt: skip


@pytest.fixture
def environment(sandbox: Sandbox, server: str) -> dict[str, str]:
    return environment_of(sandbox, server)


def test_bot_and_sandbox_import_no_torch() -> None:
    code = "import sys, bot.__main__, bot.sandbox.__main__; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=False).returncode == 0


def test_restarted_bot_delivers_stickers_after_a_kill(
    environment: dict[str, str], sandbox: Sandbox, server: str
) -> None:
    user = User(sandbox, 3001, "ru")
    with connect(server) as connection:
        worker = Worker(connection)
        bot = BotProcess(**environment)
        bot.wait_until_ready()
        user.say("кот")
        message = user.sees("«кот»")
        sandbox.fault("editMessageMedia", 429, retry_after=60)
        worker.finish(worker.take())
        bot.wait_for_log("again in 60.0 s")
        bot.end(signal.SIGKILL)
        connection.delete(KEY)  # the lease, as its time ends it

        bot = BotProcess(**environment)
        bot.wait_until_ready()
        shown = user.sees("Готово, 4 стикера")
        assert [m["message_id"] for m in user.messages()] == [message["message_id"]]
        bot.end(signal.SIGTERM)
        assert user.messages() == [shown]


def test_bot_continues_after_a_restart_of_redis(
    sandbox: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("REDIS_URL", raising=False)
    user = User(sandbox, 3003, "ru")
    with redis_url(tmp_path) as url:
        bot = BotProcess(**environment_of(sandbox, url))
        bot.wait_until_ready()
        user.say("кот")
        user.sees("«кот»")
    with redis_url(tmp_path), connect(url) as connection:
        worker = Worker(connection)
        worker.finish(worker.take())
        user.sees("Готово")
        user.say("пёс")
        user.sees("«пёс»")
        log = bot.end(signal.SIGTERM)
    assert bot.returncode == 0
    assert "Traceback" not in log


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_signal_ends_the_bot_without_an_error(environment: dict[str, str], number: int) -> None:
    bot = BotProcess(**environment)
    bot.wait_until_ready()
    began = time.monotonic()
    assert bot.end(number) == ""
    assert bot.returncode == 0
    assert time.monotonic() - began < 5


def test_token_from_a_file_is_not_logged(
    environment: dict[str, str], sandbox: Sandbox, tmp_path: Path
) -> None:
    file = tmp_path / "token"
    file.write_text(f"{environment['TELEGRAM_BOT_TOKEN']}\n")
    secret = {"TELEGRAM_BOT_TOKEN": "", "TELEGRAM_BOT_TOKEN_FILE": str(file)}
    sandbox.fault("getUpdates", 502)
    bot = BotProcess(**(environment | secret), EMOJICH_ADMIN="7")
    bot.wait_until_ready()
    line = bot.wait_for_log("Emojich does not read EMOJICH_ADMIN: did you mean EMOJICH_ADMINS?")
    line += bot.wait_for_log("polling")
    user = User(sandbox, 3006, "ru")
    user.say("/start")
    user.sees("Привет")
    assert TOKEN not in line + bot.end(signal.SIGTERM)


def test_bot_survives_an_outage_of_telegram_without_logging_the_token(
    environment: dict[str, str], sandbox: Sandbox
) -> None:
    user = User(sandbox, 3002, "ru")
    sandbox.fault("getUpdates", 502)
    bot = BotProcess(**environment)
    bot.wait_until_ready()
    line = bot.wait_for_log("polling: Bad Gateway")
    user.say("кот")
    user.sees("«кот»")
    log = line + bot.end(signal.SIGTERM)
    assert TOKEN not in log
    assert "Traceback" not in log


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"TELEGRAM_BOT_TOKEN": ""}, "TELEGRAM_BOT_TOKEN is not set"),
        ({"TELEGRAM_BOT_TOKEN": "12:of/two parts"}, "TELEGRAM_BOT_TOKEN is no bot's token"),
        ({"TELEGRAM_API_URL": "http://127.0.0.1:9/bot"}, "cannot be reached"),
        (
            {"TELEGRAM_API_URL": "http://bot:s3cret@127.0.0.1:9/bot"},
            "Telegram at http://127.0.0.1:9/bot cannot be reached",
        ),
        ({"REDIS_URL": "redis://127.0.0.1:9"}, "does not answer"),
        ({"WEBHOOK_URL": "https://bot.example.org"}, "Telegram refuses WEBHOOK_URL (Bad webhook"),
        ({"EMOJICH_BLOCKED_WORDS": "/nowhere"}, "EMOJICH_BLOCKED_WORDS: /nowhere cannot be read"),
    ],
)
def test_bot_that_cannot_start_prints_one_line(
    environment: dict[str, str], changes: dict[str, str], reason: str
) -> None:
    assert reason in last_words(BotProcess(**(environment | changes)))


def test_bot_starts_despite_a_malformed_answer_about_its_menu(
    environment: dict[str, str], sandbox: Sandbox
) -> None:
    user = User(sandbox, 3004, "ru")
    odd = [("getMyDescription", answer) for answer in ODD_ANSWERS]
    for method, answer in [*odd, ("setMyCommands", '{"ok": true}')]:
        sandbox.fault(method, 200, answer=answer)
        bot = BotProcess(**environment)
        bot.wait_until_ready()
        user.say("/help")
        user.sees("нарис")
        bot.wait_for_log("the menu of commands, or the description, stays as it was")
        assert bot.end(signal.SIGTERM) == ""
        assert bot.returncode == 0


@pytest.mark.parametrize("answer", ODD_ANSWERS)
def test_server_that_is_not_telegram_is_reported_in_one_line(
    environment: dict[str, str], sandbox: Sandbox, answer: str
) -> None:
    sandbox.fault("getMe", 200, answer=answer, times=START_TRIES)
    assert "TELEGRAM_API_URL" in last_words(BotProcess(**environment))
    sandbox.clear_faults()


def last_words(bot: BotProcess) -> str:
    """The one line with which a bot that cannot start ends."""
    out, errors = bot.output(30)
    assert bot.returncode == 1
    assert out == ""
    [line] = errors.splitlines()
    assert line.startswith("emojich: ")
    assert TOKEN not in line
    assert "s3cret" not in line
    return line


def test_token_refused_by_telegram_is_reported_in_one_line(
    environment: dict[str, str], sandbox: Sandbox
) -> None:
    elsewhere = {"TELEGRAM_API_URL": f"{sandbox.url}/elsewhere/bot"}  # answers no JSON, too
    line = last_words(BotProcess(**(environment | elsewhere)))
    assert "Telegram refuses TELEGRAM_BOT_TOKEN" in line
    assert "TELEGRAM_API_URL" in line


@pytest.mark.parametrize(
    "path",
    [
        "/updates",
        "",
        "/",
        "/a+b",
        "/up+dates/(1)[2]*",
        "/(hook",
        "/hook)*",
        "/{2}|^$",
        "/a.b*c",
        "/back\\slash",
        "/кот",
        "/%D0%BA%d0%be%d1%82",
        "/100%25",
        "/a;b=c,d@e:f!g'h~i",
        "/updates/?key=a+b",
        "/updates//",
    ],
)
def test_webhook_works_with_any_path(
    environment: dict[str, str], sandbox: Sandbox, path: str
) -> None:
    user = User(sandbox, next(webhook_users), "ru")
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = str(free.getsockname()[1])
    webhook = {"WEBHOOK_URL": f"http://127.0.0.1:{port}{path}", "WEBHOOK_PORT": port}
    bot = BotProcess(**environment | webhook)
    try:
        bot.wait_until_ready()
        user.say("/help")
        user.answer()
        assert sandbox.http.post(f"http://127.0.0.1:{port}/elsewhere").status_code == 404
    finally:
        bot.end(signal.SIGTERM)
        sandbox.api("deleteWebhook")


webhook_users = count(3100)


def test_redis_that_refuses_writes_is_reported_in_one_line(
    environment: dict[str, str], server: str
) -> None:
    with connect(server) as connection:
        connection.config_set("maxmemory", 1)
        line = last_words(BotProcess(**environment))
        connection.config_set("maxmemory", 0)
    assert "takes nothing (command not allowed when used memory" in line


def test_webhook_port_in_use_is_reported_in_one_line(environment: dict[str, str]) -> None:
    with socket.create_server(("0.0.0.0", 0)) as taken:
        port = str(taken.getsockname()[1])
        webhook = {"WEBHOOK_URL": f"http://127.0.0.1:{port}/updates", "WEBHOOK_PORT": port}
        assert f"Port {port} cannot be opened" in last_words(BotProcess(**environment | webhook))


async def until_revoked(sandbox: Sandbox) -> None:
    async with Bot(TOKEN, f"{sandbox.url}/bot") as bot:
        sandbox.fault("getMe", 502)
        sandbox.fault("getMe", 200, answer=ODD_ANSWERS[0])
        sandbox.fault("getMe", 401)
        with pytest.raises(InvalidToken):
            await asyncio.wait_for(watch_token(bot), 10)


def test_revoked_token_ends_the_bot(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(listening, "TOKEN_INTERVAL", 0.1)
    asyncio.run(until_revoked(sandbox))


def test_bot_retries_when_telegram_is_down_at_the_start(
    environment: dict[str, str], sandbox: Sandbox
) -> None:
    sandbox.fault("getMe", 502)
    sandbox.fault("getMe", 429, retry_after=1)
    sandbox.fault("deleteWebhook", 502, times=2)
    bot = BotProcess(**environment)
    bot.wait_for_log("no updates yet: Bad Gateway")
    assert "Traceback" not in bot.end(signal.SIGTERM)
    assert bot.returncode == 0


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"TELEGRAM_API_URL": "127.0.0.1"}, "TELEGRAM_API_URL must look like"),
        ({"TELEGRAM_API_URL": "http://127.0.0.1:port/bot"}, "TELEGRAM_API_URL must look like"),
        ({"EMOJICH_MAX_QUEUE": "0"}, "set a number from 1 to 1000000"),
        ({"WEBHOOK_URL": "bot.example.org"}, "WEBHOOK_URL must look like"),
        ({"WEBHOOK_URL": "https://[::1"}, "WEBHOOK_URL must look like"),
        ({"WEBHOOK_PORT": "65536"}, "WEBHOOK_PORT is '65536': set a number from 1 to 65535"),
        ({"EMOJICH_ADMINS": "@anna"}, "EMOJICH_ADMINS must be user ids"),
    ],
)
def test_invalid_environment_variable_is_named(changes: dict[str, str], reason: str) -> None:
    with pytest.raises(SetupError, match=reason):
        Config.from_environment({"TELEGRAM_BOT_TOKEN": TOKEN} | changes)
