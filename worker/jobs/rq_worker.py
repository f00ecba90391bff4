"""The RQ worker: that of RQ, but it stops within seconds and loses no job.

`python -m worker` runs one, and starts others as processes: `python -m worker.jobs.rq_worker`.
"""

import logging
import math
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
from worker.queue.bundles import FIELD, SERVES, ServedBundle, in_order, living_workers
from worker.queue.connection import connect
from worker.queue.environment import announce
from worker.queue.logs import start_logging
from worker.queue.request_job import RequestJob, RequestJobs, rq_queue

GRACE = 3  # seconds for the running job to finish after the first signal

# A request whose machine died is drawn again within two minutes: RQ counts its job as abandoned a
# minute after the last heartbeat, and an idle worker looks for such jobs whenever it wakes up.
HEARTBEAT_INTERVAL = 10  # seconds, while a job runs
WAKE_UP_INTERVAL = 15  # seconds, while no job runs
MAINTENANCE_INTERVAL = 30  # seconds
MIN_HEARTBEAT = 1  # seconds between two heartbeats
REGISTRATION_INTERVAL = 5  # seconds

# Seconds without a worker of the default bundle, after which another bundle draws requests that
# name none: after a pause or an outage of Redis, workers register again one by one.  A worker of
# another bundle must have checked for all that time; it checks ten times.
ABSENCE = 20

PAUSE = 5  # seconds before a new RQ worker replaces one that has given up

log = logging.getLogger("emojich.rq_worker")


