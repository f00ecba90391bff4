"""Fixtures of the worker's tests."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import redis

from tests.worker.harness import OpenQueue, Server, Worker, wait_until
from worker.queue.connection import connect


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("REDIS_URL", raising=False)
        server = Server(tmp_path_factory.mktemp("data"))
        yield server
        server.stop()


@pytest.fixture
def connection(server: Server) -> Iterator[redis.Redis]:
    """A connection to an empty Redis."""
    with connect(server.url) as connection:
        connection.flushall()
        yield connection
        connection.flushall()  # else the worker of the next file would run the remaining requests


@pytest.fixture
def requests(connection: redis.Redis) -> OpenQueue:
    return OpenQueue(connection)


@pytest.fixture(scope="module")
def worker_process(
    server: Server, tiny_bundle: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Worker]:
    worker = Worker(server.url, tiny_bundle, tmp_path_factory.mktemp("worker") / "log")
    yield worker
    worker.stop()


@pytest.fixture
def worker(worker_process: Worker, connection: redis.Redis) -> Iterator[Worker]:
    """A running worker, the same for all tests of a file as long as none of them ends it."""
    if worker_process.process.poll() is not None:
        worker_process.start()
    wait_until(worker_process.engine)
    yield worker_process
    worker_process.release_engine()  # a failed test may have left it stopped
    wait_until(lambda: not worker_process.job_process())
