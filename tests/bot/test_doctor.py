"""`python -m bot.doctor`: a line for each check, with the fix for what is wrong."""

import json
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.bot.harness import TOKEN, BotProcess, Sandbox, User, environment_of, wait_for
from tests.redis_servers import Server, free_port
from worker.queue.connection import connect

# The stdout that the forked process has inherited is a file, and what it has become a pipe.
DOCTOR = "import sys; sys.stdout = open(1, 'w'); from bot.doctor import main; main()"


@pytest.fixture
def environment(sandbox: Sandbox, server: str) -> Iterator[dict[str, str]]:
    yield environment_of(sandbox, server)
    sandbox.clear_faults()
    sandbox.api("deleteWebhook")


def examine(environment: dict[str, str], status: int) -> str:
    """The output of the doctor, without errors and secrets."""
    doctor = BotProcess(DOCTOR, **{"TELEGRAM_BOT_TOKEN": "", "REDIS_URL": ""} | environment)
    out, errors = doctor.output(30)
    assert errors == ""
    assert TOKEN not in out
    assert TOKEN.partition(":")[2] not in out
    assert doctor.returncode == status, out
    assert all(line[:2] in ("✓ ", "✗ ", "– ") for line in out.splitlines())
    return out


def test_working_installation_passes_every_check(environment: dict[str, str], server: str) -> None:
    with connect(server) as connection:
        version = connection.info()["redis_version"]
    lines = examine(environment, 0).splitlines()
    assert lines[:5] == [
        "✓ Telegram takes the token, which is that of @emojich_sandbox_bot.",
        "✓ Inline mode is on: users can write @emojich_sandbox_bot in any chat.",
        "✓ Users can add the bot to groups.",
        "✓ The bot polls Telegram.",
        "✓ 0 updates wait at Telegram.",
    ]
    assert lines[5].startswith("✓ Redis at unix:///")
    assert lines[5].endswith(f"answers, stores keys and runs scripts ({version}).")
    assert lines[6:] == [
        "✓ Redis has an append-only file.",
        "✓ Redis drops no keys (maxmemory-policy noeviction).",
    ]


def test_token_is_read_from_a_file(environment: dict[str, str], tmp_path: Path) -> None:
    (tmp_path / "token").write_text(TOKEN)
    secret = {"TELEGRAM_BOT_TOKEN": "", "TELEGRAM_BOT_TOKEN_FILE": str(tmp_path / "token")}
    assert "✓ Telegram takes the token" in examine(environment | secret, 0)


def test_missing_token_and_redis_are_skipped(tmp_path: Path) -> None:
    first, second = examine({"EMOJICH_DATA": str(tmp_path)}, 0).splitlines()
    assert first.startswith("– not checked: TELEGRAM_BOT_TOKEN is not set")
    assert second.startswith("– not checked: REDIS_URL is not set")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("changes", "line"),
    [
        ({"TELEGRAM_BOT_TOKEN": "12:of/two parts"}, "✗ TELEGRAM_BOT_TOKEN is no bot's token: copy"),
        ({"TELEGRAM_API_URL": "http://127.0.0.1:9/bot"}, "✗ Telegram at http://127.0.0.1:9/bot ca"),
        ({"REDIS_URL": "redis://127.0.0.1:9"}, "✗ Redis at redis://127.0.0.1:9 does not answer"),
        (
            {"REDIS_URL": "redis+sentinel://127.0.0.1:9/m"},
            "✗ Redis at redis+sentinel://127.0.0.1:9",
        ),
        ({"EMOJICH_BLOCKED_WORDS": "/nowhere"}, "✗ EMOJICH_BLOCKED_WORDS: /nowhere cannot be read"),
        ({"EMOJICH_LOG": "loud"}, "✗ EMOJICH_LOG must be json or text"),
        ({"EMOJICH_ADMIN": "7"}, "✗ Emojich does not read EMOJICH_ADMIN: did you mean EMOJICH_AD"),
        ({"EMOJICH_COLOUR": "red"}, "✗ Emojich does not read EMOJICH_COLOUR: see docs/configurat"),
        ({"WEBHOOK_URL": "http://127.0.0.1:9/a"}, "✗ Telegram sends updates nowhere, not to WEBHO"),
    ],
)
def test_wrong_setting_is_one_line(
    environment: dict[str, str], changes: dict[str, str], line: str
) -> None:
    wrong = [found for found in examine(environment | changes, 1).splitlines() if "✗" in found]
    assert [found[: len(line)] for found in wrong] == [line]


