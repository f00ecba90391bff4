"""The engine's protocol with a scripted scheduler; a real one is in test_worker.py."""

import subprocess
import sys
import threading
from collections.abc import Callable
from contextlib import ExitStack, suppress
from dataclasses import replace
from multiprocessing.connection import Client, Connection, Listener
from pathlib import Path

import pytest

from emojich_core.request import Candidate, ImageRef
from tests.worker.harness import ROOT, request, wait_until
from worker.engine.__main__ import Engine
from worker.engine.protocol import Task, receive_event, receive_sketch, send_request
from worker.queue.events import Failed, Finished, Progress
from worker.queue.results import Sticker

STICKER = Sticker(b"sticker", (1, 2))


class ScriptedScheduler:
    """Records tasks, and ends one when the test says so."""

    def __init__(self) -> None:
        self.tasks: list[Task] = []

    def put(self, task: Task) -> None:
        task.fraction = 0.5
        self.tasks.append(task)

    def finish(self, task: Task) -> None:
        candidate = Candidate(0, task.request.seed, 1.0, "unet")
        task.outcome = Finished(task.request.id, (candidate,)), [STICKER]
        task.ended.set()


@pytest.fixture
def scheduler() -> ScriptedScheduler:
    return ScriptedScheduler()


@pytest.fixture
def connect(scheduler: ScriptedScheduler, tmp_path: Path) -> Callable[[], Connection]:
    """A function that connects to an engine with the scripted scheduler."""
    address = str(tmp_path / "engine.sock")
    listener = Listener(address, family="AF_UNIX")
    engine = Engine(scheduler)  # type: ignore[arg-type]
    threading.Thread(target=engine.serve, args=(listener,), daemon=True).start()
    return lambda: Client(address, family="AF_UNIX")


def test_picture_travels_with_its_request(
    connect: Callable[[], Connection], scheduler: ScriptedScheduler
) -> None:
    begun = replace(request("1"), image=ImageRef("1", 0.5))
    with connect() as engine:
        send_request(engine, begun, b"picture")
        wait_until(lambda: scheduler.tasks)
        [task] = scheduler.tasks
        assert (task.request, task.image) == (begun, b"picture")
        assert receive_event(engine)[0] == Progress("1", 0.5)  # the picture is not taken for a call
        scheduler.finish(task)
        assert isinstance(receive_event(engine)[0], Finished)


def test_unchanged_progress_is_sent_once(
    connect: Callable[[], Connection], scheduler: ScriptedScheduler
) -> None:
    with connect() as engine:
        send_request(engine, request("1"))
        assert receive_event(engine)[0] == Progress("1", 0.5)
        assert not engine.poll(1.2)  # unchanged progress is not sent again
        scheduler.finish(scheduler.tasks[0])
        assert isinstance(receive_event(engine)[0], Finished)


def test_a_sketch_is_sent_once(
    connect: Callable[[], Connection], scheduler: ScriptedScheduler
) -> None:
    with connect() as engine:
        send_request(engine, request("1"))
        assert receive_event(engine)[0] == Progress("1", 0.5)
        [task] = scheduler.tasks
        task.sketch = 1, b"first"
        assert receive_event(engine)[0] == Progress("1", 0.5, sketch=1)
        assert receive_sketch(engine) == b"first"
        task.fraction = 0.75
        assert receive_event(engine)[0] == Progress("1", 0.75)
        task.sketch = 2, b"second"
        assert receive_event(engine)[0] == Progress("1", 0.75, sketch=2)
        assert receive_sketch(engine) == b"second"
        task.sketch = 3, b"too late"
        scheduler.finish(task)
        event, stickers = receive_event(engine)
        if isinstance(event, Progress):  # it was not too late
            receive_sketch(engine)
            event, stickers = receive_event(engine)
        assert (type(event), stickers) == (Finished, [STICKER])


def test_the_first_progress_does_not_wait_for_its_interval(
    connect: Callable[[], Connection], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("worker.engine.__main__.PROGRESS_INTERVAL", 60)
    with connect() as engine:
        send_request(engine, request("1"))
        assert engine.poll(20)


def test_closed_connection_cancels_its_request(
    connect: Callable[[], Connection], scheduler: ScriptedScheduler
) -> None:
    with connect() as engine, connect() as other:
        send_request(engine, request("1"))
        send_request(other, request("2"))
        wait_until(lambda: len(scheduler.tasks) == 2)
        assert not any(task.cancelled for task in scheduler.tasks)
    wait_until(lambda: all(task.cancelled for task in scheduler.tasks))


def test_a_failed_request_is_reported(
    connect: Callable[[], Connection], scheduler: ScriptedScheduler
) -> None:
    with connect() as engine:
        send_request(engine, request("1"))
        wait_until(lambda: scheduler.tasks)
        scheduler.tasks[0].ended.set()  # without an outcome
        events = [receive_event(engine)]
        while isinstance(events[-1][0], Progress):
            events.append(receive_event(engine))
    assert events[-1] == (Failed("1", "failed"), [])


def test_a_job_process_that_does_not_listen_delays_no_other(
    connect: Callable[[], Connection], scheduler: ScriptedScheduler
) -> None:
    with connect() as deaf, connect() as engine:
        send_request(deaf, request("1"))
        wait_until(lambda: scheduler.tasks)
        scheduler.finish(scheduler.tasks[0])
        send_request(engine, request("2"))
        wait_until(lambda: len(scheduler.tasks) == 2)
        scheduler.finish(scheduler.tasks[1])
        event, stickers = receive_event(engine)
    assert isinstance(event, Finished)
    assert stickers == [STICKER]


def test_hanging_engine_ends_despite_new_requests(tmp_path: Path) -> None:
    """The worker then replaces it, like one that was killed."""
    socket = tmp_path / "engine.sock"
    hangs = (
        "import sys, multiprocessing.connection as c, worker.engine.__main__ as e\n"
        "class Hanging:\n"
        "    def put(self, task): pass\n"
        "e.HANG_TIMEOUT = 2\n"
        "e.Engine(Hanging()).serve(c.Listener(sys.argv[1], family='AF_UNIX'))"
    )
    command = [sys.executable, "-c", hangs, socket]
    with subprocess.Popen(command, cwd=ROOT) as process, ExitStack() as at_last:
        at_last.callback(process.kill)  # in case it hangs forever
        wait_until(lambda: socket.is_socket())
        with ExitStack() as connections, suppress(EOFError, OSError):
            for name in range(20):  # each before the engine can be sure that it hangs
                engine = connections.enter_context(Client(str(socket), family="AF_UNIX"))
                send_request(engine, request(str(name)))
                if engine.poll(1):
                    receive_event(engine)
        assert process.wait(30) == 1
