"""The order of requests of a user with many and of users with few."""

import rq
from rq.serializers import JSONSerializer

from tests.worker.harness import OpenQueue, request
from worker.queue.fairness import move_to_turn

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


def test_user_with_one_request_goes_before_a_second_request_of_another(requests: OpenQueue) -> None:
    ask(requests, ANNA, "a1", "a2", "a3")
    ask(requests, BORIS, "b1")
    assert requests.rq.job_ids == ["a1", "b1", "a2", "a3"]


def test_running_request_counts_towards_the_order(requests: OpenQueue) -> None:
    ask(requests, ANNA, "a1", "a2", "a3")
    assert begin(requests) == "a1"
    ask(requests, BORIS, "b1", "b2")
    ask(requests, VERA, "v1")
    assert requests.rq.job_ids == ["b1", "v1", "a2", "b2", "a3"]


def test_request_is_not_overtaken_forever(requests: OpenQueue) -> None:
    ask(requests, ANNA, "a1", "a2")
    for newcomer in range(10, 20):
        ask(requests, newcomer, f"n{newcomer}")
    assert requests.rq.job_ids.index("a2") == 11
    requests.cancel("a1")  # like a finished one: a2 is now the first of Anna
    ask(requests, BORIS, "b1")
    assert requests.rq.job_ids[-2:] == ["a2", "b1"]


def test_requests_of_one_user_keep_their_order(requests: OpenQueue) -> None:
    ask(requests, ANNA, "a1", "a2", "a3")
    ask(requests, BORIS, "b1", "b2", "b3")
    ask(requests, ANNA, "a4")
    assert requests.rq.job_ids == ["a1", "b1", "a2", "b2", "a3", "b3", "a4"]


def test_ordering_twice_or_after_the_start_changes_nothing(requests: OpenQueue) -> None:
    ask(requests, ANNA, "a1", "a2")
    ask(requests, BORIS, "b1")
    for name in ("a1", "a2", "b1"):
        move_to_turn(requests.rq, requests.connection, name)
    assert requests.rq.job_ids == ["a1", "b1", "a2"]
    assert begin(requests) == "a1"
    move_to_turn(requests.rq, requests.connection, "a1")
    assert requests.rq.job_ids == ["b1", "a2"]


def test_job_without_a_user_keeps_its_place(requests: OpenQueue) -> None:
    requests.rq.enqueue("worker.jobs.job.draw", job_id="old")  # of an older version of the bot
    ask(requests, ANNA, "a1")
    assert requests.rq.job_ids == ["old", "a1"]
