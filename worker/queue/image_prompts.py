"""Image prompts in Redis: pictures that users have sent to the bot.

    emojich:image:<image id>   string   a small WebP file

An image's id is that of its first request, so that /forget finds it.
"""

from typing import Any

import redis

from worker.queue.connection import delete_matching
from worker.queue.request_ids import ids_of_user

IMAGE_TTL = 26 * 3600  # seconds; as long as a request may wait for a worker, and then be drawn


def save_image(connection: redis.Redis, image_id: str, file: bytes) -> None:
    """Store a picture's file for IMAGE_TTL."""
    connection.set(_key(image_id), file, ex=IMAGE_TTL)


def keep_image(connection: redis.Redis, image_id: str) -> bool:
    """Store a picture for another IMAGE_TTL; False if it has expired."""
    return bool(connection.expire(_key(image_id), IMAGE_TTL))


def load_image(connection: redis.Redis, image_id: str) -> bytes:
    """A picture's file; empty once it has expired."""
    file: Any = connection.get(_key(image_id))
    return bytes(file or b"")


def forget(connection: redis.Redis, user_id: int) -> None:
    """Delete the pictures that a user has sent."""
    delete_matching(connection, _key(ids_of_user(user_id)))


def _key(image_id: str) -> str:
    return f"emojich:image:{image_id}"
