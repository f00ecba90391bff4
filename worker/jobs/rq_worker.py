"""The RQ worker: RQ's own, with a shutdown that is bounded and loses no job."""

import signal
import socket
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

from worker.engine.protocol import engine_is_ready
from worker.jobs.job import report_killed
from worker.queue.environment import announce
from worker.queue.request_job import RequestJob, RequestJobs, rq_queue

GRACE = 3  # seconds for the running job to finish after the first signal

# A job whose machine died is drawn again within two minutes: RQ gives it up a minute after the
# last heartbeat, and an idle worker looks after such jobs whenever it wakes up.
HEARTBEAT_INTERVAL = 10  # seconds, while a job runs
WAKE_UP_INTERVAL = 15  # seconds, while none does
MAINTENANCE_INTERVAL = 30  # seconds


class Worker(rq.Worker):
    """One job at a time, each in a horse of its own.

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
        self._patience = threading.Timer(GRACE, send_to_main_thread, (signal.SIGTERM,))

    def bootstrap(self, *args: Any, **kwargs: Any) -> None:
        """Tell run.py, too, when the worker listens to the queue."""
        super().bootstrap(*args, **kwargs)
        announce("worker: ready")

    def check_for_suspension(self, burst: bool) -> None:
        """RQ calls this before it takes a job: wait while it is to take none.

        So does one whose engine is away, which may compile for minutes.  Another machine's may be
        there, and draws meanwhile; if there is none, RQ forgets us after a while, for want of
        heartbeats, and the bot says that nobody draws.
        """
        super().check_for_suspension(burst)
        while not self.stopping and not engine_is_ready():
            time.sleep(1)

    def dequeue_job_and_maintain_ttl(
        self, timeout: int | None, max_idle_time: int | None = None
    ) -> tuple[Job, rq.Queue] | None:
        """RQ's own would go on waiting, suspended or not, and take one job more."""
        while True:
            result = super().dequeue_job_and_maintain_ttl(timeout, max_idle_time=timeout)
            if result:
                return result
            self.check_for_suspension(burst=False)

    def clean_registries(self) -> None:
        """Clean what no request is from where RQ's own cleaning would stumble over it."""
        self._requests.clean_intermediate()
        super().clean_registries()

    def heartbeat(self, timeout: int | None = None, pipeline: Pipeline | None = None) -> None:
        """Tell, too, that there is such a worker.

        RQ does so once.  But others strike off who had no key for a moment, be it that Redis was
        away for as long as keys live.
        """
        super().heartbeat(timeout, pipeline)
        worker_registration.register(self, pipeline)

    def kill_horse(self, sig: signal.Signals = signal.SIGKILL) -> None:
        """Kill the horse, if there is one.

        RQ's own would kill our whole group when somebody cancels a request between our noting that
        we have it and the fork; its horse will see that nobody waits for it.
        """
        if self.horse_pid:
            super().kill_horse(sig)

    def request_stop(self, signum: int, frame: FrameType | None) -> None:
        """The first signal."""
        self.stopping = True
        if self._on_stop:
            self._on_stop()
        self._patience.start()
        super().request_stop(signum, frame)

    def request_force_stop(self, signum: int, frame: FrameType | None) -> None:
        """The second signal: RQ kills the horse and raises SystemExit."""
        try:
            super().request_force_stop(signum, frame)
        except SystemExit:
            self._give_back()
            raise

    def teardown(self) -> None:
        """The work is over."""
        self._patience.cancel()
        super().teardown()

    def _give_back(self) -> None:
        """Have RQ run the killed job again, and not count it as a retry.

        RQ by itself would leave the job in place until it counts as abandoned.
        """
        for execution in list(self.executions.values()):
            job = execution.job
            if job.get_status() == JobStatus.STARTED:
                job.retries_left = (job.retries_left or 0) + 1
                self.handle_job_failure(job, self.queues[0], execution=execution)


def send_to_main_thread(number: signal.Signals) -> None:
    """Send a signal to where Python handles it, which wakes it up if it waits for a horse."""
    main = threading.main_thread().ident
    assert main is not None
    signal.pthread_kill(main, number)
