"""The engine: the one process on a machine that owns the models.

It takes requests from horses over a Unix socket (see `worker.wire`), and knows neither Redis nor
RQ.  The socket appears once the models are loaded: an engine that can be reached is ready.
"""

import argparse
import logging
import os
import queue
import sys
import threading
from multiprocessing.connection import Connection, Listener
from pathlib import Path
from typing import TYPE_CHECKING

from emojich_core.request import Request
from worker.errors import SetupError
from worker.events import Event, Failed, Finished, Progress
from worker.logs import start_logging
from worker.wire import receive_request, send_event

if TYPE_CHECKING:  # it imports torch, which takes seconds: see `load`
    from emojich_core.pipeline import Pipeline

PROGRESS_INTERVAL = 0.5  # seconds

log = logging.getLogger("emojich.engine")


class Task:
    """A request in the engine.

    The thread that draws writes `fraction` and `outcome`; the one that talks to the horse reads
    them, so that a horse which does not listen never holds up the drawing.
    """

    def __init__(self, request: Request):
        self.request = request
        self.fraction = 0.0
        self.cancelled = False
        self.outcome: tuple[Event, list[bytes]] = (Failed(request.id, "failed"), [])
        self.ended = threading.Event()


class Engine:
    """Draws the requests of many connections, one after the other."""

    def __init__(self, pipeline: "Pipeline"):
        self._pipeline = pipeline
        self._tasks: queue.SimpleQueue[Task] = queue.SimpleQueue()

    def serve(self, listener: Listener) -> None:
        """Take connections, for ever."""
        threading.Thread(target=self._draw_all, daemon=True).start()
        while True:
            connection = listener.accept()
            threading.Thread(target=self._converse, args=(connection,), daemon=True).start()

    def _converse(self, connection: Connection) -> None:
        """One horse, from its request to the outcome or until it hangs up."""
        with connection:
            try:
                task = Task(receive_request(connection))
            except (EOFError, OSError):
                return  # someone who only looked whether the engine is ready
            self._tasks.put(task)
            try:
                self._report(task, connection)
            except OSError:
                pass  # the horse has gone
            finally:
                task.cancelled = True  # says nothing to a task that has ended

    def _report(self, task: Task, connection: Connection) -> None:
        reported = 0.0
        while not task.ended.wait(PROGRESS_INTERVAL):
            if connection.poll():  # a horse has nothing more to say: it has hung up
                return
            if task.fraction > reported:
                reported = task.fraction
                send_event(connection, Progress(task.request.id, reported), [])
        send_event(connection, *task.outcome)

    def _draw_all(self) -> None:
        while True:
            task = self._tasks.get()
            try:
                self._draw(task)
            except Exception:  # the fault of this request alone
                log.exception("request %s: failed", task.request.id)
            task.ended.set()

    def _draw(self, task: Task) -> None:
        from emojich_core.pipeline import Cancelled

        def progress(fraction: float) -> None:
            if task.cancelled:
                raise Cancelled
            task.fraction = fraction

        request = task.request
        try:
            progress(0.0)
            drawings = self._pipeline.generate(
                request.prompt, count=request.count, seed=request.seed, progress=progress
            )
        except Cancelled:
            log.info("request %s: cancelled", request.id)
            return
        candidates = tuple(drawing.candidate for drawing in drawings)
        task.outcome = Finished(request.id, candidates), [drawing.sticker for drawing in drawings]


def load() -> "Pipeline":
    """The models of EMOJICH_MODEL, on EMOJICH_DEVICE."""
    from emojich_core.bundles import BundleError
    from emojich_core.pipeline import Pipeline

    device = os.environ.get("EMOJICH_DEVICE") or None
    try:
        return Pipeline.load(os.environ.get("EMOJICH_MODEL") or "mini", device=device)
    except BundleError as error:
        raise SetupError(str(error)) from error
    except RuntimeError as error:  # torch's; an exhausted GPU is one
        reason = str(error).splitlines()[0]
        raise SetupError(f"The models do not load ({reason}): is there memory enough?") from error


def main() -> None:
    """Load the models, then serve."""
    parser = argparse.ArgumentParser(prog="python -m worker.engine", description=__doc__)
    parser.add_argument("--socket", type=Path, required=True, help="where to listen")
    arguments = parser.parse_args()
    start_logging()
    try:
        engine = Engine(load())
    except SetupError as error:
        sys.exit(f"emojich: {error}")
    arguments.socket.unlink(missing_ok=True)  # of an engine that was killed
    with Listener(str(arguments.socket), family="AF_UNIX", backlog=64) as listener:
        engine.serve(listener)


if __name__ == "__main__":
    main()
