"""The bot's metrics over HTTP: of a process, in the sandbox, beside a real Redis."""

import re
import signal
import socket
import time
from pathlib import Path

import pytest
import redis

from bot.metrics import registry
from tests.bot.harness import BotProcess, Sandbox, User, Worker, environment_of, wait_for
from tests.metrics import Samples, label_values, read
from tests.redis_servers import Server, free_port
from worker.queue.bundles import ServedBundle
from worker.queue.connection import connect
from worker.queue.valkey import redis_url


@pytest.fixture
def port() -> int:
    return free_port()


def value(samples: Samples, name: str, **labels: str) -> float:
    return samples.get((name, frozenset(labels.items())), 0)


def test_figures_move_with_a_request(
    sandbox: Sandbox, server: str, port: int, connection: redis.Redis, worker: Worker
) -> None:
    user = User(sandbox, 777_001, "ru")
    serving = worker.register(ServedBundle("mini"))
    environment = environment_of(sandbox, server)
    bot = BotProcess(**environment, EMOJICH_BOT_METRICS=str(port), EMOJICH_MAX_ACTIVE="1")
    bot.wait_until_ready()
    before = read(port)
    assert value(before, "emojich_redis_up") == 1
    assert value(before, "emojich_rq_workers", bundle="mini") == 1
    assert value(before, "emojich_requests_waiting", bundle="default") == 0

    user.say("кот")
    user.sees("«кот»")
    user.say("пёс")
    wait_for(lambda: len(user.messages()) == 2)
    now = read(port)
    assert value(now, "emojich_requests_waiting", bundle="default") == 1
    ends = {"end": "refused", "reason": "active", "bundle": "default"}
    assert value(now, "emojich_requests_total", **ends) == 1

    sandbox.fault("editMessageMedia", 429, retry_after=1)
    worker.finish(worker.take(), model="mini")
    wait_for(lambda: value(read(port), "emojich_retries_total", reason="429") == 1)
    now = read(port)
    assert value(now, "emojich_events_waiting") == 1  # Telegram has not taken the message
    assert 0 < value(now, "emojich_events_lag_seconds") < 15
    media = {"method": "editMessageMedia"}
    assert value(now, "emojich_telegram_calls_total", **media, answer="429") == 1
    shown = wait_for(lambda: [m for m in user.messages() if "photo" in m])[0]
    user.press_button(shown, 0)
    wait_for(lambda: value(read(port), "emojich_events_waiting") == 0)
    now = read(port)
    ends = {"end": "finished", "reason": "", "bundle": "mini"}
    assert value(now, "emojich_requests_total", **ends) == 1
    assert value(now, "emojich_stickers_added_total", kind="regular") == 1
    assert value(now, "emojich_telegram_calls_total", **media, answer="200") == 1
    known = re.compile(r"[a-zA-Z0-9-]*|custom_emoji")
    assert [text for text in label_values(now) if not known.fullmatch(text)] == []
    assert not any("777" in text for text in label_values(now))
    serving.register_death()
    assert "Traceback" not in bot.end(signal.SIGTERM)


def test_scrape_answers_while_redis_is_away(
    sandbox: Sandbox, port: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("REDIS_URL", raising=False)
    with redis_url(tmp_path) as url:
        bot = BotProcess(**environment_of(sandbox, url), EMOJICH_BOT_METRICS=f"localhost:{port}")
        bot.wait_until_ready()
        with connect(url) as connection:
            assert value(read(port), "emojich_redis_up") == 1
            connection.execute_command("CLIENT", "PAUSE", 6_000)
            begin = time.monotonic()
            samples = read(port)
            assert time.monotonic() - begin < 5
            assert samples["emojich_redis_up", frozenset()] == 0
            connection.execute_command("CLIENT", "UNPAUSE")
    samples = read(port)
    assert samples["emojich_redis_up", frozenset()] == 0
    assert value(samples, "emojich_telegram_calls_total", method="getMe", answer="200") >= 1
    bot.end(signal.SIGKILL)


def test_full_redis_counts_as_down(tmp_path: Path) -> None:
    server = Server(tmp_path / "redis")
    figures = registry(f"redis://127.0.0.1:{server.port}")
    try:
        assert figures.get_sample_value("emojich_redis_up") == 1
        server.client.config_set("maxmemory", 1)
        assert figures.get_sample_value("emojich_redis_up") == 0
        assert figures.get_sample_value("emojich_paused") == 0  # what can be read is there
    finally:
        server.stop()


def test_scrape_reaches_a_redis_by_sentinel_and_by_a_password_in_a_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "password").write_text("hush\n")
    monkeypatch.setenv("REDIS_PASSWORD_FILE", str(tmp_path / "password"))
    monkeypatch.delenv("REDIS_PASSWORD", raising=False)
    master = Server(tmp_path / "a", password="hush")
    settings = (f"sentinel monitor m 127.0.0.1 {master.port} 1", "sentinel auth-pass m hush")
    sentinel = Server(tmp_path / "b", *settings, sentinel=True)
    try:
        plain = f"redis://127.0.0.1:{master.port}"
        for url in (plain, f"redis+sentinel://127.0.0.1:{sentinel.port}/m"):
            assert registry(url).get_sample_value("emojich_redis_up") == 1, url
    finally:
        sentinel.stop()
        master.stop()


def test_taken_port_is_one_sentence(sandbox: Sandbox, server: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        bot = BotProcess(**environment_of(sandbox, server), EMOJICH_BOT_METRICS=port)
        out, log = bot.output(15)
    assert (bot.returncode, out) == (1, "")
    assert log == (
        f"emojich: Port {port} of 127.0.0.1 cannot be opened (Address already in use): "
        "free it, or set EMOJICH_BOT_METRICS to another one.\n"
    )
