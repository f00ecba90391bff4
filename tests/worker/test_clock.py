"""The clock of a machine, beside that of a real Redis."""

import time

import pytest
import redis

from emojich_core.errors import SetupError
from worker.jobs.health import check_clock


def test_the_same_time(connection: redis.Redis) -> None:
    check_clock(connection)


@pytest.mark.parametrize("ahead", [-60, 60])
def test_another_time_says_how_far_it_is_off(connection: redis.Redis, ahead: int) -> None:
    with pytest.raises(SetupError, match=r"differ by (60|59|61) s"):
        check_clock(connection, lambda: time.time() + ahead)
