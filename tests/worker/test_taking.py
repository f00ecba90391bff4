"""When an RQ worker takes a request, and when it counts as one."""

import threading
import time
from collections.abc import Callable
from multiprocessing.connection import Listener
from pathlib import Path

import pytest
import redis
from rq.worker_registration import clean_worker_registry

from tests.worker.parts import USER, request, wait_until
from worker.queue import RequestQueue
from worker.wire import ENGINE_SOCKET
from worker.worker import Worker

BLOCK = 0.1  # seconds of one look for a job
PAUSE = 1.5  # longer than from one look whether jobs may be taken again to the next


@pytest.fixture
def socket(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> str:
    """Where the engine is to be."""
    monkeypatch.setenv(ENGINE_SOCKET, str(tmp_path / "engine.sock"))
    return str(tmp_path / "engine.sock")


@pytest.fixture
def take(connection: redis.Redis) -> Callable[[], list[str]]:
    """A function that has a worker look for a job, and then wait; the id will be in the list."""

    def start() -> list[str]:
        taken, waits = list[str](), threading.Event()

        class Noticed(Worker):
            def check_for_suspension(self, burst: bool) -> None:
                waits.set()
                super().check_for_suspension(burst)

        def wait() -> None:
            if result := Noticed(connection).dequeue_job_and_maintain_ttl(BLOCK):
                taken.append(result[0].id)

        threading.Thread(target=wait, daemon=True).start()
        assert waits.wait(60)
        return taken

    return start


def test_one_that_waits_is_paused_too(
    socket: str, take: Callable[[], list[str]], requests: RequestQueue
) -> None:
    with Listener(socket, family="AF_UNIX"):
        requests.pause()
        taken = take()
        requests.enqueue(request(), USER)
        time.sleep(PAUSE)
        assert taken == []
        requests.resume()
        wait_until(lambda: taken == ["1"])


def test_none_is_taken_without_an_engine(
    socket: str, take: Callable[[], list[str]], requests: RequestQueue
) -> None:
    taken = take()
    requests.enqueue(request(), USER)
    time.sleep(PAUSE)
    assert taken == []
    with Listener(socket, family="AF_UNIX"):
        wait_until(lambda: taken == ["1"])


def test_a_worker_that_was_struck_off_counts_again(
    connection: redis.Redis, requests: RequestQueue
) -> None:
    worker = Worker(connection)
    worker.register_birth()
    connection.delete(worker.key)  # it has expired while Redis was away
    clean_worker_registry(requests.rq)  # by one who was back earlier
    assert requests.count_workers() == 0
    worker.heartbeat()
    assert requests.count_workers() == 1
