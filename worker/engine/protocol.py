"""The protocol between a job process and the engine, over a Unix socket.

The job process sends one request, with its picture if it begins with one, and then only listens;
hanging up cancels the request.  The engine answers with events; after a Progress with a sketch it
sends the picture, after the event Finished the stickers, each as a file and its codes.  Messages
are JSON and bytes, never pickle, so `send` and `recv` of `multiprocessing.connection` are not used.
"""

import json
import os
import threading
from multiprocessing.connection import Client, Connection
from pathlib import Path

from emojich_core.request import Request
from worker.queue.events import Event, Failed, Finished, Progress, from_json, to_json
from worker.queue.results import Sticker

SPEED = ".speed"  # of a file beside the socket
ENGINE_SOCKET = "EMOJICH_ENGINE_SOCKET"  # the worker passes the path to job processes in it


class Task:
    """A request in the engine, its progress and its outcome.

    The scheduler writes `fraction`, `sketch` and `outcome`, and the thread of the connection reads
    them: so a job process that does not listen never delays the scheduler.
    """

    def __init__(self, request: Request, image: bytes = b""):
        self.request = request
        self.image = image  # the file of the request's picture
        self.fraction = 0.0
        self.sketch = 0, b""  # its number from 1, and the picture; 0: there is none yet
        self.cancelled = False
        self.outcome: tuple[Event, list[Sticker]] = (Failed(request.id, "failed"), [])
        self.ended = threading.Event()


def call_engine(socket: str = "") -> Connection | None:
    """Connect to an engine, by default that of this RQ worker; None while it is not ready."""
    try:
        return Client(socket or os.environ[ENGINE_SOCKET], family="AF_UNIX")
    except (FileNotFoundError, ConnectionRefusedError):
        return None


def engine_is_ready(socket: str = "") -> bool:
    """Whether that engine accepts requests."""
    connection = call_engine(socket)
    if connection:
        connection.close()
    return connection is not None


def tell_speed(socket: Path, judged_per_minute: float) -> None:
    """Write down how fast an engine is (see `ServedBundle`), before it opens its socket."""
    socket.with_suffix(SPEED).write_text(str(judged_per_minute))


def read_speed(socket: str) -> float:
    """How fast an engine that is ready has said to be."""
    return float(Path(socket).with_suffix(SPEED).read_text())


def send_request(connection: Connection, request: Request, image: bytes = b"") -> None:
    """Send a request and the file of its picture, which is all that the job process sends."""
    connection.send_bytes(json.dumps(request.to_json()).encode())
    if request.image:
        connection.send_bytes(image)


def receive_task(connection: Connection) -> Task:
    """Receive as a task what `send_request` sent."""
    request = Request.from_json(json.loads(connection.recv_bytes()))
    return Task(request, connection.recv_bytes() if request.image else b"")


def send_event(connection: Connection, event: Event, stickers: list[Sticker]) -> None:
    """Send an event and, if it is Finished, a sticker for each of its candidates."""
    connection.send_bytes(to_json(event).encode())
    for sticker in stickers:
        connection.send_bytes(sticker.file)
        connection.send_bytes(json.dumps(sticker.codes).encode())


def receive_event(connection: Connection) -> tuple[Event, list[Sticker]]:
    """Receive the event and the stickers that `send_event` sent."""
    event = from_json(connection.recv_bytes())
    count = len(event.candidates) if isinstance(event, Finished) else 0
    return event, [_receive_sticker(connection) for _ in range(count)]


def send_sketch(connection: Connection, progress: Progress, picture: bytes) -> None:
    """Send a progress that has a sketch, and the picture."""
    send_event(connection, progress, [])
    connection.send_bytes(picture)


def receive_sketch(connection: Connection) -> bytes:
    """Receive the picture, after a Progress with a sketch."""
    return connection.recv_bytes()


def _receive_sticker(connection: Connection) -> Sticker:
    file, codes = connection.recv_bytes(), connection.recv_bytes()
    return Sticker(file, tuple(json.loads(codes)))