class Worker(rq.Worker):
    """Runs one job at a time, each in a job process of its own.

    The first SIGINT or SIGTERM lets the running job finish, for a few seconds; a second one,
    which the worker sends to itself, kills it.  The killed job goes back to the front of the queue.
    """

    job_class = RequestJob
    queue_class = RequestJobs
    max_connection_wait_time = 5.0  # seconds between two attempts to reach Redis

    def __init__(
        self,
        connection: redis.Redis,
        on_stop: Callable[[], None] | None = None,
        serves: ServedBundle | None = None,
    ):
        """`on_stop` is called at the first signal; `serves` is what the engine has loaded."""
        self._serves = serves
        self._for_any = rq_queue(connection)
        self._own = rq_queue(connection, serves.name) if serves else self._for_any
        self._own_first = True
        self._default_seen = -math.inf  # last time when another bundle may have been default
        self._last_check = -math.inf  # the last time at which this worker read the default bundle
        self._last_heartbeat = -math.inf
        self._last_registered = -math.inf
        super().__init__(
            list({queue.name: queue for queue in (self._for_any, self._own)}.values()),
            f"{socket.gethostname()}.{uuid4().hex}",  # `count_workers` reads the machine from it
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
        """Announce to run.py that the worker listens to the queue."""
        super().bootstrap(*args, **kwargs)
        announce("worker: ready")

    def check_for_suspension(self, burst: bool) -> None:
        """Wait while this worker may take no job; RQ calls this before it takes one.

        A worker without a ready engine waits, too: the engine may compile for minutes, and another
        machine can take the job.  A worker that waits long sends no heartbeats, so RQ forgets it;
        without any worker, the bot tells users so.
        """
        super().check_for_suspension(burst)
        while not self.stopping and not engine_is_ready():
            time.sleep(1)

    def dequeue_job_and_maintain_ttl(
        self, timeout: int | None, max_idle_time: int | None = None
    ) -> tuple[Job, rq.Queue] | None:
        """Take a job.  RQ's own method would miss a pause while it waits, and take one more."""
        while True:
            self._ordered_queues = self._queues_to_take_from()
            result = super().dequeue_job_and_maintain_ttl(timeout, max_idle_time=timeout)
            if result:
                return result
            self.check_for_suspension(burst=False)

    def _queues_to_take_from(self) -> list[rq.Queue]:
        """The bundle's own queue; for the default bundle also that of requests that name none.

        Which bundle is the default may change while this worker runs.
        """
        if self._serves is None:
            return [self._for_any]
        self._note_default(self._serves)
        if time.monotonic() - self._default_seen < ABSENCE:
            return [self._own]
        queues: list[rq.Queue] = [self._own, self._for_any]
        return queues if self._own_first else queues[::-1]

    def _note_default(self, serves: ServedBundle) -> None:
        """Record when another bundle is the default, or may have been since the last check."""
        now = time.monotonic()
        if now - self._last_check < ABSENCE / 10:
            return
        workers = living_workers(self.connection, self._for_any).values()
        default = in_order([*workers, serves])[0]
        unseen = (
            serves.rank > 0 and now - self._last_check > ABSENCE
        )  # this worker may be the first
        if unseen or default.name != serves.name:
            self._default_seen = now
        self._last_check = now

    def reorder_queues(self, reference_queue: rq.Queue) -> None:
        """Look next into the other queue than the one that a job has come from."""
        self._own_first = reference_queue.name != self._own.name

    def prepare_job_execution(self, job: Job, remove_from_intermediate_queue: bool = False) -> None:
        """Note that a job begins, and take it off the list of jobs that were just taken.

        RQ's worker of two queues would leave it there, because its BLPOP puts no job into that
        list, and would run each finished job again a minute later.
        """
        super().prepare_job_execution(job, remove_from_intermediate_queue=True)

    def clean_registries(self) -> None:
        """Remove foreign jobs first, because RQ's cleaning would fail on them."""
        for queue in self.queues:
            assert isinstance(queue, RequestJobs)
            queue.clean_intermediate()
        super().clean_registries()

    def register_birth(self) -> None:
        """Register with RQ, and say what the engine has loaded."""
        super().register_birth()
        self._publish_bundle()

    def heartbeat(self, timeout: int | None = None, pipeline: Pipeline | None = None) -> None:
        """Register this worker again with its heartbeats, and publish its bundle.

        RQ registers a worker once; other workers remove one whose key had expired, for instance
        while Redis was away.  RQ sends five heartbeats a job, however short it is: one a second is
        enough, but for those that are part of a transaction.
        """
        now = time.monotonic()
        if pipeline is None and now - self._last_heartbeat < MIN_HEARTBEAT:
            return
        super().heartbeat(timeout, pipeline)
        self._last_heartbeat = now
        if now - self._last_registered >= REGISTRATION_INTERVAL:
            worker_registration.register(self, pipeline)
            self._publish_bundle(pipeline)
            self._last_registered = now
        if self._serves:  # while a job runs, too: a long one is no reason to wait after it
            self._note_default(self._serves)

    def _publish_bundle(self, pipeline: Pipeline | None = None) -> None:
        if self._serves:
            connection = self.connection if pipeline is None else pipeline
            connection.hset(self.key, FIELD, self._serves.to_json())

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
            self._requeue_killed_job()
            raise

    def teardown(self) -> None:
        """Clean up after the work."""
        self._grace.cancel()
        super().teardown()

    def _requeue_killed_job(self) -> None:
        """Return the killed job to the queue, without counting a retry.

        RQ would leave the job in place until it counts as abandoned.
        """
        for execution in list(self.executions.values()):
            job = execution.job
            if job.get_status() == JobStatus.STARTED:
                job.retries_left = (job.retries_left or 0) + 1
                queue = next(queue for queue in self.queues if queue.name == job.origin)
                self.handle_job_failure(job, queue, execution=execution)


def send_to_main_thread(number: signal.Signals) -> None:
    """Send a signal to the main thread, which handles it even while it waits for a job process."""
    main = threading.main_thread().ident
    assert main is not None
    signal.pthread_kill(main, number)


def work(
    connection: redis.Redis,
    on_stop: Callable[[], None] | None = None,
    serves: ServedBundle | None = None,
) -> None:
    """Run jobs until a signal says to stop; `on_stop` is called at the first one.

    RQ's worker ends when Redis is away for long, or refuses a command because memory or disk are
    full.  A new one replaces it in the same process, so that the engine need not start anew.
    """
    while True:
        worker = Worker(connection, on_stop, serves)
        reason = "the log says why"
        try:
            worker.work(logging_level="WARNING")
        except redis.RedisError as error:
            reason = str(error)
        if worker.stopping:
            return
        exit_on_signals()  # RQ's handlers would need Redis
        log.error("the RQ worker gave up (%s): another one in %s s", reason, PAUSE)
        time.sleep(PAUSE)


def exit_on_signals() -> None:
    """Have SIGINT and SIGTERM end this process, until RQ handles them."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: sys.exit(0))


def main() -> None:
    """Run one RQ worker."""
    exit_on_signals()
    with exit_on(SetupError):
        start_logging()
        serves = os.environ.get(SERVES)
        connection = connect(os.environ["REDIS_URL"])
        work(connection, serves=ServedBundle.parse(serves) if serves else None)


if __name__ == "__main__":
    main()
