"""`python -m worker`: its engine, its job process and the worker are killed in turn."""

import os
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import replace
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
import redis
from PIL import Image
from rq.job import JobStatus

from emojich_core.request import ImageRef
from tests.worker.harness import (
    ROOT,
    START_TIME,
    USER,
    OpenQueue,
    Server,
    Worker,
    end_heartbeats,
    end_of,
    events_of,
    is_alive,
    processes,
    request,
    wait_until,
)
from worker.queue.connection import connect
from worker.queue.events import STREAM, Failed, Finished, end_silently, from_json
from worker.queue.image_prompts import save_image
from worker.queue.requests import RETRIES
from worker.queue.results import load_codes, load_stickers
from worker.queue.stats import seconds_per_image
from worker.queue.valkey import redis_url

FAILED = Failed("1", "failed")


def wait_for_end(connection: redis.Redis, seconds: float = 30) -> Failed | Finished:
    wait_until(lambda: end_of(connection, "1"), seconds)
    event = end_of(connection, "1")
    assert isinstance(event, Failed | Finished)
    return event


def assert_finished(connection: redis.Redis, seconds: float = 30) -> None:
    event = wait_for_end(connection, seconds)
    assert isinstance(event, Finished)
    stickers = load_stickers(connection, "1")
    assert len(stickers) == len(event.candidates) == 2
    assert all(sticker.startswith(b"RIFF") for sticker in stickers)


def test_request_with_an_image_prompt_fails_if_the_picture_has_expired(
    requests: OpenQueue, worker: Worker, connection: redis.Redis
) -> None:
    file = BytesIO()
    Image.effect_noise((60, 60), 90).save(file, "WEBP")
    save_image(connection, "1", file.getvalue())
    requests.enqueue(replace(request(), image=ImageRef("1", 0.5)), USER)
    assert_finished(connection)
    begun, plain = [load_codes(connection, "1", 0)], request("3")
    requests.enqueue(replace(request("2"), image=ImageRef("gone", 0.5)), USER)
    requests.enqueue(plain, USER)
    wait_until(lambda: end_of(connection, "3"))
    assert end_of(connection, "2") == Failed("2", "no-image")
    assert load_codes(connection, "3", 0) not in begun


def status(requests: OpenQueue) -> JobStatus | None:
    job = requests.job("1")
    return job.get_status() if job else None


def test_request_ends_in_stickers(worker: Worker, requests: OpenQueue) -> None:
    requests.enqueue(request(), USER)
    assert_finished(requests.connection)
    wait_until(lambda: status(requests) == JobStatus.FINISHED)
    assert worker.process.poll() is None


def test_request_of_a_killed_job_process_finishes(worker: Worker, requests: OpenQueue) -> None:
    worker.hold_engine()
    requests.enqueue(request(), USER)
    worker.kill(worker.job_process)
    worker.release_engine()
    assert_finished(requests.connection)


def test_cancelling_stops_the_job_process_and_frees_the_engine(
    worker: Worker, requests: OpenQueue
) -> None:
    worker.hold_engine()
    requests.enqueue(request(), USER)
    wait_until(worker.job_process)
    wait_until(lambda: status(requests) == JobStatus.STARTED)
    assert requests.cancel("1")
    wait_until(lambda: status(requests) == JobStatus.STOPPED)
    worker.release_engine()
    requests.enqueue(request("2"), USER)
    wait_until(lambda: end_of(requests.connection, "2"))
    assert end_of(requests.connection, "1") is None
    assert load_stickers(requests.connection, "1") == []
    wait_until(lambda: seconds_per_image(requests.connection))  # noted after the event


def test_cancelled_request_is_not_started(worker: Worker, requests: OpenQueue) -> None:
    end_silently(requests.connection, "1")
    # As if a job process had it already when it was cancelled.
    requests.enqueue(request(), USER)
    wait_until(lambda: status(requests) == JobStatus.FINISHED)
    assert events_of(requests.connection, "1") == []


def test_paused_worker_finishes_its_request_and_starts_none(
    worker: Worker, requests: OpenQueue
) -> None:
    worker.hold_engine()
    requests.enqueue(request(), USER)
    wait_until(lambda: status(requests) == JobStatus.STARTED)
    requests.pause()
    requests.enqueue(request("2"), USER)
    worker.release_engine()
    assert_finished(requests.connection)
    time.sleep(2)
    assert requests.is_paused()
    assert requests.rq.job_ids == ["2"]
    requests.resume()
    wait_until(lambda: end_of(requests.connection, "2"))


def test_users_are_served_round_by_round(worker: Worker, requests: OpenQueue) -> None:
    """In the order of test_fairness.py, by a worker that takes one request at a time."""
    worker.hold_engine()
    for name in ("a1", "a2", "a3"):
        requests.enqueue(request(name), USER)
    # A job process alone is not enough: until RQ has noted the start, a1 does not count.  Between
    # the two the worker runs some commands, which take long only where it gets no processor.
    wait_until(
        lambda: requests.connection.zcard(requests.rq.started_job_registry.key),
        START_TIME,
        lambda: (requests.rq.job_ids, requests.rq.intermediate_queue.get_job_ids(), worker.log()),
    )
    requests.enqueue(request("b1"), USER + 1)
    worker.release_engine()
    wait_until(lambda: end_of(requests.connection, "a3"))
    entries: Any = requests.connection.xrange(STREAM)
    events = [from_json(fields[b"event"]) for _, fields in entries]
    ended = [event.request_id for event in events if isinstance(event, Finished)]
    assert ended == ["a1", "b1", "a2", "a3"]


