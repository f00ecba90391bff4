"""Finished stickers in Redis, kept for a while so that people can choose."""

import redis

RESULT_TTL = 24 * 3600  # seconds


def _key(request_id: str) -> str:
    return f"emojich:stickers:{request_id}"


def save_stickers(connection: redis.Redis, request_id: str, stickers: list[bytes]) -> None:
    """Keep the WebP files of a request's candidates, in the order of their numbers."""
    with connection.pipeline() as pipe:
        pipe.delete(_key(request_id))
        pipe.rpush(_key(request_id), *stickers)
        pipe.expire(_key(request_id), RESULT_TTL)
        pipe.execute()


def load_stickers(connection: redis.Redis, request_id: str) -> list[bytes]:
    """The WebP files of a request's candidates; empty once they have expired."""
    return connection.lrange(_key(request_id), 0, -1)  # type: ignore[return-value]
