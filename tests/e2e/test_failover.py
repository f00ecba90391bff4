"""Bot and worker follow Redis Sentinels to another machine, with a request under way."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.bot.harness import RunningBot, Sandbox, User, wait_for
from tests.redis_servers import Server, free_port
from tests.worker.harness import Worker
from worker.queue.requests import RequestQueue

pytestmark = pytest.mark.slow


@pytest.fixture
def sandbox(tmp_path: Path) -> Iterator[Sandbox]:
    sandbox = Sandbox(tmp_path / "sandbox")
    yield sandbox
    sandbox.stop()


def test_request_is_drawn_though_the_master_dies(
    tmp_path: Path, sandbox: Sandbox, tiny_bundle: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    password = tmp_path / "password"
    password.write_text("secret\n")
    monkeypatch.setenv("REDIS_PASSWORD_FILE", str(password))
    both = ("appendonly yes", "repl-diskless-sync-delay 0", "masterauth secret")
    master = Server(tmp_path / "a", *both, password="secret")
    replica = Server(tmp_path / "b", *both, f"replicaof 127.0.0.1 {master.port}", password="secret")
    wait_for(lambda: replica.client.info("replication")["master_link_status"] == "up")
    sentinel = Server(
        tmp_path / "c",
        f"sentinel monitor stickers 127.0.0.1 {master.port} 1",
        "sentinel auth-pass stickers secret",
        "sentinel down-after-milliseconds stickers 500",
        "sentinel failover-timeout stickers 5000",
        sentinel=True,
    )
    wait_for(lambda: sentinel.client.sentinel_slaves("stickers"))
    url = f"redis+sentinel://127.0.0.1:{free_port()},127.0.0.1:{sentinel.port}/stickers/0"
    worker = Worker(url, tiny_bundle, tmp_path / "worker.log")
    bot = RunningBot(f"{sandbox.url}/bot", url)
    try:
        user = User(sandbox, 1001, "ru")
        worker.hold_engine()
        user.say("кот")
        wait_for(lambda: RequestQueue(master.client).count_started() == 1)
        user.sees("«кот»")
        master.client.wait(1, 1000)
        master.stop(kill=True)
        worker.release_engine()
        wait_for(lambda: any("Готово" in m.get("caption", "") for m in user.messages()), 90)
        user.say("пёс")
        wait_for(lambda: "«пёс»" in user.answer().get("caption", ""), 90)
        assert len(user.messages()) == 2
        assert "secret" not in worker.log()
    finally:
        bot.stop()
        worker.stop()
        for server in (sentinel, replica, master):
            server.stop()


def test_processes_of_the_worker_read_the_password_from_its_file(
    tmp_path: Path, tiny_bundle: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No process has it in its environment, where other programs of the machine could read it."""
    password = tmp_path / "password"
    password.write_text("p@ssword")
    monkeypatch.setenv("REDIS_PASSWORD_FILE", str(password))
    server = Server(tmp_path / "a", password="p@ssword")
    worker = Worker(f"redis://127.0.0.1:{server.port}", tiny_bundle, tmp_path / "log", requests=2)
    try:
        [rq_worker] = worker.rq_workers()
        engine = worker.engine()
        for pid in (worker.process.pid, rq_worker, engine, os.getpid()):
            assert b"p@ssword" not in Path(f"/proc/{pid}/environ").read_bytes()
        assert b"REDIS" not in Path(f"/proc/{engine}/environ").read_bytes()
    finally:
        worker.stop()
        server.stop()
