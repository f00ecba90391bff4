"""Redis refuses the commands of RQ."""

import redis

from tests.worker.harness import OpenQueue, Worker, end_of, request, wait_until
from worker.queue.events import Finished


def test_worker_waits_for_a_full_redis_and_keeps_its_engine(
    worker: Worker, requests: OpenQueue, connection: redis.Redis
) -> None:
    engine, ready = worker.engine(), worker.log().count("worker: ready")
    requests.enqueue(request(), user_id=1001)
    connection.config_set("maxmemory", 1)
    wait_until(lambda: "the RQ worker gave up" in worker.log(), 90)
    assert "command not allowed when used memory" in worker.log()
    connection.config_set("maxmemory", 0)
    wait_until(lambda: worker.log().count("worker: ready") > ready)
    requests.enqueue(request("2"), user_id=1001)
    wait_until(lambda: end_of(connection, "2"))
    assert isinstance(end_of(connection, "2"), Finished)
    assert worker.engine() == engine
    assert "Traceback" not in worker.log()


def test_signal_ends_a_worker_that_waits_for_redis(worker: Worker, connection: redis.Redis) -> None:
    gave_up = worker.log().count("the RQ worker gave up")
    connection.config_set("maxmemory", 1)
    try:
        wait_until(lambda: worker.log().count("the RQ worker gave up") > gave_up, 90)
        worker.stop()
    finally:
        connection.config_set("maxmemory", 0)
    assert worker.process.returncode == 0
