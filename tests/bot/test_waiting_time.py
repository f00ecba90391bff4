"""The waiting time that the bot tells a user."""

from dataclasses import replace

import pytest
import redis

from bot.requests.queue_position import queue_position, roughly
from bot.requests.record import Queued, Record
from emojich_core.request import Request
from tests.bot.conftest import NewUser
from tests.bot.harness import Worker
from worker.queue.request_ids import RequestId
from worker.queue.stats import CROWDED_PACE, PACE, report_pace

pytestmark = pytest.mark.usefixtures("bot", "at_work")


@pytest.mark.parametrize(
    ("seconds", "said"), [(0.1, 5), (11, 15), (60, 60), (61, 120), (121, 180), (7000, 7020)]
)
def test_waiting_time_is_rounded(seconds: float, said: int) -> None:
    assert roughly(seconds) == said


def test_estimate_uses_the_measured_speed(
    new_user: NewUser, worker: Worker, connection: redis.Redis
) -> None:
    connection.delete(PACE, CROWDED_PACE)
    first, second, third = new_user(), new_user(), new_user("en")
    first.say("кот")
    assert "примерно" not in first.sees("Вы следующий")["text"]  # nothing has been measured
    report_pace(connection, seconds=40, images=4, crowded=True)
    first.sees("Будет готово примерно через 40 с")
    second.say("кот")
    second.sees("Вы 2-й", "через 2 минуты")
    third.say("кот")
    third.sees("number 3", "in about 2 minutes")
    worker.finish(worker.take())
    second.sees("Вы следующий", "через 40 с")
    connection.delete(PACE, CROWDED_PACE)


def test_estimate_counts_the_candidates_that_a_judge_leaves_out(
    worker: Worker, connection: redis.Redis
) -> None:
    connection.delete(PACE, CROWDED_PACE)
    report_pace(connection, seconds=32, images=16, crowded=True)
    record = Record(RequestId("1_1"), 1, 1, "кот", "ru", wanted=4)
    worker.queue.enqueue(Request(record.id, record.prompt), 1)
    assert queue_position(worker.queue, record, 1) == Queued(1, roughly(8))
    assert queue_position(worker.queue, replace(record, longer=True), 1) == Queued(1, roughly(32))
    worker.take()
    worker.queue.enqueue(Request("1_2", record.prompt), 1)
    worker.queue.enqueue(Request("1_3", record.prompt), 1)
    behind = replace(record, id=RequestId("1_3"), longer=True)
    assert queue_position(worker.queue, behind, 2) == Queued(2, roughly(8 + 32))
    worker.lose(Request("1_1", record.prompt))
    connection.delete(PACE, CROWDED_PACE)
