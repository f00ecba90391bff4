"""Sketches in Redis: pictures of a request's images while they are drawn.

    emojich:sketch:<request id>   string   a JPEG of at most 100 KB

A newer sketch replaces the older one, and the end of the request deletes it.
"""

from typing import Any

import redis

from worker.queue.connection import delete_matching
from worker.queue.ends import ended_key
from worker.queue.request_ids import ids_of_user

SKETCH_TTL = 10 * 60  # seconds; a bot that was down for longer need not show the sketch

# In one script: a cancellation between the two commands would leave a sketch behind.
_SAVE = """
if redis.call('EXISTS', KEYS[2]) == 0 then
    redis.call('SET', KEYS[1], ARGV[1], 'EX', ARGV[2])
end
"""


def save_sketch(connection: redis.Redis, request_id: str, picture: bytes) -> None:
    """Store the newest sketch of a request, unless the request has ended."""
    keys = sketch_key(request_id), ended_key(request_id)
    connection.eval(_SAVE, len(keys), *keys, picture, SKETCH_TTL)


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
