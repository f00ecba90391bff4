"""Docker's health check of a real worker."""

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


def test_worker_is_healthy_until_it_ends(
    worker: Worker, server: Server, connection: redis.Redis, requests: OpenQueue
) -> None:
    # The tests have emptied Redis: a request makes the worker register again.
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


def test_worker_without_a_heartbeat_is_unhealthy(connection: redis.Redis) -> None:
    connection.sadd("rq:workers:emojich", f"rq:worker:{HERE}.1")  # as a killed worker leaves it
    assert not takes_requests(connection, HERE)
    connection.hset(f"rq:worker:{HERE}.1", "last_heartbeat", "now")  # all there is after an outage
    assert takes_requests(connection, HERE)


def test_paused_worker_is_healthy(connection: redis.Redis, requests: OpenQueue) -> None:
    requests.pause()
    assert takes_requests(connection, HERE)
    requests.resume()
    assert not takes_requests(connection, HERE)


def test_health_check_without_redis_says_so() -> None:
    alone = check("redis://127.0.0.1:9")
    assert alone.returncode == 1
    assert alone.stderr.startswith("emojich: Redis at redis://127.0.0.1:9 does not answer")
