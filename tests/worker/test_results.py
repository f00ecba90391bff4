"""Stickers in Redis."""

import redis

from worker.results import RESULT_TTL, load_stickers, save_stickers


def test_stickers_are_kept_for_a_while(connection: redis.Redis) -> None:
    assert load_stickers(connection, "1") == []
    save_stickers(connection, "1", [b"one", b"two"])
    save_stickers(connection, "1", [b"three", b"four"])
    assert load_stickers(connection, "1") == [b"three", b"four"]
    [key] = connection.keys("*")
    assert 0 < connection.ttl(key) <= RESULT_TTL
