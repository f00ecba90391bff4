"""Marks in Redis: which requests have ended.

    emojich:ended:<request id>   string   SILENTLY of a request that was cancelled, else empty

A job process may be killed between the last event and RQ's record of its job, and a command may be
sent again after a lost connection: so only the first end of a request counts.
"""

import redis

from worker.queue.request_ids import ids_of_user

END_TTL = 24 * 3600  # seconds for which it is remembered that a request has ended
SILENTLY = b"silently"  # without an event
FORGET_TTL = 60  # seconds; the same after /forget


def ended_key(request_id: str) -> str:
    """The key of a request's mark."""
    return f"emojich:ended:{request_id}"


def has_ended(connection: redis.Redis, request_id: str) -> bool:
    """Whether the request has ended."""
    return bool(connection.exists(ended_key(request_id)))


def forget(connection: redis.Redis, user_id: int) -> None:
    """Have the marks that requests of a user have ended expire within FORGET_TTL.

    A worker may be about to draw a request that was cancelled a moment ago: without its mark, the
    worker would keep stickers for a day after /forget.
    """
    for key in connection.scan_iter(ended_key(ids_of_user(user_id)), count=1000):
        connection.expire(key, FORGET_TTL)
