"""What the bot leaves in Redis goes by itself, or is bounded."""

import pytest
import redis

from tests.bot.harness import User, Worker
from tests.bot.test_forget import live
from tests.keys import check_keys

pytestmark = pytest.mark.usefixtures("bot")


def test_the_table_tells_of_all(user: User, worker: Worker, connection: redis.Redis) -> None:
    live(user, worker)
    worker.fail(worker.take(), "memory")
    user.sees("«сова»")
    connection.sadd("emojich:banned", 13)
    check_keys(connection)
