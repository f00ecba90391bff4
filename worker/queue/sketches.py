"""Sketches in Redis: pictures of a request's images while they are drawn.

    emojich:sketch:<request id>   string   a JPEG of at most 100 KB

A newer sketch replaces the older one, and the end of the request deletes it.
"""

from typing import Any

import redis

from worker.queue.connection import delete_matching
from worker.queue.request_ids import ids_of_user

SKETCH_TTL = 10 * 60  # seconds; a bot that has been away for longer need not show it


def save_sketch(connection: redis.Redis, request_id: str, picture: bytes) -> None:
    """Keep the newest sketch of a request."""
    connection.set(sketch_key(request_id), picture, ex=SKETCH_TTL)


def load_sketch(connection: redis.Redis, request_id: str) -> bytes:
    """The newest sketch of a request; empty once it has expired or the request has ended."""
    picture: Any = connection.get(sketch_key(request_id))
    return bytes(picture or b"")


def forget(connection: redis.Redis, user_id: int) -> None:
    """Delete the sketches of all of a user's requests."""
    delete_matching(connection, sketch_key(ids_of_user(user_id)))


def sketch_key(request_id: str) -> str:
    """The key of a request's sketch; the end of the request deletes it, too."""
    return f"emojich:sketch:{request_id}"
