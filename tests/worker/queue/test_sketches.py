"""Sketches in Redis: one for each request, until the request ends."""

from typing import Any

import pytest
import redis

from emojich_core.request import Candidate
from tests.worker.harness import USER, OpenQueue, request
from worker.queue.events import Failed, Finished, Progress, end_silently, publish
from worker.queue.sketches import SKETCH_TTL, forget, load_sketch, save_sketch


def test_only_the_newest_sketch_is_kept_and_it_expires(connection: redis.Redis) -> None:
    for picture in (b"one", b"two", b"three"):
        save_sketch(connection, "7_1", picture)
        publish(connection, Progress("7_1", 0.5, 1))
    assert load_sketch(connection, "7_1") == b"three"
    keys: Any = connection.keys("*sketch*")
    assert len(keys) == 1
    assert 0 < connection.ttl(keys[0]) <= SKETCH_TTL


@pytest.mark.parametrize(
    "end", [Finished("7_1", (Candidate(0, 1, 1.0, "unet"),)), Failed("7_1", "failed"), None]
)
def test_end_of_a_request_deletes_its_sketch(
    connection: redis.Redis, end: Finished | Failed | None
) -> None:
    for request_id in ("7_1", "7_2"):
        save_sketch(connection, request_id, b"sketch")
    if end:
        publish(connection, end)
    else:
        end_silently(connection, "7_1")
    assert load_sketch(connection, "7_1") == b""
    assert load_sketch(connection, "7_2") == b"sketch"
    save_sketch(connection, "7_1", b"late")  # its job process has yet to be killed
    assert load_sketch(connection, "7_1") == b""


def test_cancelling_deletes_the_sketch(requests: OpenQueue) -> None:
    requests.enqueue(request("7_1"), USER)
    save_sketch(requests.connection, "7_1", b"sketch")
    assert requests.cancel("7_1")
    assert load_sketch(requests.connection, "7_1") == b""


def test_user_is_forgotten_with_all_sketches(connection: redis.Redis) -> None:
    for request_id in ("7_1", "7_2", "77_1"):
        save_sketch(connection, request_id, b"sketch")
    forget(connection, 7)
    assert connection.keys("*sketch*") == [b"emojich:sketch:77_1"]
