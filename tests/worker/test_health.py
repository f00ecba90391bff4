"""What Docker's health check says of a real worker."""

import os
import socket
import subprocess
import sys

import redis

from tests.worker.harness import ROOT, USER, OpenQueue, Server, Worker, request, wait_until
from worker.jobs.health import takes_requests

HERE = socket.gethostname()


def check(url: str) -> subprocess.CompletedProcess[str]:
    """Ask as docker-compose.yml does."""
    return subprocess.run(
        [sys.executable, "-m", "worker.jobs.health"],
        cwd=ROOT,
        env=os.environ | {"REDIS_URL": url},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def registered(connection: redis.Redis) -> bool:
    return bool(connection.scard("rq:workers:emojich"))


def test_a_worker_is_well_until_it_ends(
    worker: Worker, server: Server, connection: redis.Redis, requests: OpenQueue
) -> None:
    # It is heard of again, in a Redis that the tests have emptied.
    requests.enqueue(request(), USER)
    wait_until(lambda: registered(connection))
    assert takes_requests(connection, HERE)
    assert check(server.url).returncode == 0
    assert not takes_requests(connection, "elsewhere")
    assert not takes_requests(connection, HERE[:-1])
    worker.stop()
    ended = check(server.url)
    assert ended.returncode == 1
    assert ended.stderr.startswith("emojich: This worker takes no requests")
    assert ended.stderr.count("\n") == 1


def test_one_that_redis_has_not_heard_of_is_not_well(connection: redis.Redis) -> None:
    connection.sadd("rq:workers:emojich", f"rq:worker:{HERE}.1")  # as a killed one leaves it
    assert not takes_requests(connection, HERE)
    connection.hset(f"rq:worker:{HERE}.1", "last_heartbeat", "now")  # all there is after an outage
    assert takes_requests(connection, HERE)


def test_a_pause_is_no_illness(connection: redis.Redis, requests: OpenQueue) -> None:
    requests.pause()
    assert takes_requests(connection, HERE)
    requests.resume()
    assert not takes_requests(connection, HERE)


def test_without_redis_it_says_so() -> None:
    alone = check("redis://127.0.0.1:9")
    assert alone.returncode == 1
    assert alone.stderr.startswith("emojich: Redis at redis://127.0.0.1:9 does not answer")
