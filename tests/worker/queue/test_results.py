"""Stickers in Redis."""

from typing import Any

import redis

from worker.queue.results import RESULT_TTL, Sticker, load_codes, load_stickers, save_stickers


def test_stickers_expire_in_redis(connection: redis.Redis) -> None:
    assert load_stickers(connection, "1") == []
    save_stickers(connection, "1", [Sticker(b"one", (1,)), Sticker(b"two", (2,))])
    save_stickers(connection, "1", [Sticker(b"three", (3, 4)), Sticker(b"four", (5,))])
    assert load_stickers(connection, "1") == [b"three", b"four"]
    assert [load_codes(connection, "1", number) for number in range(3)] == [(3, 4), (5,), ()]
    keys: Any = connection.keys("*")
    assert len(keys) == 2
    assert all(0 < connection.ttl(key) <= RESULT_TTL for key in keys)
