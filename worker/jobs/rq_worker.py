"""The RQ worker: RQ's own, with a shutdown that is bounded and loses no job.

`python -m worker` is one, and starts others as processes: `python -m worker.jobs.rq_worker`.
"""

import logging
import os
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable
from types import FrameType
from typing import Any
from uuid import uuid4

import redis
import rq
from redis.client import Pipeline
from rq import worker_registration
from rq.job import Job, JobStatus

from emojich_core.errors import SetupError, exit_on
from worker.engine.protocol import engine_is_ready
from worker.jobs.job import report_killed
from worker.queue.connection import connect
from worker.queue.environment import announce, start_logging
from worker.queue.request_job import RequestJob, RequestJobs, rq_queue

GRACE = 3  # seconds for the running job to finish after the first signal

# A job whose machine died is drawn again within two minutes: RQ gives it up a minute after the
# last heartbeat, and an idle worker looks after such jobs whenever it wakes up.
HEARTBEAT_INTERVAL = 10  # seconds, while a job runs
WAKE_UP_INTERVAL = 15  # seconds, while none does
MAINTENANCE_INTERVAL = 30  # seconds

PAUSE = 5  # seconds until another RQ worker follows one that has given up

log = logging.getLogger("emojich.rq_worker")


class Worker(rq.Worker):
    """Runs one job at a time, each in a job process of its own.

    The first SIGINT or SIGTERM lets the running job finish, for a few seconds; a second one,
    which the worker sends to itself, kills it.  The killed job goes back to the front of the queue.
    """

    job_class = RequestJob
    queue_class = RequestJobs
    max_connection_wait_time = 5.0  # seconds between two looks for a Redis that has gone

    def __init__(self, connection: redis.Redis, on_stop: Callable[[], None] | None = None):
        """`on_stop` is called at the first signal."""
        self._requests = rq_queue(connection)
        super().__init__(
            [self._requests],
            f"{socket.gethostname()}.{uuid4().hex}",  # so that one sees whose it is
            connection=connection,
            serializer=rq.serializers.JSONSerializer,
            worker_ttl=WAKE_UP_INTERVAL + 15,  # RQ waits for jobs 15 seconds less than this
            job_monitoring_interval=HEARTBEAT_INTERVAL,
            maintenance_interval=MAINTENANCE_INTERVAL,
            work_horse_killed_handler=report_killed,
        )
        self.stopping = False
        self._on_stop = on_stop
        self._grace = threading.Timer(GRACE, send_to_main_thread, (signal.SIGTERM,))

    def bootstrap(self, *args: Any, **kwargs: Any) -> None:
        """Tell run.py, too, when the worker listens to the queue."""
        super().bootstrap(*args, **kwargs)
        announce("worker: ready")

    def check_for_suspension(self, burst: bool) -> None:
        """Wait while this worker is to take no job; RQ calls this before it takes one.

        A worker whose engine is away waits, too: the engine may compile for minutes, and another
        machine can take the job.  Without any engine, RQ forgets the workers after a while, for
        want of heartbeats, and the bot tells users that no worker is there.
        """
        super().check_for_suspension(burst)
        while not self.stopping and not engine_is_ready():
            time.sleep(1)

    def dequeue_job_and_maintain_ttl(
        self, timeout: int | None, max_idle_time: int | None = None
    ) -> tuple[Job, rq.Queue] | None:
        """Take a job.  RQ's own method would wait on while suspended, and take one job more."""
        while True:
            result = super().dequeue_job_and_maintain_ttl(timeout, max_idle_time=timeout)
            if result:
                return result
            self.check_for_suspension(burst=False)

    def clean_registries(self) -> None:
        """Remove foreign jobs first, because RQ's own cleaning would fail on them."""
        self._requests.clean_intermediate()
        super().clean_registries()

    def heartbeat(self, timeout: int | None = None, pipeline: Pipeline | None = None) -> None:
        """Register this worker again at each heartbeat.

        RQ registers a worker once; other workers remove one whose key had expired, for instance
        while Redis was away.
        """
        super().heartbeat(timeout, pipeline)
        worker_registration.register(self, pipeline)

    def kill_horse(self, sig: signal.Signals = signal.SIGKILL) -> None:
        """Kill the job process, if there is one.

        RQ's own method would kill this worker's process group when a user cancels a request just
        before the fork; the job process then finds that the request has ended.
        """
        if self.horse_pid:
            super().kill_horse(sig)

    def request_stop(self, signum: int, frame: FrameType | None) -> None:
        """Handle the first signal: stop after the running job."""
        self.stopping = True
        if self._on_stop:
            self._on_stop()
        self._grace.start()
        super().request_stop(signum, frame)

    def request_force_stop(self, signum: int, frame: FrameType | None) -> None:
        """Handle the second signal: RQ kills the job process and raises SystemExit."""
        try:
            super().request_force_stop(signum, frame)
        except SystemExit:
            self._give_back()
            raise

    def teardown(self) -> None:
        """Clean up after the work."""
        self._grace.cancel()
        super().teardown()

    def _give_back(self) -> None:
        """Return the killed job to the queue, without counting a retry.

        RQ by itself would leave the job in place until it counts as abandoned.
        """
        for execution in list(self.executions.values()):
            job = execution.job
            if job.get_status() == JobStatus.STARTED:
                job.retries_left = (job.retries_left or 0) + 1
                self.handle_job_failure(job, self.queues[0], execution=execution)


def send_to_main_thread(number: signal.Signals) -> None:
    """Send a signal to the main thread, which handles it even while it waits for a job process."""
    main = threading.main_thread().ident
    assert main is not None
    signal.pthread_kill(main, number)


def work(connection: redis.Redis, on_stop: Callable[[], None] | None = None) -> None:
    """Run jobs until a signal says to stop; `on_stop` is called at the first one.

    RQ's worker ends when Redis is away for long, or refuses a command for want of memory or disk.
    Another one follows it in the same process, so that the engine need not start anew.
    """
    while True:
        worker = Worker(connection, on_stop)
        reason = "the log says why"
        try:
            worker.work(logging_level="WARNING")
        except redis.RedisError as error:
            reason = str(error)
        if worker.stopping:
            return
        exit_on_signals()  # RQ's own handlers would tell Redis
        log.error("the RQ worker gave up (%s): another one in %s s", reason, PAUSE)
        time.sleep(PAUSE)


def exit_on_signals() -> None:
    """Have SIGINT and SIGTERM end this process, until RQ handles them."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: sys.exit(0))


def main() -> None:
    """Run one RQ worker."""
    start_logging()
    exit_on_signals()
    with exit_on(SetupError):
        work(connect(os.environ["REDIS_URL"]))


if __name__ == "__main__":
    main()
