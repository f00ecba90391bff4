"""How a job ends when its machine or job process dies; test_worker.py has running ones."""

import asyncio
import re
import threading
import time
from dataclasses import replace
from multiprocessing.connection import Listener
from pathlib import Path

import pytest
import rq
from rq.job import Job
from rq.serializers import JSONSerializer

from emojich_core.request import Candidate
from tests.worker.harness import (
    USER,
    OpenQueue,
    end_heartbeats,
    end_of,
    events_of,
    request,
    wait_until,
)
from worker.engine.protocol import ENGINE_SOCKET, receive_task, send_event, send_sketch
from worker.jobs.job import report_killed
from worker.jobs.rq_worker import Worker
from worker.queue.ends import FORGET_TTL
from worker.queue.events import Failed, Finished, Progress, publish
from worker.queue.requests import RETRIES
from worker.queue.results import Sticker, load_stickers, save_stickers
from worker.queue.sketches import load_sketch
from worker.queue.stats import seconds_per_image

STICKER = Sticker(b"sticker", (1,))
FAILED = Failed("1", "failed")


def start_job(requests: OpenQueue) -> Job:
    """Take a job as a worker does, up to the fork, and as the job process does, up to drawing."""
    worker = rq.Worker([requests.rq], serializer=JSONSerializer)
    result = worker.dequeue_job_and_maintain_ttl(timeout=1, max_idle_time=1)
    assert result
    job = result[0]
    worker.prepare_execution(job)
    worker.prepare_job_execution(job)
    return job


