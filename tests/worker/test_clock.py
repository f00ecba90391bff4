"""The clock of a machine is compared with that of a real Redis."""

import time

import pytest
import redis

from emojich_core.errors import SetupError
from worker.jobs.health import check_clock


def test_clock_equal_to_that_of_redis_is_accepted(connection: redis.Redis) -> None:
    check_clock(connection)


@pytest.mark.parametrize("ahead", [-60, 60])
def test_clock_a_minute_off_is_refused(connection: redis.Redis, ahead: int) -> None:
    with pytest.raises(SetupError, match=r"differ by (60|59|61) s"):
        check_clock(connection, lambda: time.time() + ahead)
