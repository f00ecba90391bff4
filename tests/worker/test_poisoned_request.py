"""A request that kills every engine fails alone; a scripted engine dies of it here."""

import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from multiprocessing.connection import Connection, Listener
from pathlib import Path

import pytest

from emojich_core.request import Candidate, Request
from tests.worker.harness import ROOT, USER, OpenQueue, Server, end_of, wait_until
from worker.engine.protocol import ENGINE_SOCKET, receive_task, send_event
from worker.queue.events import Failed, Finished
from worker.queue.results import Sticker

FEEDERS = 3
POISON = "яд"


class MortalEngine:
    """Begins once it has two requests, so that a poisoned one is not alone; each takes a second.

    The poisoned one closes all connections, as the engine's death would.
    """

    def __init__(self, socket: str):
        self._listener = Listener(socket, family="AF_UNIX", backlog=64)
        self._at_work: list[Connection] = []
        self._has_two = threading.Event()
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        while True:
            connection = self._listener.accept()
            threading.Thread(target=self._converse, args=(connection,), daemon=True).start()

    def _converse(self, connection: Connection) -> None:
        try:
            request = receive_task(connection).request
            self._at_work.append(connection)
            if len(self._at_work) > 1:
                self._has_two.set()
            assert self._has_two.wait(60)
            time.sleep(1)
            if request.prompt == POISON:
                self._die()
            else:
                self._at_work.remove(connection)
                candidate = Candidate(0, request.seed, 1.0, "unet")
                send_event(connection, Finished(request.id, (candidate,)), [Sticker(b"s", ())])
        except (EOFError, OSError, ValueError):
            pass  # a client that only connected, or one whose engine died
        connection.close()

    def _die(self) -> None:
        dead, self._at_work = self._at_work, []
        for connection in dead:
            connection.close()


@pytest.fixture
def engine(server: Server, tmp_path: Path) -> Iterator[MortalEngine]:
    """An engine with RQ workers that are there already."""
    socket, log = str(tmp_path / "engine.sock"), tmp_path / "log"
    engine = MortalEngine(socket)
    env = os.environ | {"REDIS_URL": server.url, ENGINE_SOCKET: socket}
    with log.open("wb") as file:
        command = [sys.executable, "-m", "worker.jobs.rq_worker"]
        rq_workers = [
            subprocess.Popen(command, cwd=ROOT, env=env, stdout=file) for _ in range(FEEDERS)
        ]
    wait_until(lambda: log.read_text().count("worker: ready") == FEEDERS)
    yield engine
    for rq_worker in rq_workers:
        rq_worker.terminate()
    for rq_worker in rq_workers:
        rq_worker.wait(30)


def test_request_that_kills_the_engine_fails_alone(
    requests: OpenQueue, engine: MortalEngine
) -> None:
    names = {"bad": POISON, "1": "кот", "2": "дом"}
    for name, prompt in names.items():
        requests.enqueue(Request(name, prompt, count=1, seed=1), USER)
    for name in names:
        wait_until(lambda name=name: end_of(requests.connection, name))
    assert end_of(requests.connection, "bad") == Failed("bad", "failed")
    for name in ("1", "2"):
        assert isinstance(end_of(requests.connection, name), Finished)