def test_job_without_an_engine_returns_to_the_front(
    requests: OpenQueue, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Any number of times: a machine without an engine uses up no retries of a request."""
    monkeypatch.setenv(ENGINE_SOCKET, str(tmp_path / "engine.sock"))
    for name in "12":
        requests.enqueue(request(name), USER)
    worker = Worker(requests.connection)
    for _ in range(RETRIES + 2):
        result = worker.dequeue_job_and_maintain_ttl(timeout=1)
        assert result
        job, queue = result
        assert worker.perform_job(job, queue, worker.prepare_execution(job))
        assert requests.rq.job_ids == ["1", "2"]
        assert requests.count_started() == 0
    waiting = requests.job("1")
    assert waiting
    assert waiting.retries_left == RETRIES
    assert events_of(requests.connection, "1") == []


def test_request_whose_machines_all_die_fails(requests: OpenQueue) -> None:
    requests.enqueue(request(), USER)
    for _ in range(1 + RETRIES):
        assert end_of(requests.connection, "1") is None
        start_job(requests)
        end_heartbeats(requests)
    assert end_of(requests.connection, "1") == FAILED
    assert requests.is_lost("1")


def take_and_die(requests: OpenQueue) -> None:
    """As a machine that dies after it has taken a job and before it has noted that."""
    requests.connection.lmove(requests.rq.key, requests.rq.intermediate_queue_key)


def find_what_was_left(requests: OpenQueue) -> None:
    """The maintenance of another worker, some minutes later."""
    left = requests.rq.intermediate_queue
    for name in left.get_job_ids():
        requests.connection.set(left.get_first_seen_key(name), 1)
    Worker(requests.connection).clean_registries()


def test_request_taken_by_a_dying_machine_is_queued_again(requests: OpenQueue) -> None:
    requests.enqueue(request(), USER)
    for _ in range(RETRIES):
        take_and_die(requests)
        find_what_was_left(requests)
        assert requests.rq.job_ids == ["1"]
    take_and_die(requests)
    find_what_was_left(requests)
    assert requests.is_lost("1")  # which the bot looks for


def test_retried_request_goes_before_waiting_requests(requests: OpenQueue) -> None:
    for name in "123":
        requests.enqueue(request(name), USER)
    start_job(requests)
    end_heartbeats(requests)
    assert requests.rq.job_ids == ["1", "2", "3"]


@pytest.mark.parametrize("retries_left", [None, 0, 1])
def test_only_the_last_failure_is_published(requests: OpenQueue, retries_left: int | None) -> None:
    requests.enqueue(request(), USER)
    publish(requests.connection, Progress("1", 0.5))
    job = requests.job("1")
    assert job
    job.retries_left = retries_left
    report_killed(job, 1, 9, None)
    assert end_of(requests.connection, "1") == (None if retries_left else FAILED)


def test_job_keeps_the_newest_sketch_until_the_end(
    requests: OpenQueue, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(ENGINE_SOCKET, str(tmp_path / "engine.sock"))
    connection, seen = requests.connection, list[bytes]()
    requests.enqueue(request(), USER)
    job = start_job(requests)

    def draw_slowly(listener: Listener) -> None:
        with listener.accept() as job_process:
            receive_task(job_process)
            for number in (1, 2):
                send_sketch(job_process, Progress("1", 0.4, number), b"sketch %i" % number)
                wait_until(lambda n=number: len(events_of(connection, "1")) == n)
                seen.append(load_sketch(connection, "1"))
            send_event(job_process, Finished("1", (Candidate(0, 7, 1.0, "unet"),)), [STICKER])

    with Listener(str(tmp_path / "engine.sock"), family="AF_UNIX") as listener:
        engine = threading.Thread(target=draw_slowly, args=(listener,))
        engine.start()
        job.perform()
        engine.join()
    assert seen == [b"sketch 1", b"sketch 2"]
    assert load_sketch(connection, "1") == b""
    assert load_stickers(connection, "1") == [STICKER.file]


@pytest.mark.parametrize(("judge", "candidates"), [("ruCLIP", 8), ("", 2)])
def test_pace_counts_the_candidates_that_a_judge_leaves_out(
    requests: OpenQueue,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    judge: str,
    candidates: int,
) -> None:
    monkeypatch.setenv(ENGINE_SOCKET, str(tmp_path / "engine.sock"))
    caplog.set_level("INFO")
    requests.enqueue(replace(request(), longer=True), USER)
    job = start_job(requests)

    def draw_longer(listener: Listener) -> None:
        with listener.accept() as job_process:
            receive_task(job_process)
            time.sleep(0.3)  # more than what the log rounds
            end = Finished("1", (Candidate(0, 7, 1.0, "unet"),), judge=judge)
            send_event(job_process, end, [STICKER])

    with Listener(str(tmp_path / "engine.sock"), family="AF_UNIX") as listener:
        engine = threading.Thread(target=draw_longer, args=(listener,))
        engine.start()
        job.perform()
        engine.join()
    [seconds] = re.findall(r"request 1: finished after ([0-9.]+) s", caplog.text)
    pace = seconds_per_image(requests.connection)
    assert pace
    assert pace * candidates == pytest.approx(float(seconds), abs=0.051)


def test_second_machine_does_not_overwrite_the_stickers(
    requests: OpenQueue, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another machine, perhaps with another GPU, has finished the request of one presumed dead."""
    monkeypatch.setenv(ENGINE_SOCKET, str(tmp_path / "engine.sock"))
    end = Finished("1", (Candidate(0, 7, 1.0, "unet"),))
    requests.enqueue(request(), USER)
    job = start_job(requests)

    def draw_late(listener: Listener) -> None:
        with listener.accept() as job_process:
            receive_task(job_process)
            save_stickers(requests.connection, "1", [Sticker(b"first", ())])
            publish(requests.connection, end)
            send_event(job_process, end, [Sticker(b"second", ())])

    with Listener(str(tmp_path / "engine.sock"), family="AF_UNIX") as listener:
        engine = threading.Thread(target=draw_late, args=(listener,))
        engine.start()
        job.perform()
        engine.join()
    assert load_stickers(requests.connection, "1") == [b"first"]
    assert end_of(requests.connection, "1") == end


def test_request_deleted_by_forget_just_after_a_worker_took_it_is_not_drawn(
    requests: OpenQueue, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(ENGINE_SOCKET, str(tmp_path / "engine.sock"))
    requests.enqueue(request("1001_1"), USER)
    worker = Worker(requests.connection)
    taken = worker.dequeue_job_and_maintain_ttl(timeout=1)
    assert taken
    job, queue = taken
    assert requests.cancel("1001_1")
    asyncio.run(requests.forget(USER))
    worker.perform_job(job, queue, worker.prepare_execution(job))
    assert requests.rq.job_ids == []  # it would be there again, for an engine that is ready
    assert requests.connection.keys("emojich:*1001_1") == [b"emojich:ended:1001_1"]
    assert requests.connection.ttl("emojich:ended:1001_1") <= FORGET_TTL  # type: ignore[operator]
