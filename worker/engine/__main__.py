"""An engine: the one process that owns a model on a device.

It takes requests from job processes over a Unix socket (see `worker.engine.protocol`), and knows
neither Redis nor RQ.  It opens the socket after loading the models: an engine that can be reached
is ready.
"""

import argparse
import logging
import os
import threading
import time
from multiprocessing.connection import Connection, Listener
from pathlib import Path
from typing import TYPE_CHECKING

from emojich_core.errors import BundleError, SetupError, exit_on
from emojich_core.request import MAX_COUNT
from emojich_core.startup import without_garbage_collection
from worker.config import Settings
from worker.engine import metrics
from worker.engine.protocol import Task, receive_task, send_event, send_sketch, write_speed
from worker.engine.threads import in_brief_thread
from worker.queue.events import Progress
from worker.queue.logs import start_logging

if TYPE_CHECKING:  # imports torch, which takes seconds: see `load`
    from worker.engine.scheduler import Scheduler

PROGRESS_INTERVAL = 0.5  # seconds
FIRST_INTERVAL = 0.1  # seconds, before the first progress: the user soon sees that work has begun
# Seconds without progress after which the engine ends: only a new process can use a GPU that hung.
# Compiling for fewer slots, after memory ran out, takes less.
HANG_TIMEOUT = 600

log = logging.getLogger("emojich.engine")


class Engine:
    """Passes requests from connections to the scheduler, and its events back."""

    def __init__(self, scheduler: "Scheduler"):
        self._scheduler = scheduler
        self._last_progress = 0.0  # the time of the last progress of any request

    def serve(self, listener: Listener) -> None:
        """Accept connections, forever."""
        while True:
            connection = listener.accept()
            threading.Thread(target=self._serve_job, args=(connection,), daemon=True).start()

    def _serve_job(self, connection: Connection) -> None:
        """Serve one job process until its request ends or it hangs up."""
        with connection:
            try:
                task = receive_task(connection)
                if task is None:
                    connection.send_bytes(metrics.exposition())
                    return
            except (EOFError, OSError):
                return  # `engine_is_ready` sends no request
            self._scheduler.put(task)
            try:
                with metrics.measured(task):
                    self._report(task, connection)
            except OSError:
                pass  # the job process has ended
            finally:
                task.cancelled = True  # without effect on a task that has ended

    def _report(self, task: Task, connection: Connection) -> None:
        seen = reported = 0.0
        sketched = 0
        began = time.monotonic()
        while not task.ended.wait(PROGRESS_INTERVAL if reported else FIRST_INTERVAL):
            if connection.poll():  # it hung up: a job process sends nothing after its request
                return
            if task.fraction != seen:
                seen, self._last_progress = task.fraction, time.monotonic()
            elif time.monotonic() - max(began, self._last_progress) > HANG_TIMEOUT:
                log.error("request %s: nothing has moved for %s s", task.request.id, HANG_TIMEOUT)
                os._exit(1)  # a new engine tries all requests again
            number, picture = task.sketch
            if number > sketched:
                reported, sketched = max(seen, reported), number
                send_sketch(connection, Progress(task.request.id, reported, number), picture)
            elif seen > reported:
                reported = seen
                send_event(connection, Progress(task.request.id, reported), [])
        send_event(connection, *task.outcome)


def load(settings: Settings, share: int = 1) -> "Scheduler":
    """Load the models and start a scheduler; on a GPU, one part in `share` of its memory is for it.

    Raises SetupError.
    """
    from emojich_core.inference.devices import pick_device
    from emojich_core.inference.memory import memory_taken, reuse_freed_memory

    def prepared() -> "Scheduler":
        pick_device(settings.device)  # before imports that take seconds
        from emojich_core.pipeline import Pipeline
        from worker.engine.scheduler import Scheduler

        pipeline = Pipeline.load(settings.model, settings.device)
        # A step computes empty slots, too: allocate no more than there can be images.
        on_gpu = pipeline.device.type == "cuda"
        room = pipeline.slots_that_fit(share)
        needed = settings.requests * MAX_COUNT * settings.best_of
        scheduler = Scheduler(pipeline, settings.slots or min(room, needed), settings.best_of)
        if not on_gpu:  # `slots` has warmed up a GPU
            pipeline.warm_up(pipeline.slots(1))
        scheduler.measure()
        metrics.watch(scheduler, pipeline)
        taken = memory_taken(pipeline.device) / 2**30
        log.info(
            "%s on %s is ready; it takes %.1f GiB", pipeline.bundle.name, pipeline.device, taken
        )
        return scheduler

    reuse_freed_memory()  # before there is a second thread
    try:
        scheduler = in_brief_thread(prepared)
    except BundleError as error:
        raise SetupError(str(error)) from error
    except (MemoryError, OSError, RuntimeError) as error:  # CUDA's errors are RuntimeErrors
        reason = str(error).partition("\n")[0] or type(error).__name__
        fix = "install the packages and the bundle anew"
        if isinstance(error, MemoryError) or "memory" in reason:
            fix = "free some memory, or set EMOJICH_SLOTS to fewer"
        raise SetupError(f"The models do not load ({reason}): {fix}.") from error
    scheduler.start()
    return scheduler


def _load_named(name: str, share: int) -> "Scheduler":
    """Load the bundle that the environment names; an error begins with `name`, if not empty."""
    try:
        return load(Settings.from_environment(os.environ), share)
    except SetupError as error:
        raise SetupError(f"{name}: {error}" if name else str(error)) from error


def main() -> None:
    """Load the models, then serve."""
    parser = argparse.ArgumentParser(prog="python -m worker.engine", description=__doc__)
    parser.add_argument("--socket", type=Path, required=True, help="where to listen")
    parser.add_argument("--name", default="", help="what an error begins with")
    parser.add_argument("--share", type=int, default=1, help="engines for which memory is left")
    arguments = parser.parse_args()
    with exit_on(SetupError), without_garbage_collection():
        start_logging()
        scheduler = _load_named(arguments.name, arguments.share)
    engine = Engine(scheduler)
    write_speed(arguments.socket, scheduler.judged_per_minute)
    arguments.socket.unlink(missing_ok=True)  # left by an engine that was killed
    with Listener(str(arguments.socket), family="AF_UNIX", backlog=64) as listener:
        engine.serve(listener)


if __name__ == "__main__":
    main()
