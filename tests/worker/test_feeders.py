"""An engine that draws several requests at once, for several RQ workers."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import redis
from rq.job import JobStatus

from tests.worker.parts import Server, Worker, end_of, is_alive, request, wait_until
from worker.errors import SetupError
from worker.events import Finished
from worker.feeders import requests_at_once
from worker.queue import RequestQueue

USER = 1001
NAMES = ("1", "2", "3")


@pytest.fixture(scope="module")
def process(
    server: Server, tiny_bundle: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Worker]:
    worker = Worker(server.url, tiny_bundle, tmp_path_factory.mktemp("worker") / "log", requests=3)
    yield worker
    worker.stop()


@pytest.fixture
def worker(process: Worker, connection: redis.Redis) -> Worker:
    if process.process.poll() is not None:
        process.start()
    wait_until(lambda: process.engine() and len(process.feeders()) == 2)
    return process


def begin(worker: Worker, requests: RequestQueue) -> None:
    """Three requests in the middle of being drawn."""
    worker.hold_engine()
    for name in NAMES:
        requests.enqueue(request(name), USER)
    wait_until(lambda: all(status(requests, name) == JobStatus.STARTED for name in NAMES))


def status(requests: RequestQueue, name: str) -> JobStatus | None:
    job = requests.job(name)
    return job.get_status() if job else None


def test_several_requests_at_once(worker: Worker, requests: RequestQueue) -> None:
    begin(worker, requests)
    worker.release_engine()
    for name in NAMES:
        wait_until(lambda name=name: end_of(requests.connection, name))
        assert isinstance(end_of(requests.connection, name), Finished)


def test_one_that_dies_is_replaced(worker: Worker) -> None:
    first, second = worker.feeders()
    worker.kill(lambda: first)
    wait_until(lambda: len(worker.feeders()) == 2 and second in worker.feeders())


def test_all_put_their_jobs_back(worker: Worker, requests: RequestQueue) -> None:
    begin(worker, requests)
    feeders = worker.feeders()
    worker.stop()
    assert worker.process.returncode == 0
    assert not any(map(is_alive, feeders))
    assert sorted(requests.rq.job_ids) == list(NAMES)
    assert requests.count_workers() == 0


@pytest.mark.parametrize("text", ["0", "many", "-1"])
def test_a_wrong_number_says_what_to_set(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.setenv("EMOJICH_REQUESTS", text)
    with pytest.raises(SetupError, match="set a number from 1"):
        requests_at_once()
