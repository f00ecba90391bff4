"""EMOJICH_LOG=json: a request's lines from bot, job process and engine, and no secrets."""

import json
import logging
import re
import signal
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import redis

from emojich_core.errors import SetupError
from tests.bot.harness import TOKEN, BotProcess, Sandbox, User, environment_of
from tests.worker.harness import Server, Worker
from worker.queue.logs import FORMATTERS, start_logging

FIELDS = {"time", "level", "logger", "message", "request", "exception"}


@pytest.fixture
def sandbox(tmp_path: Path) -> Iterator[Sandbox]:
    sandbox = Sandbox(tmp_path / "sandbox")
    yield sandbox
    sandbox.stop()


def lines(text: str) -> list[dict[str, Any]]:
    """The lines of a log; `worker: ready` is none of it."""
    found = [json.loads(line) for line in text.splitlines() if line != "worker: ready"]
    for line in found:
        assert line.keys() <= FIELDS
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}\+00:00", line["time"])
    return found


def test_request_is_followed_through_bot_job_and_engine(
    server: Server,
    sandbox: Sandbox,
    tiny_bundle: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("EMOJICH_LOG", "json")
    worker = Worker(server.url, tiny_bundle, tmp_path / "log")
    try:
        bot = BotProcess(**environment_of(sandbox, server.url))
        bot.wait_until_ready()
        user = User(sandbox, 1001, "ru")
        sandbox.fault("editMessageMedia", 500)  # a warning
        user.say("кот в космосе")
        user.sees("Готово")
        text = bot.end(signal.SIGTERM) + worker.log()
    finally:
        worker.stop()
    told = lines(text)
    loggers = {line["logger"] for line in told if line.get("request", "").startswith("1001_")}
    assert loggers >= {
        "bot.requests.intake",
        "bot.requests.delivery",
        "bot.requests.ends",
        "emojich.job",
        "emojich.scheduler",
    }
    assert len({line["request"] for line in told if "request" in line}) == 1
    assert "кот" not in text
    assert TOKEN not in text


@pytest.mark.parametrize("kind", FORMATTERS)
def test_refusal_of_a_full_redis_quotes_nothing_that_a_user_wrote(
    connection: redis.Redis, kind: str
) -> None:
    prompt = "кот\n) x"  # not below, because a traceback quotes the line
    connection.config_set("maxmemory", 1)
    try:
        with pytest.raises(redis.OutOfMemoryError, match="кот") as refused:
            connection.pipeline().set("emojich:x", prompt).execute()
    finally:
        connection.config_set("maxmemory", 0)
    for error in (None, refused.value):
        exc_info = error and (type(error), error, error.__traceback__)
        record = logging.LogRecord(
            "bot.app", logging.ERROR, "", 0, "%s; again", (refused.value,), exc_info
        )
        text = FORMATTERS[kind](()).format(record)
        assert "command not allowed when used memory > 'maxmemory'.; again" in text
        assert "кот" not in text


def test_exception_is_a_field_and_secrets_are_hidden() -> None:
    try:
        raise ValueError('of "7:se\\cret"\nin two lines')
    except ValueError:
        error = sys.exc_info()
    record = logging.LogRecord(
        "bot.app", logging.ERROR, "", 0, "request %s: %s", ("7_12", 'no "7:se\\cret"'), error
    )
    [line] = lines(FORMATTERS["json"](("7:se\\cret",)).format(record))
    assert (line["level"], line["logger"], line["request"]) == ("error", "bot.app", "7_12")
    assert line["message"] == 'request 7_12: no "<secret>"'
    assert line["exception"].startswith("Traceback")
    assert line["exception"].endswith('ValueError: of "<secret>"\nin two lines')


def test_other_formats_are_refused() -> None:
    with pytest.raises(SetupError, match="EMOJICH_LOG must be json or text"):
        start_logging({"EMOJICH_LOG": "xml"})
