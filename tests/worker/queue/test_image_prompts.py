"""Pictures in Redis that requests begin with."""

import redis

from worker.queue.image_prompts import IMAGE_TTL, forget, keep_image, load_image, save_image
from worker.queue.requests import JOB_TIMEOUT, JOB_TTL


def test_picture_lives_as_long_as_its_request_may_wait(connection: redis.Redis) -> None:
    assert IMAGE_TTL >= JOB_TTL + JOB_TIMEOUT
    assert load_image(connection, "7_1") == b""
    assert not keep_image(connection, "7_1")
    save_image(connection, "7_1", b"picture")
    [key] = connection.keys("*")  # type: ignore[misc]
    connection.expire(key, 10)
    assert load_image(connection, "7_1") == b"picture"
    assert keep_image(connection, "7_1")
    assert IMAGE_TTL - 5 < connection.ttl(key) <= IMAGE_TTL  # type: ignore[operator]


def test_pictures_of_one_user_are_forgotten(connection: redis.Redis) -> None:
    for image_id in ("7_1", "7_u2", "77_1"):
        save_image(connection, image_id, b"picture")
    forget(connection, 7)
    kept = [load_image(connection, each) for each in ("7_1", "7_u2", "77_1")]
    assert kept == [b"", b"", b"picture"]
