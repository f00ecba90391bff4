"""What a horse and the engine say to each other over their Unix socket.

The horse sends one request and then only listens; hanging up cancels the request.  The engine
answers with events, and the stickers, each a file and its codes, follow the event Finished.  JSON
and bytes, never pickle: `send` and `recv` of `multiprocessing.connection` are not used.
"""

import json
import os
from multiprocessing.connection import Client, Connection

from emojich_core.request import Request
from worker.queue.events import Event, Finished, from_json, to_json
from worker.queue.results import Sticker

ENGINE_SOCKET = "EMOJICH_ENGINE_SOCKET"  # the variable in which the worker tells its horses


def call_engine() -> Connection | None:
    """A connection to this machine's engine; None while there is none that is ready."""
    try:
        return Client(os.environ[ENGINE_SOCKET], family="AF_UNIX")
    except (FileNotFoundError, ConnectionRefusedError):
        return None


def engine_is_ready() -> bool:
    """Whether this machine's engine takes requests."""
    connection = call_engine()
    if connection:
        connection.close()
    return connection is not None


def send_request(connection: Connection, request: Request) -> None:
    """The horse's only message."""
    connection.send_bytes(json.dumps(request.to_json()).encode())


def receive_request(connection: Connection) -> Request:
    """The request that `send_request` sent."""
    return Request.from_json(json.loads(connection.recv_bytes()))


def send_event(connection: Connection, event: Event, stickers: list[Sticker]) -> None:
    """Send an event; one that is Finished comes with a sticker for each of its candidates."""
    connection.send_bytes(to_json(event).encode())
    for sticker in stickers:
        connection.send_bytes(sticker.file)
        connection.send_bytes(json.dumps(sticker.codes).encode())


def receive_event(connection: Connection) -> tuple[Event, list[Sticker]]:
    """The event and the stickers that `send_event` sent."""
    event = from_json(connection.recv_bytes())
    count = len(event.candidates) if isinstance(event, Finished) else 0
    return event, [_receive_sticker(connection) for _ in range(count)]


def _receive_sticker(connection: Connection) -> Sticker:
    file, codes = connection.recv_bytes(), connection.recv_bytes()
    return Sticker(file, tuple(json.loads(codes)))
