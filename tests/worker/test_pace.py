"""The measured speed."""

import pytest
import redis

from worker.pace import report_pace, seconds_per_image


def test_the_average_moves_towards_what_is_measured(connection: redis.Redis) -> None:
    assert seconds_per_image(connection) is None
    report_pace(connection, seconds=8, images=4)
    assert seconds_per_image(connection) == 2
    report_pace(connection, seconds=7, images=1)
    assert seconds_per_image(connection) == pytest.approx(3)
    for _ in range(50):
        report_pace(connection, seconds=1, images=2)
    assert seconds_per_image(connection) == pytest.approx(0.5, abs=0.01)