def test_request_whose_job_process_is_killed_every_time_fails(
    worker: Worker, requests: OpenQueue
) -> None:
    worker.hold_engine()
    requests.enqueue(request(), USER)
    for _ in range(1 + RETRIES):
        assert events_of(requests.connection, "1") == []
        worker.kill(worker.job_process)
    assert wait_for_end(requests.connection) == FAILED
    wait_until(lambda: requests.is_lost("1"))
    worker.release_engine()


def test_request_waits_in_the_queue_for_a_slowly_restarting_engine(
    worker: Worker, requests: OpenQueue
) -> None:
    """The request waits in the queue, where another machine could take it, and has not failed.

    For one that is back at once, see test_rq_workers.py.
    """
    worker.hold_engine()
    requests.enqueue(request(), USER)
    wait_until(lambda: status(requests) == JobStatus.STARTED)
    dead = worker.kill(worker.engine)
    wait_until(lambda: worker.engine() not in (None, dead))
    worker.hold_engine()  # as if it compiled
    wait_until(lambda: status(requests) == JobStatus.QUEUED)
    time.sleep(3)
    job = requests.job("1")
    assert job
    assert (requests.rq.job_ids, job.retries_left) == (["1"], RETRIES - 1)
    assert "the engine died" in worker.log()
    worker.release_engine()
    assert_finished(requests.connection, START_TIME)


def test_request_over_its_time_limit_fails(
    worker: Worker, requests: OpenQueue, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("worker.queue.requests.JOB_TIMEOUT", 1)
    worker.hold_engine()
    requests.enqueue(request(), USER)
    assert wait_for_end(requests.connection) == Failed("1", "timeout")
    worker.release_engine()


def test_request_finishes_after_a_restart_of_redis(
    worker: Worker, requests: OpenQueue, server: Server
) -> None:
    worker.hold_engine()
    requests.enqueue(request(), USER)
    wait_until(worker.job_process)
    server.stop()
    worker.release_engine()
    time.sleep(1)  # the job process has its stickers, and no Redis to store them in
    server.start()
    assert_finished(requests.connection)
    wait_until(lambda: status(requests) == JobStatus.FINISHED)


def test_request_of_a_dead_machine_is_run_by_another(worker: Worker, requests: OpenQueue) -> None:
    """Its job is found by another worker's maintenance, once its heartbeats have stopped."""
    worker.hold_engine()
    requests.enqueue(request(), USER)
    wait_until(lambda: status(requests) == JobStatus.STARTED)
    engine, job_process = worker.engine(), worker.job_process()
    assert engine
    assert job_process
    worker.process.kill()
    worker.process.wait()
    os.kill(job_process, signal.SIGKILL)
    os.kill(engine, signal.SIGCONT)
    wait_until(lambda: not is_alive(engine))  # it leaves with its worker

    end_heartbeats(requests)
    assert requests.rq.job_ids == ["1"]
    assert events_of(requests.connection, "1") == []
    worker.start()
    assert_finished(requests.connection)


def test_loading_worker_stops_at_once(server: Server) -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "worker"], cwd=ROOT, env=os.environ | {"REDIS_URL": server.url}
    )
    wait_until(lambda: any(parent == process.pid for parent, _ in processes().values()))
    process.terminate()
    assert process.wait(10) == 0  # it loads for longer where other tests run


def run_worker(**env: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "worker"],
        cwd=ROOT,
        env=os.environ | env,
        capture_output=True,
        text=True,
        timeout=START_TIME,
        check=False,
    )


def test_unreachable_redis_is_one_line() -> None:
    result = run_worker(REDIS_URL="redis://:secret@localhost:1")
    assert result.returncode == 1
    assert result.stderr.startswith("emojich: Redis at redis://localhost:1 does not answer")
    assert "secret" not in result.stderr
    assert result.stderr.count("\n") == 1


@pytest.mark.usefixtures("server")  # unsets REDIS_URL
def test_damaged_bundle_is_one_line_and_takes_no_request(tiny_bundle: Path, tmp_path: Path) -> None:
    bundle = Path(shutil.copytree(tiny_bundle, tmp_path / "damaged"))
    (bundle / "vqgan.safetensors").write_bytes(b"")
    # A Valkey of its own: no other worker may take the request.
    with redis_url(tmp_path / "data") as url, connect(url) as connection:
        requests = OpenQueue(connection)
        requests.enqueue(request(), USER)
        result = run_worker(REDIS_URL=url, EMOJICH_MODEL=str(bundle))
        assert result.returncode == 1
        assert result.stderr.startswith("emojich: ")
        assert "vqgan.safetensors is damaged" in result.stderr
        assert result.stderr.count("\n") == 1
        assert requests.rq.job_ids == ["1"]  # other machines can take it
        assert events_of(connection, "1") == []
        assert requests.count_workers() == 0  # so the bot tells users that no worker runs
