"""The protocol between a job process and the engine, over a Unix socket.

The job process sends one request, with its picture if it begins with one, and then only listens;
hanging up cancels the request.  The engine answers with events; after a Progress with a sketch it
sends the picture, after the event Finished the stickers, each as a file and its codes.  The worker
asks for the engine's figures in the same way.  Messages are JSON and bytes, never pickle, so `send`
and `recv` of `multiprocessing.connection` are not used.
"""

import json
import os
import socket
import threading
from multiprocessing.connection import Client, Connection
from pathlib import Path

from emojich_core.request import Request
from worker.queue.events import Event, Failed, Finished, Progress, from_json, to_json
from worker.queue.results import Sticker

METRICS = b"metrics"  # sent in place of a request
ASK_TIMEOUT = 2  # seconds: an engine that hangs must not hold up the figures of the others
SPEED = ".speed"  # of a file beside the socket
ENGINE_SOCKET = "EMOJICH_ENGINE_SOCKET"  # the worker passes the path to job processes in it


class Task:
    """A request in the engine, its progress and its outcome.

    The scheduler writes `fraction`, `sketch` and `outcome`, and the thread of the connection reads
    them: so a job process that does not listen never delays the scheduler.
    """

    def __init__(self, request: Request, image: bytes = b"", waited: float | None = None):
        self.request = request
        self.image = image  # the file of the request's picture
        self.waited = waited  # seconds in the queue; None when it is drawn again
        self.fraction = 0.0
        self.sketch = 0, b""  # its number from 1, and the picture; 0: there is none yet
        self.cancelled = False
        self.outcome: tuple[Event, list[Sticker]] = (Failed(request.id, "failed"), [])
        self.ended = threading.Event()


def call_engine(address: str = "") -> Connection | None:
    """Connect to an engine, by default that of this RQ worker; None while it is not ready."""
    try:
        return Client(address or os.environ[ENGINE_SOCKET], family="AF_UNIX")
    except (FileNotFoundError, ConnectionRefusedError):
        return None


def engine_is_ready(address: str = "") -> bool:
    """Whether that engine accepts requests."""
    connection = call_engine(address)
    if connection:
        connection.close()
    return connection is not None


def write_speed(socket: Path, judged_per_minute: float) -> None:
    """Write an engine's speed (see `ServedBundle`) to a file, before it opens its socket."""
    socket.with_suffix(SPEED).write_text(str(judged_per_minute))


def read_speed(socket: str) -> float:
    """The speed that an engine has written; the engine must be ready."""
    return float(Path(socket).with_suffix(SPEED).read_text())


def ask_metrics(address: str) -> str | None:
    """An engine's figures in Prometheus's text format; None when it does not answer in time."""
    with socket.socket(socket.AF_UNIX) as caller:
        caller.settimeout(ASK_TIMEOUT)
        try:
            caller.connect(address)
            caller.setblocking(True)
            with Connection(caller.detach()) as connection:
                connection.send_bytes(METRICS)
                return connection.recv_bytes().decode() if connection.poll(ASK_TIMEOUT) else None
        except (EOFError, OSError):
            return None


def send_request(
    connection: Connection, request: Request, image: bytes = b"", waited: float | None = None
) -> None:
    """Send a request and the file of its image prompt; the job process sends nothing else.

    `waited` are its seconds in the queue; None when it is drawn again.
    """
    message = {"request": request.to_json(), "waited": waited}
    connection.send_bytes(json.dumps(message).encode())
    if request.image:
        connection.send_bytes(image)


def receive_task(connection: Connection) -> Task | None:
    """Receive the request of `send_request` as a task; None if `ask_metrics` called."""
    first = connection.recv_bytes()
    if first == METRICS:
        return None
    message = json.loads(first)
    request = Request.from_json(message["request"])
    image = connection.recv_bytes() if request.image else b""
    return Task(request, image, message["waited"])


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
