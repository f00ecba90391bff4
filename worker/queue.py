"""The queue of requests: RQ on Redis, one job a request, the request's id as the job's id."""

from contextlib import suppress

import redis
from rq import Callback, Queue, Retry, Worker
from rq.exceptions import DuplicateJobError, NoSuchJobError
from rq.job import Job, JobStatus
from rq.serializers import JSONSerializer

from emojich_core.request import Request

QUEUE = "emojich"
JOB_TIMEOUT = 600  # seconds from the start of drawing
JOB_TTL = 24 * 3600  # seconds a request may wait for a worker
RETRIES = 2  # after a killed horse or engine


class RequestQueue:
    """The bot's side of the queue, and the worker's."""

    def __init__(self, connection: redis.Redis):
        self.connection = connection
        self.rq = Queue(QUEUE, connection=connection, serializer=JSONSerializer)

    def enqueue(self, request: Request) -> None:
        """Queue a request; one that is already there stays as it is."""
        # Functions by name: the bot's image need not import what the worker runs.
        with suppress(DuplicateJobError):
            self.rq.enqueue(
                "worker.job.draw",
                args=(request.to_json(),),
                job_id=request.id,
                unique=True,
                job_timeout=JOB_TIMEOUT,
                ttl=JOB_TTL,
                result_ttl=JOB_TTL,
                failure_ttl=JOB_TTL,
                retry=Retry(max=RETRIES, enqueue_at_front=True),  # it has waited its turn
                on_failure=Callback("worker.job.report_failure"),
            )

    def job(self, request_id: str) -> Job | None:
        """RQ's job of a request, if there is one."""
        try:
            return Job.fetch(request_id, connection=self.connection, serializer=JSONSerializer)
        except NoSuchJobError:
            return None

    def place(self, request_id: str) -> int | None:
        """How many requests are served up to and with this one; None when it does not wait."""
        position = self.rq.get_job_position(request_id)
        return None if position is None else position + 1

    def is_lost(self, request_id: str) -> bool:
        """Whether the request can no longer finish: its job has failed, expired or vanished."""
        job = self.job(request_id)
        if job is None:
            return True
        return job.get_status(refresh=False) in (
            JobStatus.FAILED, JobStatus.STOPPED, JobStatus.CANCELED,
        )  # fmt: skip

    def has_workers(self) -> bool:
        """Whether any worker is there to serve."""
        # RQ lists a killed worker until another one cleans up; its key expires by itself.
        keys = Worker.all_keys(queue=self.rq)
        return bool(keys) and bool(self.connection.exists(*keys))
