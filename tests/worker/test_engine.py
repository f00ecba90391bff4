"""The engine process, and the engine with a pipeline that does as it is told."""

import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from multiprocessing.connection import Client, Connection, Listener
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from emojich_core.request import Candidate
from tests.worker.parts import ROOT, request, wait_until
from worker.engine import PROGRESS_INTERVAL, Engine
from worker.events import Event, Failed, Finished, Progress
from worker.wire import receive_event, send_request


def converse(engine: Connection, name: str = "1") -> list[tuple[Event, list[bytes]]]:
    """Send a request, and hear the engine out."""
    send_request(engine, request(name))
    answers = [receive_event(engine)]
    while isinstance(answers[-1][0], Progress):
        answers.append(receive_event(engine))
    return answers


def start_engine(socket: Path, model: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "worker.engine", "--socket", socket],
        cwd=ROOT,
        env=os.environ | {"EMOJICH_MODEL": model},
        stderr=subprocess.PIPE,
        text=True,
    )


def test_the_process(tiny_bundle: Path, tmp_path: Path) -> None:
    socket = tmp_path / "engine.sock"
    socket.write_text("left behind by one that was killed")
    process = start_engine(socket, str(tiny_bundle))
    wait_until(lambda: socket.is_socket() or process.poll() is not None)
    results = []
    for _ in range(2):
        with Client(str(socket), family="AF_UNIX") as engine:
            event, stickers = converse(engine)[-1]
        assert isinstance(event, Finished)
        assert [candidate.number for candidate in event.candidates] == [0, 1]
        assert all(sticker.startswith(b"RIFF") for sticker in stickers)
        results.append((event, stickers))
    assert results[0] == results[1]  # the same seed, the same stickers
    process.kill()
    process.communicate()


def test_a_missing_bundle_in_one_line(tmp_path: Path) -> None:
    process = start_engine(tmp_path / "engine.sock", "nowhere")
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 1
    assert errors.startswith("emojich: ")
    assert "'nowhere'" in errors
    assert errors.count("\n") == 1


class ScriptedPipeline:
    """Draws when and what the test says."""

    def __init__(self) -> None:
        self.started = self.cancelled = self.finished = 0
        self.proceed = threading.Event()
        self.fault: Exception | None = None

    def generate(
        self, prompt: str, count: int, seed: int, progress: Callable[[float], None]
    ) -> list[Any]:
        self.started += 1
        try:
            while not self.proceed.is_set():
                progress(0.5)
                time.sleep(0.01)
        except Exception:
            self.cancelled += 1
            raise
        if self.fault:
            raise self.fault
        self.finished += 1
        candidate = Candidate(0, seed, 1.0, "unet")
        return [SimpleNamespace(candidate=candidate, sticker=b"sticker")]


@pytest.fixture
def pipeline() -> ScriptedPipeline:
    return ScriptedPipeline()


@pytest.fixture
def connect(pipeline: ScriptedPipeline, tmp_path: Path) -> Iterator[Callable[[], Connection]]:
    """A function that connects to an engine with the scripted pipeline."""
    address = str(tmp_path / "engine.sock")
    listener = Listener(address, family="AF_UNIX")
    engine = Engine(pipeline)  # type: ignore[arg-type]
    threading.Thread(target=engine.serve, args=(listener,), daemon=True).start()
    yield lambda: Client(address, family="AF_UNIX")
    pipeline.proceed.set()


def test_progress_twice_a_second_at_most(
    connect: Callable[[], Connection], pipeline: ScriptedPipeline
) -> None:
    threading.Timer(1.2, pipeline.proceed.set).start()
    with connect() as engine:
        events = [event for event, _ in converse(engine)]
    assert events[:-1] == [Progress("1", 0.5)]  # and none for what has not changed


def test_hanging_up_cancels(connect: Callable[[], Connection], pipeline: ScriptedPipeline) -> None:
    with connect() as engine, connect() as waiting:
        send_request(engine, request("1"))
        wait_until(lambda: pipeline.started)
        send_request(waiting, request("2"))
    wait_until(lambda: pipeline.cancelled)
    time.sleep(2 * PROGRESS_INTERVAL)  # within which it is noticed that the other has gone, too
    pipeline.proceed.set()
    with connect() as engine:
        assert isinstance(converse(engine, "3")[-1][0], Finished)
    assert pipeline.finished == 1


def test_a_fault_fails_one_request(
    connect: Callable[[], Connection], pipeline: ScriptedPipeline, caplog: pytest.LogCaptureFixture
) -> None:
    pipeline.proceed.set()
    pipeline.fault = RuntimeError("a bug")
    with connect() as engine:
        assert converse(engine, "1") == [(Failed("1", "failed"), [])]
    assert "a bug" in caplog.text
    pipeline.fault = None
    with connect() as engine:
        [(event, stickers)] = converse(engine, "2")
    assert isinstance(event, Finished)
    assert stickers == [b"sticker"]


def test_a_horse_that_does_not_listen_holds_up_nobody(
    connect: Callable[[], Connection], pipeline: ScriptedPipeline
) -> None:
    pipeline.proceed.set()
    with connect() as deaf, connect() as engine:
        send_request(deaf, request("1"))
        assert isinstance(converse(engine, "2")[-1][0], Finished)
