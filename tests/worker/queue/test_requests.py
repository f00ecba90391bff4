"""The queue of requests without a worker."""

import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import redis
import rq
from rq.job import JobStatus
from rq.serializers import JSONSerializer

from tests.worker.harness import USER, OpenQueue, end_of, request
from worker.queue.ends import has_ended
from worker.queue.events import Failed, publish
from worker.queue.requests import JOB_TIMEOUT, JOB_TTL, RequestQueue


def test_a_request_is_queued_once(requests: OpenQueue) -> None:
    requests.enqueue(request(), USER)
    requests.enqueue(request(), USER)
    assert requests.rq.job_ids == ["1"]
    job = requests.job("1")
    assert job
    assert job.args == [request().to_json()]


def test_a_finished_request_is_not_queued_again(requests: OpenQueue) -> None:
    requests.enqueue(request(), USER)
    job = requests.job("1")
    assert job
    requests.rq.remove(job)
    job.set_status(JobStatus.FINISHED)
    requests.enqueue(request(), USER)
    assert requests.rq.is_empty()


def test_payload_is_json(requests: OpenQueue, connection: redis.Redis) -> None:
    requests.enqueue(request(), USER)
    job = requests.job("1")
    assert job
    assert b"\xd0" not in job.data  # JSON escapes the Cyrillic letters
    assert job.data.startswith((b"{", b"["))


def test_place_counts_from_the_front_of_the_queue(requests: OpenQueue) -> None:
    for name in "123":
        requests.enqueue(request(name), USER)
    assert [requests.place(name) for name in "1234"] == [1, 2, 3, None]


def test_failed_or_missing_job_is_lost(requests: OpenQueue) -> None:
    assert requests.is_lost("1")
    requests.enqueue(request(), USER)
    assert not requests.is_lost("1")
    job = requests.job("1")
    assert job
    for status, lost in [
        (JobStatus.STARTED, False),
        (JobStatus.FINISHED, False),
        (JobStatus.FAILED, True),
        (JobStatus.STOPPED, True),
    ]:
        job.set_status(status)
        assert requests.is_lost("1") == lost


def test_request_running_for_more_than_a_day_is_lost(requests: OpenQueue) -> None:
    requests.enqueue(request(), USER)
    job = requests.job("1")
    assert job
    assert job.enqueued_at
    job.set_status(JobStatus.STARTED)
    for ago, lost in (JOB_TTL, False), (JOB_TTL + JOB_TIMEOUT + 1, True):
        job.enqueued_at = datetime.now(UTC) - timedelta(seconds=ago)
        job.save()
        assert requests.is_lost("1") == lost


def test_many_requests_are_looked_up_at_once(requests: OpenQueue, connection: redis.Redis) -> None:
    for number in range(3):
        requests.enqueue(request(f"7_{number}"), 7)
    connection.delete("rq:job:7_1")
    connection.hset("rq:job:7_2", "status", "failed")
    assert requests.places() == {"7_0": 1, "7_1": 2, "7_2": 3}
    assert requests.lost(["7_0", "7_1", "7_2", "7_3"]) == {"7_1", "7_2", "7_3"}


def test_bot_reads_its_workers_once_a_second(connection: redis.Redis) -> None:
    requests = RequestQueue(connection, max_age=0.2)
    assert requests.load().workers == 0
    connection.sadd("rq:workers:emojich", "rq:worker:1")
    connection.hset("rq:worker:1", "birth", "today")
    before = connection.info("commandstats")["cmdstat_smembers"]["calls"]  # type: ignore[index]
    for _ in range(20):
        assert requests.load().workers == 0
    assert connection.info("commandstats")["cmdstat_smembers"]["calls"] == before  # type: ignore[index]
    time.sleep(0.2)
    assert requests.load().workers == 1


def test_pause_shows_at_once(connection: redis.Redis) -> None:
    requests = RequestQueue(connection, max_age=60)
    assert not requests.is_paused()
    requests.pause()
    assert requests.is_paused()
    requests.resume()
    assert not requests.is_paused()


def test_killed_worker_is_not_counted(requests: OpenQueue, connection: redis.Redis) -> None:
    assert requests.count_workers() == 0
    connection.sadd("rq:workers:emojich", "rq:worker:1")  # RQ leaves this entry for a while
    assert requests.count_workers() == 0
    connection.hset("rq:worker:1", "birth", "today")
    assert requests.count_workers() == 1


def test_waiting_request_is_cancelled(requests: OpenQueue) -> None:
    requests.enqueue(request("1"), USER)
    requests.enqueue(request("2"), USER)
    assert requests.cancel("1")
    assert requests.cancel("1")  # again, by a bot that does not know of the first call
    assert requests.rq.job_ids == ["2"]
    assert requests.job("1") is None
    publish(requests.connection, Failed("1", "failed"))  # comes too late
    assert end_of(requests.connection, "1") is None


def test_request_just_taken_by_a_worker_is_cancelled(requests: OpenQueue) -> None:
    """RQ's own deletion fails for an execution that has ended, and would delete a running job."""
    requests.enqueue(request(), USER)
    worker = rq.Worker([requests.rq], serializer=JSONSerializer)
    result = worker.dequeue_job_and_maintain_ttl(timeout=1, max_idle_time=1)
    assert result
    execution = worker.prepare_execution(result[0])
    requests.connection.delete(execution.key)
    assert requests.cancel("1")
    assert requests.job("1") is not None
    assert has_ended(requests.connection, "1")


def test_ended_request_is_not_cancelled(requests: OpenQueue) -> None:
    requests.enqueue(request(), USER)
    publish(requests.connection, Failed("1", "failed"))
    assert not requests.cancel("1")
    assert requests.cancel("unknown")


def test_concurrent_requests_do_not_exceed_the_queue_limit(requests: OpenQueue) -> None:
    names = [str(number) for number in range(60)]

    def ask(name: str) -> bool:
        return requests.enqueue(request(name), USER, limit=10)

    with ThreadPoolExecutor(12) as people:
        taken = dict(zip(names, people.map(ask, names), strict=True))
    waiting = requests.rq.job_ids
    assert len(waiting) == 10
    assert set(waiting) == {name for name, is_taken in taken.items() if is_taken}
    assert requests.enqueue(request(waiting[0]), USER, limit=10)  # it is there already
    assert requests.rq.job_ids == waiting
    [job] = [name for name in names if not taken[name]][:1]
    assert requests.job(job) is None
