"""Every key of the worker in Redis expires or is bounded."""

import redis
from rq.job import JobStatus

from tests.keys import check_keys
from tests.worker.harness import OpenQueue, Worker, end_of, request, wait_until


def test_operations_table_lists_every_key_of_the_worker(
    worker: Worker, requests: OpenQueue, connection: redis.Redis
) -> None:
    requests.enqueue(request("1001_1"), user_id=1001)
    wait_until(lambda: end_of(connection, "1001_1"))
    worker.hold_engine()
    requests.enqueue(request("1001_2"), user_id=1001)
    requests.enqueue(request("1001_3"), user_id=1001)
    wait_until(lambda: status(requests, "1001_2") == JobStatus.STARTED)
    assert requests.cancel("1001_3")
    assert requests.cancel("1001_2")
    wait_until(lambda: status(requests, "1001_2") == JobStatus.STOPPED)
    worker.release_engine()
    requests.pause()
    requests.resume()
    wait_until(lambda: not worker.job_process())
    check_keys(connection)


def status(requests: OpenQueue, name: str) -> JobStatus | None:
    job = requests.job(name)
    return job.get_status() if job else None
