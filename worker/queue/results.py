"""Finished stickers in Redis for a day: users choose among them, or request similar ones."""

import json
import logging
from dataclasses import dataclass
from typing import Any

import redis

from worker.queue.connection import delete_matching
from worker.queue.decoding import from_json
from worker.queue.request_ids import ids_of_user

RESULT_TTL = 24 * 3600  # seconds

log = logging.getLogger("emojich.results")


@dataclass(frozen=True)
class Sticker:
    """A candidate's picture."""

    file: bytes  # WebP
    codes: tuple[int, ...]  # of its image


def save_stickers(connection: redis.Redis, request_id: str, stickers: list[Sticker]) -> None:
    """Store the stickers of a request's candidates, in the order of their numbers."""
    files, codes = _files_key(request_id), _codes_key(request_id)
    with connection.pipeline() as pipe:
        pipe.delete(files, codes)
        pipe.rpush(files, *[sticker.file for sticker in stickers])
        pipe.rpush(codes, *[json.dumps(sticker.codes) for sticker in stickers])
        for key in (files, codes):
            pipe.expire(key, RESULT_TTL)
        pipe.execute()


def load_stickers(connection: redis.Redis, request_id: str) -> list[bytes]:
    """The WebP files of a request's candidates; empty once they have expired."""
    return connection.lrange(_files_key(request_id), 0, -1)  # type: ignore[return-value]


def load_codes(connection: redis.Redis, request_id: str, number: int) -> tuple[int, ...]:
    """The codes of a candidate; empty once they have expired."""
    codes: Any = connection.lindex(_codes_key(request_id), number)
    try:
        return () if codes is None else from_json(tuple[int, ...], codes)
    except ValueError:
        log.warning("%s: a value of another shape is left out", _codes_key(request_id))
        return ()


def forget(connection: redis.Redis, user_id: int) -> None:
    """Delete the stickers of all of a user's requests."""
    ids = ids_of_user(user_id)
    delete_matching(connection, _files_key(ids), _codes_key(ids))


def _files_key(request_id: str) -> str:
    return f"emojich:stickers:{request_id}"


def _codes_key(request_id: str) -> str:
    return f"emojich:codes:{request_id}"
