"""When an RQ worker takes a request, and when it is counted."""

import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from multiprocessing.connection import Listener
from pathlib import Path

import pytest
import redis
from rq.worker_registration import clean_worker_registry

from tests.worker.harness import ROOT, USER, OpenQueue, Server, request, wait_until
from worker.engine.protocol import ENGINE_SOCKET
from worker.jobs.rq_worker import Worker

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


def test_waiting_worker_takes_no_job_while_paused(
    socket: str, take: Callable[[], list[str]], requests: OpenQueue
) -> None:
    with Listener(socket, family="AF_UNIX"):
        requests.pause()
        taken = take()
        requests.enqueue(request(), USER)
        time.sleep(PAUSE)
        assert taken == []
        requests.resume()
        wait_until(lambda: taken == ["1"])


def test_worker_without_an_engine_takes_no_job(
    socket: str, take: Callable[[], list[str]], requests: OpenQueue
) -> None:
    taken = take()
    requests.enqueue(request(), USER)
    time.sleep(PAUSE)
    assert taken == []
    with Listener(socket, family="AF_UNIX"):
        wait_until(lambda: taken == ["1"])


def test_worker_whose_engine_stays_away_is_not_counted(
    socket: str, connection: redis.Redis, requests: OpenQueue
) -> None:
    worker = Worker(connection)
    worker.register_birth()
    threading.Thread(target=worker.check_for_suspension, args=(False,), daemon=True).start()
    time.sleep(1)
    assert requests.count_workers() == 1
    connection.expire(worker.key, 1)  # a minute and a half have passed
    time.sleep(3)
    assert requests.count_workers() == 0
    worker.stopping = True


def test_heartbeats_of_one_second_count_once(connection: redis.Redis) -> None:
    """RQ sends five a job."""
    worker = Worker(connection)
    worker.register_birth()
    sent = []
    for _ in range(5):
        worker.heartbeat()
        sent.append(connection.hget(worker.key, "last_heartbeat"))
    assert len(set(sent)) == 1
    assert sent[0] != connection.hget(worker.key, "birth")


def test_worker_removed_from_the_registry_registers_again(
    connection: redis.Redis, requests: OpenQueue
) -> None:
    worker = Worker(connection)
    worker.register_birth()
    connection.delete(worker.key)  # it has expired while Redis was away
    clean_worker_registry(requests.rq)  # by a worker that reconnected earlier
    assert requests.count_workers() == 0
    worker.heartbeat()
    assert requests.count_workers() == 1


CANCELLED_AT_ONCE = """
import os, sys
from rq.command import handle_command
from worker.queue.connection import connect
from worker.jobs.rq_worker import Worker
worker = Worker(connect(os.environ["REDIS_URL"]))
job, _ = worker.dequeue_job_and_maintain_ttl(1)
worker.prepare_execution(job)  # next it would fork the job process
handle_command(worker, {"command": "stop-job", "job_id": job.id})
"""


def test_request_cancelled_before_its_job_process_does_not_kill_the_worker(
    server: Server, requests: OpenQueue
) -> None:
    requests.enqueue(request(), USER)
    worker = subprocess.Popen(
        [sys.executable, "-c", CANCELLED_AT_ONCE],
        cwd=ROOT,
        env=os.environ | {"REDIS_URL": server.url},
        start_new_session=True,  # the stop command would kill its whole process group
    )
    assert worker.wait(60) == 0
