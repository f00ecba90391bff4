"""Every key of the bot in Redis expires or is bounded."""

import pytest
import redis

from tests.bot.harness import User, Worker
from tests.bot.test_forget import live
from tests.keys import check_keys

pytestmark = pytest.mark.usefixtures("bot")


def test_operations_table_lists_every_key_of_the_bot(
    user: User, worker: Worker, connection: redis.Redis
) -> None:
    live(user, worker)
    worker.fail(worker.take(), "memory")
    user.sees("«сова»")
    connection.sadd("emojich:banned", 13)
    connection.hset("emojich:banned:reasons", "13", "спам")
    connection.hset("emojich:admins", "14", "ru")
    connection.hset("emojich:digest:2026-01-31", "14", "1")
    connection.expire("emojich:digest:2026-01-31", 2 * 24 * 3600)
    check_keys(connection)
