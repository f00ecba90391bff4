"""Jobs of other programs in the queue are not run and do not delay requests."""

import json
import logging
import pickle
import zlib
from pathlib import Path
from typing import Any

import pytest
import rq
from rq.serializers import JSONSerializer

from tests.worker.harness import USER, OpenQueue, end_of, request, wait_until
from tests.worker.harness import Worker as WorkerProcess
from worker.jobs.job import draw, report_failure
from worker.jobs.rq_worker import Worker
from worker.queue.events import Finished

DRAW = "worker.jobs.job.draw"


def put(requests: OpenQueue, job_id: str | bytes) -> None:
    """Put an id at the front of the queue."""
    requests.connection.lpush(requests.rq.key, job_id)


def change(requests: OpenQueue, **fields: str | bytes) -> None:
    """Queue a request, then rewrite fields of its job."""
    requests.enqueue(request("changed"), USER)
    requests.connection.hset("rq:job:changed", mapping=dict(fields))


def data(*values: Any) -> dict[str, bytes]:
    """The field `data` with function, instance, arguments, keyword arguments."""
    return {"data": zlib.compress(json.dumps(values).encode())}


ARGUMENTS = [request("changed").to_json()]
FIELDS: list[dict[str, Any]] = [
    data("os.system", None, ["touch ran"], {}),
    data("worker.jobs.job.report_killed", None, ARGUMENTS, {}),
    data(None, None, ARGUMENTS, {}),
    data(DRAW, {"a": 1}, ARGUMENTS, {}),
    data(DRAW, "an instance", ARGUMENTS, {}),
    data(DRAW, None, ARGUMENTS, {"more": 1}),
    data(DRAW, None, [], {}),
    data(DRAW, None, ARGUMENTS * 2, {}),
    data(DRAW, None, "x", {}),
    data(DRAW, None, [[]], {}),
    data(DRAW, None, [{"id": "changed", "prompt": 7}], {}),
    data(DRAW, None, [request("another").to_json()], {}),
    data(DRAW),
    {"data": b"\xff\xfe"},
    {"data": b"null"},
    {"data": pickle.dumps((DRAW, None, ARGUMENTS, {}))},
    {"success_callback_name": "os.system"},
    {"stopped_callback_name": "os.system"},
    {"failure_callback_name": "os.system"},
    {"failure_callback_name": b"\xff"},
    {"failure_callback_timeout": "soon"},
    {"webhooks": json.dumps([{"url": "http://127.0.0.1:9/", "statuses": ["finished"]}])},
    {"dependency_ids": '["1"]'},
    {"repeats_left": "3", "repeat_intervals": "[1]"},
    {"rate_limit_key": "key", "rate_limit_concurrency": "1"},
    {"origin": "another"},
    {"timeout": "-1"},
    {"timeout": "never"},
    {"timeout": ""},
    {"result_ttl": "9" * 30},
    {"status": "asleep"},
    {"enqueued_at": "yesterday"},
    {"retries_left": "many"},
]


@pytest.mark.parametrize("fields", FIELDS, ids=lambda fields: str(fields)[:50])
def test_foreign_job_is_discarded(
    requests: OpenQueue, fields: dict[str, Any], caplog: pytest.LogCaptureFixture
) -> None:
    change(requests, **fields)
    requests.enqueue(request(), USER + 1)
    assert taken(requests) == "1"
    assert discarded(caplog) == ["b'changed'"]
    assert requests.job("changed") is None
    assert requests.is_lost("changed")  # so the bot tells the waiting user


def test_job_of_the_previous_version_is_run(requests: OpenQueue) -> None:
    """It names the functions where they were; no other version is known that did."""
    old = data("worker.job.draw", None, ARGUMENTS, {})
    change(requests, **old, failure_callback_name="worker.job.report_failure")
    assert taken(requests) == "changed"
    job = requests.job("changed")
    assert job is not None
    assert job.func is draw
    assert job.failure_callback is report_failure


def taken(requests: OpenQueue) -> str:
    """The id of the job that a worker takes, the only one that it then holds."""
    worker = Worker(requests.connection)
    result = worker.dequeue_job_and_maintain_ttl(timeout=1)
    assert result
    assert requests.rq.job_ids == []
    assert requests.rq.intermediate_queue.get_job_ids() == [result[0].id]
    return result[0].id


