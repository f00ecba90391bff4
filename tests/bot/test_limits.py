"""Limits for a user's requests, and the order of users in the queue."""

import re
from collections.abc import Iterator
from itertools import count

import pytest
import redis

from bot.requests.limits import DAY, Limits
from tests.bot.conftest import NewUser
from tests.bot.harness import RunningBot, Sandbox, User, Worker, text_of, wait_for
from worker.queue.connection import connect

LIMITS = Limits(active=10, per_minute=4, per_day=6, queue=12)


@pytest.fixture(scope="module", autouse=True)
def strict_bot(sandbox: Sandbox, server: str) -> Iterator[None]:
    bot = RunningBot(f"{sandbox.url}/bot", server, limits=LIMITS)
    yield
    bot.stop()


@pytest.fixture(autouse=True)
def room(server: str) -> Iterator[None]:
    """Nobody waits for anything."""
    yield
    with connect(server) as connection:
        connection.delete("emojich:open", "rq:queue:emojich")


numbers = count(1)


def ask(user: User, requests: int) -> None:
    for _ in range(requests):
        prompt = f"кот {next(numbers)}"
        user.say(prompt)
        user.sees(f"«{prompt}»")


def let_pass(connection: redis.Redis, user: User, seconds: float) -> None:
    """As if the user had asked so much earlier."""
    key = f"emojich:asked:{user.id}"
    for member in connection.zrange(key, 0, -1):
        connection.zincrby(key, -seconds, member)


def test_user_over_the_minute_limit_is_told_when_to_retry(
    user: User, connection: redis.Redis
) -> None:
    ask(user, LIMITS.per_minute)
    user.say("ещё кот")
    user.sees("не больше 4 запросов в минуту")
    said = re.search(r"Следующий приму через (\d+) с", user.sees("Следующий приму через")["text"])
    assert said
    assert 0 < int(said[1]) <= 60
    let_pass(connection, user, 60)
    user.say("ещё кот 2")
    user.sees("«ещё кот 2»")


def test_user_over_the_day_limit_is_told_when_to_retry(
    new_user: NewUser, connection: redis.Redis
) -> None:
    user = new_user("en")
    ask(user, 3)
    let_pass(connection, user, 100)
    ask(user, 3)
    let_pass(connection, user, DAY - 3600 - 100)
    user.say("ещё кот")
    user.sees("I take 6 requests of yours a day", "in about 1 hour.")
    let_pass(connection, user, 3650)
    ask(user, 3)  # the first three are older than a day
    user.say("ещё кот")
    user.sees("a day", "in about 1 hour.")


def test_forget_does_not_reset_the_minute_limit(user: User, worker: Worker) -> None:
    ask(user, LIMITS.per_minute)
    user.say("/forget")
    user.sees("Забыть всё")
    user.press("Забыть, наборы")
    user.sees("только счётчик запросов")
    assert worker.queue.count_waiting() == 0
    user.say("ещё кот")
    user.sees("не больше 4 запросов в минуту")


def test_refused_request_does_not_count_towards_a_limit(
    user: User, connection: redis.Redis
) -> None:
    ask(user, LIMITS.per_minute)
    for _ in range(3):
        user.say("ещё кот")
    wait_for(lambda: len([m for m in user.messages() if "в минуту" in text_of(m)]) == 3)
    assert connection.zcard(f"emojich:asked:{user.id}") == LIMITS.per_minute
    assert 0 < connection.ttl(f"emojich:asked:{user.id}") <= DAY


def test_request_over_the_queue_limit_is_refused(new_user: NewUser, worker: Worker) -> None:
    for _ in range(3):
        ask(new_user(), 4)
    late = new_user()
    late.say("пёс")
    late.sees("Очередь заполнена: ждут 12 запросов")
    assert worker.queue.count_waiting() == LIMITS.queue
    worker.finish(worker.take())
    ask(late, 1)


def test_one_user_cannot_starve_another(new_user: NewUser, worker: Worker) -> None:
    greedy, modest = new_user(), new_user()
    ask(greedy, 4)
    modest.say("пёс")
    modest.sees("«пёс»")
    assert [worker.take().prompt == "пёс" for _ in range(5)] == [False, True, False, False, False]
