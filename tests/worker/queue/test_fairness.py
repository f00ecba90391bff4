"""Whose turn it is: a user with many requests and others with few."""

import rq
from rq.serializers import JSONSerializer

from tests.worker.harness import OpenQueue, request
from worker.queue.fairness import give_turn

ANNA, BORIS, VERA = 2**52 - 1, 2**52 - 2, 3  # ids have up to 52 bits


def ask(requests: OpenQueue, user_id: int, *names: str) -> None:
    for name in names:
        requests.enqueue(request(name), user_id)


def begin(requests: OpenQueue) -> str:
    """Take the next job, as a worker does; its id."""
    worker = rq.Worker([requests.rq], serializer=JSONSerializer)
    result = worker.dequeue_job_and_maintain_ttl(timeout=1, max_idle_time=1)
    assert result
    worker.prepare_execution(result[0])
    return result[0].id


def test_one_with_a_single_request_does_not_wait_for_anothers_many(requests: OpenQueue) -> None:
    ask(requests, ANNA, "a1", "a2", "a3")
    ask(requests, BORIS, "b1")
    assert requests.rq.job_ids == ["a1", "b1", "a2", "a3"]


def test_what_is_being_drawn_counts(requests: OpenQueue) -> None:
    ask(requests, ANNA, "a1", "a2", "a3")
    assert begin(requests) == "a1"
    ask(requests, BORIS, "b1", "b2")
    ask(requests, VERA, "v1")
    assert requests.rq.job_ids == ["b1", "v1", "a2", "b2", "a3"]


def test_nobody_is_overtaken_for_ever(requests: OpenQueue) -> None:
    ask(requests, ANNA, "a1", "a2")
    for newcomer in range(10, 20):
        ask(requests, newcomer, f"n{newcomer}")
    assert requests.rq.job_ids.index("a2") == 11
    requests.cancel("a1")  # as good as drawn: a2 is her first now
    ask(requests, BORIS, "b1")
    assert requests.rq.job_ids[-2:] == ["a2", "b1"]


def test_ones_own_requests_stay_in_their_order(requests: OpenQueue) -> None:
    ask(requests, ANNA, "a1", "a2", "a3")
    ask(requests, BORIS, "b1", "b2", "b3")
    ask(requests, ANNA, "a4")
    assert requests.rq.job_ids == ["a1", "b1", "a2", "b2", "a3", "b3", "a4"]


def test_the_turn_can_be_given_twice_or_too_late(requests: OpenQueue) -> None:
    ask(requests, ANNA, "a1", "a2")
    ask(requests, BORIS, "b1")
    for name in ("a1", "a2", "b1"):
        give_turn(requests.rq, requests.connection, name)
    assert requests.rq.job_ids == ["a1", "b1", "a2"]
    assert begin(requests) == "a1"
    give_turn(requests.rq, requests.connection, "a1")
    assert requests.rq.job_ids == ["b1", "a2"]


def test_a_job_without_a_user_is_nobodys(requests: OpenQueue) -> None:
    requests.rq.enqueue("worker.jobs.job.draw", job_id="old")  # of an older version of the bot
    ask(requests, ANNA, "a1")
    assert requests.rq.job_ids == ["old", "a1"]
