"""RQ's job and queue, restricted to requests of the bot.

RQ imports and calls what a job names, as its function and as callbacks, and posts to the webhooks
that it lists: without these classes a client of Redis could run any command on every worker.
A job that is no request counts as missing, and RQ skips missing jobs everywhere.
"""

import logging
import time
from collections.abc import Iterable
from contextlib import suppress
from typing import Any
from urllib.parse import quote

import redis
from rq import Queue
from rq.exceptions import DequeueTimeout, NoSuchJobError
from rq.intermediate_queue import IntermediateQueue
from rq.job import Job
from rq.serializers import JSONSerializer

from emojich_core.request import Request

QUEUE = "emojich"  # of requests that name no bundle; see `queue_name`
DRAW = "worker.jobs.job.draw"  # by name: the bot need not import what the worker runs
REPORT_FAILURE = "worker.jobs.job.report_failure"
# The names before 0.1.0: jobs that were queued then may still wait when a worker starts.
OLD_NAMES = {"worker.job.draw": DRAW, "worker.job.report_failure": REPORT_FAILURE}
MAX_SECONDS = 7 * 24 * 3600  # of a job's time-out and times to live
POLL_SECONDS = 1  # seconds for which a worker of two queues waits for one of them

log = logging.getLogger("emojich.queue")


class ForeignJob(NoSuchJobError):
    """A job that the bot has not queued."""


class RequestJob(Job):
    """The job of a request.  Reading any other one raises ForeignJob."""

    @classmethod
    def fetch(
        cls,
        id: str,  # noqa: A002
        connection: redis.Redis | None = None,
        serializer: Any = None,
    ) -> "RequestJob":
        """Read a job, always as JSON."""
        try:
            job = super().fetch(id, connection, JSONSerializer)
        except ValueError as error:  # an id that RQ does not allow
            raise ForeignJob(str(error)) from error
        except redis.ResponseError as error:
            if str(error).startswith("WRONGTYPE"):  # the key holds no hash
                raise ForeignJob(str(error)) from error
            raise
        assert isinstance(job, RequestJob)
        return job

    def restore(self, raw_data: Any) -> Any:
        """Take over the fields of the hash in Redis."""
        if b"webhooks" in raw_data:
            raise ForeignJob(f"{self.key} has webhooks")
        try:
            super().restore(raw_data)
            self._rename()
            accepted = self._is_request()
        except Exception as error:  # RQ checks no field
            raise ForeignJob(f"{self.key} cannot be read") from error
        if not accepted:
            raise ForeignJob(f"{self.key} is no request")

    def _rename(self) -> None:
        """Take the functions' new names for their old ones."""
        self._func_name = OLD_NAMES.get(str(self.func_name), self.func_name)  # type: ignore[assignment]
        callback = self._failure_callback_name
        self._failure_callback_name = OLD_NAMES.get(str(callback), callback)

    def _is_request(self) -> bool:
        """Whether every field that RQ acts on is as `RequestQueue.enqueue` writes it.

        Raises whatever reading a malformed one raises.
        """
        [data] = self.args
        request = Request.from_json(data)
        callbacks = self._success_callback_name, self._stopped_callback_name
        extras = self.instance, self.kwargs, self._dependency_ids, self.repeats_left
        seconds = self.timeout, self.ttl, self.result_ttl, self.failure_ttl
        return (
            self.func_name == DRAW
            and self._failure_callback_name == REPORT_FAILURE
            and not any(callbacks + extras)
            and not self.has_rate_limit
            and all(n is not None and 0 < n <= MAX_SECONDS for n in seconds)
            and (self.id, self.origin) == (request.id, queue_name(request.model))
        )


class RequestJobs(Queue):
    """The RQ queue of requests; it discards other jobs."""

    job_class = RequestJob

    @classmethod
    def lmove(
        cls, connection: redis.Redis, queue_key: str, timeout: int | None
    ) -> tuple[str, Any] | None:
        """Take the next job that is a request.  RQ calls this for a worker, which it may block."""
        while taken := super().lmove(connection, queue_key, timeout):
            if not _discard(connection, queue_key, taken[1]):
                return taken
        return None

    @classmethod
    def dequeue_any(
        cls,
        queues: Iterable[Queue],
        timeout: int | None,
        connection: redis.Redis,
        job_class: type[Job] | None = None,
        serializer: Any = None,
        death_penalty_class: Any = None,
    ) -> tuple[Job, Queue] | None:
        """Take the first job of the queues.

        RQ's own method would use BLPOP for two queues, which loses the job of a worker that dies at
        that moment.  BLMOVE waits for one queue only, so the other one is looked at in between.
        """
        first, *others = queues
        classes = (job_class, serializer, death_penalty_class)
        if not others:
            return super().dequeue_any([first], timeout, connection, *classes)
        end = time.monotonic() + (timeout or 0)
        while True:
            for queue in (first, *others):
                if taken := super().dequeue_any([queue], None, connection, *classes):
                    return taken
            if timeout is None:
                return None
            if time.monotonic() >= end:
                raise DequeueTimeout(timeout, first.key)
            with suppress(DequeueTimeout):
                return super().dequeue_any([first], POLL_SECONDS, connection, *classes)

    def clean_intermediate(self) -> None:
        """Discard jobs that are no requests from those that a dead worker had just taken."""
        taken: Any = self.connection.lrange(self.intermediate_queue_key, 0, -1)
        for job_id in taken:
            _discard(self.connection, self.key, job_id)


def queue_name(model: str = "") -> str:
    """The name of the queue of a bundle: `emojich/mini`; of requests that name none: `emojich`.

    RQ puts more words behind a colon; so a name of a bundle has none here.
    """
    return f"{QUEUE}/{quote(model, safe='')}" if model else QUEUE


def rq_queue(connection: redis.Redis, model: str = "") -> RequestJobs:
    """RQ's queue of a bundle's requests, for `RequestQueue` and for RQ's worker."""
    return RequestJobs(queue_name(model), connection=connection, serializer=JSONSerializer)


def _discard(connection: redis.Redis, queue_key: str, job_id: bytes) -> bool:
    """Discard a job id that was taken from the queue, unless it is a request's."""
    try:
        name = job_id.decode()
        if RequestJob.fetch(name, connection).id == name:  # RQ reads `1:2` as job 1
            return False
        is_foreign = True
    except (UnicodeDecodeError, ForeignJob):
        is_foreign = True
    except NoSuchJobError:
        is_foreign = False  # it has expired
    if is_foreign:
        log.error("the job %r in the queue is no request and is thrown away", job_id[:64])
    with connection.pipeline() as pipe:
        pipe.lrem(IntermediateQueue.get_intermediate_queue_key(queue_key), 1, job_id)  # type: ignore[arg-type]
        pipe.delete(Job.redis_job_namespace_prefix.encode() + job_id)
        pipe.execute()
    return True
