"""One engine decodes several requests at once, for several RQ workers."""

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
import redis
from rq.job import JobStatus

from tests.worker.harness import (
    START_TIME,
    OpenQueue,
    Server,
    Worker,
    end_of,
    events_of,
    is_alive,
    request,
    wait_until,
)
from worker.queue.events import Finished
from worker.queue.requests import RETRIES

ANNA, BORIS, VERA = 1001, 1002, 1003
EACH_ONE = {"1": ANNA, "2": BORIS, "3": VERA}


@pytest.fixture(scope="module")
def process(
    server: Server, tiny_bundle: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Worker]:
    worker = Worker(server.url, tiny_bundle, tmp_path_factory.mktemp("worker") / "log", requests=3)
    yield worker
    worker.stop()


@pytest.fixture
def worker(process: Worker, connection: redis.Redis) -> Iterator[Worker]:
    """A worker for three requests at once, with nothing to do before and after a test.

    A job process notes that its job has finished after the event that says so: left over, it would
    note that of the next test's job, which has the same id.
    """
    if process.process.poll() is not None:
        process.start()
    yield process
    process.release_engine()
    wait_until(lambda: not process.job_processes())


def begin(worker: Worker, requests: OpenQueue, users: dict[str, int] = EACH_ONE) -> None:
    """Three requests in the middle of being drawn."""
    worker.hold_engine()
    for name, user_id in users.items():
        requests.enqueue(request(name), user_id)
    three = list(users)[:3]
    wait_until(
        lambda: all(status(requests, name) == JobStatus.STARTED for name in three),
        explain=lambda: ([status(requests, name) for name in three], worker.log()),
    )


def status(requests: OpenQueue, name: str) -> JobStatus | None:
    job = requests.job(name)
    return job.get_status() if job else None


def assert_finished(requests: OpenQueue, *names: str, seconds: float = 30) -> None:
    for name in names:
        wait_until(lambda name=name: end_of(requests.connection, name), seconds)
        assert isinstance(end_of(requests.connection, name), Finished)
        wait_until(lambda name=name: status(requests, name) == JobStatus.FINISHED)


def test_requests_of_three_users_run_at_once(worker: Worker, requests: OpenQueue) -> None:
    begin(worker, requests)
    assert len(worker.job_processes()) == requests.count_started() == 3
    worker.release_engine()
    assert_finished(requests, *EACH_ONE)


def test_finished_requests_are_not_run_again(worker: Worker, requests: OpenQueue) -> None:
    """RQ does so with what its list of just taken jobs still holds a minute later."""
    begin(worker, requests)
    assert not requests.connection.keys("rq:queue:*:intermediate")
    worker.release_engine()
    assert_finished(requests, *EACH_ONE)


def test_requests_of_several_users_alternate(worker: Worker, requests: OpenQueue) -> None:
    begin(worker, requests, {"a1": ANNA, "a2": ANNA, "a3": ANNA, "a4": ANNA})
    requests.enqueue(request("b1"), BORIS)
    assert requests.rq.job_ids == ["b1", "a4"]
    worker.release_engine()
    assert_finished(requests, "a1", "a2", "a3", "b1", "a4")


def test_cancelled_request_makes_room_for_a_waiting_one(
    worker: Worker, requests: OpenQueue
) -> None:
    begin(worker, requests)
    requests.enqueue(request("4"), ANNA)
    assert requests.cancel("2")
    wait_until(lambda: status(requests, "4") == JobStatus.STARTED)
    worker.release_engine()
    assert_finished(requests, "1", "3", "4")
    assert end_of(requests.connection, "2") is None


def test_requests_of_killed_job_processes_finish(worker: Worker, requests: OpenQueue) -> None:
    begin(worker, requests)
    for job_process in worker.job_processes():
        os.kill(job_process, signal.SIGKILL)
    worker.release_engine()
    assert_finished(requests, *EACH_ONE)


def test_requests_of_a_killed_engine_finish(worker: Worker, requests: OpenQueue) -> None:
    begin(worker, requests)
    worker.kill(worker.engine)
    assert_finished(requests, *EACH_ONE, seconds=START_TIME)


def test_killed_rq_worker_is_replaced(worker: Worker, requests: OpenQueue) -> None:
    """Its job process continues."""
    begin(worker, requests)
    ready = worker.log().count("worker: ready")
    first, second = worker.rq_workers()
    worker.kill(lambda: first)
    worker.wait_for_ready(ready + 1)
    assert second in worker.rq_workers()
    requests.enqueue(request("4"), ANNA)
    wait_until(lambda: status(requests, "4") == JobStatus.STARTED)
    worker.release_engine()
    assert_finished(requests, *EACH_ONE, "4")


def test_stopped_worker_puts_all_jobs_back(worker: Worker, requests: OpenQueue) -> None:
    """In front of the waiting jobs, as if no worker had taken them."""
    begin(worker, requests)
    requests.enqueue(request("4"), ANNA)
    below = [worker.engine(), *worker.rq_workers(), *worker.job_processes()]
    worker.stop()
    assert worker.process.returncode == 0
    assert not any(pid and is_alive(pid) for pid in below)
    *begun, waiting = requests.rq.job_ids
    assert (sorted(begun), waiting) == (list(EACH_ONE), "4")
    jobs = [requests.job(name) for name in EACH_ONE]
    assert [job and job.retries_left for job in jobs] == [RETRIES] * 3
    assert not any(events_of(requests.connection, name) for name in EACH_ONE)
    assert requests.count_workers() == 0
    worker.start()
    assert requests.count_workers() == 3
    assert_finished(requests, *EACH_ONE, "4")


def test_idle_worker_stops_at_once(worker: Worker) -> None:
    rq_workers = worker.rq_workers()
    assert len(rq_workers) == 2
    worker.process.send_signal(signal.SIGINT)
    assert worker.process.wait(10) == 0  # RQ looks for a job for longer
    assert not any(map(is_alive, rq_workers))