def test_token_refused_by_telegram_is_reported(
    environment: dict[str, str], sandbox: Sandbox
) -> None:
    sandbox.fault("getMe", 401)
    out = examine(environment, 1)
    assert "✗ Telegram refuses TELEGRAM_BOT_TOKEN: ask @BotFather for the bot's token" in out
    assert "✓ Redis at" in out


@pytest.mark.parametrize("method", ["getMe", "getWebhookInfo"])
def test_answer_of_another_server_is_reported(
    environment: dict[str, str], sandbox: Sandbox, method: str
) -> None:
    sandbox.fault(method, 200, answer='{"ok": true, "result": {}}', times=4)
    assert "✗ " in (out := examine(environment, 1))
    assert "does not answer as Telegram does: correct TELEGRAM_API_URL." in out


def test_disabled_inline_mode_and_groups_are_reported(
    environment: dict[str, str], sandbox: Sandbox
) -> None:
    user = sandbox.api("getMe") | {"supports_inline_queries": False, "can_join_groups": False}
    sandbox.fault("getMe", 200, answer=json.dumps({"ok": True, "result": user}))
    out = examine(environment, 1)
    assert "✗ Inline mode is off: send @BotFather /setinline, choose @emojich_sandbox_bot" in out
    assert "– not checked: groups: /setjoingroups of @BotFather" in out


def test_unexpected_webhook_is_reported(environment: dict[str, str], sandbox: Sandbox) -> None:
    url = f"http://127.0.0.1:{free_port()}/{TOKEN}"
    sandbox.api("setWebhook", url=url)
    out = examine(environment | {"WEBHOOK_URL": "http://127.0.0.1:9/a"}, 1)
    assert "✗ Telegram sends updates to http://127.0.0.1:" in out
    assert "not to WEBHOOK_URL: restart the bot" in out
    assert "<secret>, but WEBHOOK_URL is not set: start the bot" in examine(environment, 1)


def test_unreachable_webhook_is_reported(environment: dict[str, str], sandbox: Sandbox) -> None:
    url = f"http://127.0.0.1:{free_port()}/updates"
    sandbox.api("setWebhook", url=url)
    User(sandbox, 20_500, "ru").say("кот")
    wait_for(lambda: sandbox.api("getWebhookInfo").get("last_error_message"))
    out = examine(environment | {"WEBHOOK_URL": url}, 1)
    assert f"✓ Telegram sends updates to {url}." in out
    assert "✗ Telegram could not deliver an update at" in out
    assert "✓ 1 updates wait" in out


def test_many_waiting_updates_are_reported_and_an_old_error_is_not(
    environment: dict[str, str], sandbox: Sandbox
) -> None:
    info = {"url": "http://127.0.0.1:9/a", "has_custom_certificate": False}
    info |= {"pending_update_count": 101, "last_error_date": int(time.time()) - 3600}
    sandbox.fault("getWebhookInfo", 200, answer=json.dumps({"ok": True, "result": info}))
    out = examine(environment | {"WEBHOOK_URL": "http://127.0.0.1:9/a"}, 1)
    assert out.count("✗") == 1
    assert "✗ 101 updates wait at Telegram: start the bot, or see its log." in out


def test_redis_that_would_lose_data_is_reported(
    environment: dict[str, str], tmp_path: Path
) -> None:
    server = Server(tmp_path / "redis", "maxmemory-policy allkeys-lru", 'save ""')
    try:
        out = examine(environment | {"REDIS_URL": f"redis://127.0.0.1:{server.port}"}, 1)
    finally:
        server.stop()
    assert "✗ Redis has neither an append-only file nor a replica" in out
    assert "(maxmemory-policy allkeys-lru): set `maxmemory-policy noeviction`." in out