def discarded(caplog: pytest.LogCaptureFixture) -> list[str]:
    """The ids of discarded jobs in the log, which has no other warnings."""
    lines = [each.getMessage() for each in caplog.records if each.levelno >= logging.WARNING]
    assert all(line.endswith(" is no request and is thrown away") for line in lines)
    return [line.removeprefix("the job ").partition(" in the queue")[0] for line in lines]


IDS = [b"\xff\xfe", b"two words", b"line\nbreak", b"\x00" * 100_000, "кот".encode(), b"1:2"]


def test_job_ids_that_rq_cannot_read_are_discarded(
    requests: OpenQueue, caplog: pytest.LogCaptureFixture
) -> None:
    requests.enqueue(request(), USER)
    for job_id in (*IDS, b"", b"expired"):
        put(requests, job_id)
    assert taken(requests) == "1"
    assert discarded(caplog) == [repr(job_id[:64]) for job_id in reversed(IDS)]


def test_keys_without_a_job_are_discarded(
    requests: OpenQueue, caplog: pytest.LogCaptureFixture
) -> None:
    requests.connection.set("rq:job:text", "secret")
    requests.connection.rpush("rq:job:list", "secret")
    requests.connection.hset("rq:job:no_data", "x", "secret")
    requests.enqueue(request(), USER)
    for job_id in ("text", "list", "no_data"):
        put(requests, job_id)
    assert taken(requests) == "1"
    assert len(discarded(caplog)) == 3
    assert "secret" not in caplog.text


def test_bot_queues_requests_beside_foreign_jobs(requests: OpenQueue) -> None:
    """The bot reads the users of waiting jobs from `meta`: rubbish there must not stop queueing."""
    requests.connection.set("rq:job:text", "")
    put(requests, "text")
    for number, meta in enumerate(("[1]", "7", "null", "{", b"\xff", '{"user": {}}')):
        requests.connection.hset(f"rq:job:{number}", "meta", meta)
        put(requests, str(number))
    requests.enqueue(request("mine"), USER)
    assert "mine" in requests.rq.job_ids


def test_foreign_jobs_of_a_dead_worker_are_discarded(
    requests: OpenQueue, caplog: pytest.LogCaptureFixture
) -> None:
    intermediate = requests.rq.intermediate_queue
    requests.enqueue(request(), USER)
    for job_id in (*IDS, "1"):
        requests.connection.lpush(intermediate.key, job_id)
    Worker(requests.connection).clean_registries()
    assert intermediate.get_job_ids() == ["1"]
    assert len(discarded(caplog)) == len(IDS)


def test_foreign_failure_callback_is_not_called(requests: OpenQueue, tmp_path: Path) -> None:
    """A worker's maintenance calls `on_failure` of jobs whose worker has died."""
    ran = tmp_path / "ran"
    change(requests, failure_callback_name="os.system", status="started")
    requests.connection.zadd(requests.rq.started_job_registry.key, {"changed:1": 1, "no id:1": 1})
    Worker(requests.connection).clean_registries()
    assert not ran.exists()
    assert requests.rq.started_job_registry.get_job_ids(cleanup=False) == []


def test_worker_runs_requests_between_foreign_jobs(
    worker: WorkerProcess, requests: OpenQueue, tmp_path: Path
) -> None:
    ran = tmp_path / "ran"
    plain = rq.Queue("emojich", connection=requests.connection, serializer=JSONSerializer)
    command = f"touch {ran}"
    before = worker.log()
    plain.enqueue("os.system", command)
    plain.enqueue(DRAW, ARGUMENTS[0], on_success=rq.Callback("os.system"))
    pickled = rq.Queue("emojich", connection=requests.connection)
    pickled.enqueue("os.system", command)
    put(requests, b"\xff")
    requests.enqueue(request(), USER)
    wait_until(lambda: end_of(requests.connection, "1"))
    assert isinstance(end_of(requests.connection, "1"), Finished)
    # The request overtakes foreign jobs, and a job leaves the queue before the worker says so.
    wait_until(lambda: worker.log().removeprefix(before).count("is thrown away") == 4)
    assert not requests.connection.exists(requests.rq.key)
    assert not ran.exists()
    log = worker.log().removeprefix(before)
    assert "Traceback" not in log
    assert "touch" not in log
    assert worker.process.poll() is None
