"""The measured speed."""

import pytest
import redis

from worker.queue import stats
from worker.queue.stats import report_pace, seconds_per_image, seconds_per_image_when_crowded


def test_average_speed_follows_the_measurements(connection: redis.Redis) -> None:
    assert seconds_per_image(connection) is None
    report_pace(connection, seconds=8, images=4, crowded=False)
    assert seconds_per_image(connection) == 2
    report_pace(connection, seconds=7, images=1, crowded=False)
    assert seconds_per_image(connection) == pytest.approx(3)
    for _ in range(50):
        report_pace(connection, seconds=1, images=2, crowded=False)
    assert seconds_per_image(connection) == pytest.approx(0.5, abs=0.01)


def test_waiting_time_in_the_queue_uses_the_speed_under_load(connection: redis.Redis) -> None:
    report_pace(connection, seconds=2, images=2, crowded=False)
    assert seconds_per_image_when_crowded(connection) == 1
    report_pace(connection, seconds=8, images=2, crowded=True)
    assert seconds_per_image_when_crowded(connection) == 4
    report_pace(connection, seconds=2, images=2, crowded=False)
    assert seconds_per_image_when_crowded(connection) == 4
    assert seconds_per_image(connection) == pytest.approx(1.48)


def test_count_that_no_redis_can_have_counted_is_left_out(connection: redis.Redis) -> None:
    """Python refuses to read a number of that many digits: no digest would be sent."""
    connection.hset(stats.counts_key(), mapping={"finished": 2, "failed": "9" * 5000})
    assert stats.counts_today(connection) == {"finished": 2}
