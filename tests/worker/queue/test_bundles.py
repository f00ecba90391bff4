"""Each bundle has a queue of its own; requests that name no bundle go to the default one."""

import time
from dataclasses import replace

import pytest
import redis
from rq.intermediate_queue import IntermediateQueue

from emojich_core.request import Request
from tests.worker.harness import USER, OpenQueue, request, wait_until
from worker.jobs import rq_worker
from worker.jobs.rq_worker import Worker
from worker.queue.bundles import FIELD, ServedBundle, in_order
from worker.queue.request_job import RequestJob, queue_name, rq_queue
from worker.queue.requests import RequestQueue
from worker.queue.stats import report_pace, seconds_per_image, seconds_per_image_when_crowded

CAT, DOG = ServedBundle("cat", 0, {"ru": "Кошачий", "en": "Feline"}), ServedBundle("dog", 1)


def register(connection: redis.Redis, serves: ServedBundle | None) -> Worker:
    worker = Worker(connection, serves=serves)
    worker.register_birth()
    return worker


def of(model: str, name: str = "1") -> Request:
    return replace(request(name), model=model)


@pytest.fixture(autouse=True)
def all_heartbeats_count(monkeypatch: pytest.MonkeyPatch) -> None:
    """Here heartbeats that are seconds apart in reality come at once."""
    monkeypatch.setattr(rq_worker, "MIN_HEARTBEAT", 0)
    monkeypatch.setattr(rq_worker, "REGISTRATION_INTERVAL", 0)


def take(worker: Worker) -> str | None:
    """The id of the job that a worker would take now."""
    queues = worker._queues_to_take_from()
    taken = worker.queue_class.dequeue_any(queues, None, worker.connection, RequestJob)
    if taken is None:
        return None
    job, queue = taken
    worker.reorder_queues(queue)
    return job.id


def test_request_that_names_no_bundle_is_stored_as_before() -> None:
    assert "model" not in request().to_json()
    assert Request.from_json(of("cat").to_json()) == of("cat")


@pytest.mark.parametrize("name", ["cat", "мой стиль", "a:b/c,d", "intermediate", "*"])
def test_queue_of_a_bundle_has_a_name_that_is_no_other_key(
    connection: redis.Redis, requests: OpenQueue, name: str
) -> None:
    assert queue_name() == "emojich"
    requests.enqueue(of(name), USER)
    queue = rq_queue(connection, name)
    assert ":" not in queue.name
    assert queue.job_ids == ["1"]
    assert requests.bundles_with_queues() == [name]
    worker = register(connection, ServedBundle(name))
    assert requests.served() == [ServedBundle(name)]
    assert take(worker) == "1"


def test_workers_say_which_bundles_they_serve(connection: redis.Redis, requests: OpenQueue) -> None:
    assert requests.served() == []
    register(connection, DOG)
    register(connection, CAT)
    register(connection, None)  # of an older version
    assert requests.served() == [CAT, DOG]
    assert (CAT.label("ru"), CAT.label("en"), DOG.label("ru")) == ("Кошачий", "Feline", "dog")
    assert requests.count_workers() == 3


def test_lowest_rank_of_a_bundle_and_then_its_name_decide_the_default() -> None:
    late_cat = replace(CAT, rank=2)
    assert in_order([late_cat, DOG, None, CAT]) == [CAT, DOG]
    assert in_order([DOG, late_cat]) == [DOG, late_cat]
    assert in_order([replace(DOG, rank=0), CAT]) == [CAT, replace(DOG, rank=0)]


def test_heartbeat_says_again_what_is_served(connection: redis.Redis, requests: OpenQueue) -> None:
    worker = register(connection, CAT)
    connection.delete(worker.key)  # it has expired while Redis was away
    assert RequestQueue(connection).served() == []
    worker.heartbeat()
    assert requests.served() == [CAT]
    worker.register_death()
    assert RequestQueue(connection).served() == []


@pytest.mark.parametrize(
    "text", ["", "[]", "{}", '{"name": 7}', '{"name": "x", "title": "y"}', b"\xff"]
)
def test_unreadable_description_counts_as_none(
    connection: redis.Redis, requests: OpenQueue, text: str | bytes
) -> None:
    worker = register(connection, CAT)
    connection.hset(worker.key, FIELD, text)
    assert requests.served() == []
    assert requests.count_workers() == 1


def test_bundles_are_remembered_while_no_worker_is_seen(
    connection: redis.Redis, requests: OpenQueue
) -> None:
    worker = register(connection, CAT)
    assert requests.served() == [CAT]
    worker.register_death()
    assert requests.served() == [CAT]
    register(connection, DOG)
    assert requests.served() == [DOG]


def test_bundles_of_idle_workers_are_remembered_in_a_pause(
    connection: redis.Redis, requests: OpenQueue
) -> None:
    cat, dog = register(connection, CAT), register(connection, DOG)
    assert requests.served() == [CAT, DOG]
    requests.pause()
    connection.delete(cat.key)  # it waits, and its key has expired; the other one still draws
    assert requests.served() == [CAT, DOG]
    connection.delete(dog.key)
    assert requests.served() == [CAT, DOG]
    requests.resume()
    dog.heartbeat()
    assert requests.served() == [DOG]


def test_worker_takes_requests_for_its_own_bundle_only(
    connection: redis.Redis, requests: OpenQueue
) -> None:
    cat, dog = register(connection, CAT), register(connection, DOG)
    requests.enqueue(of("dog", "d"), USER)
    requests.enqueue(of("cat", "c"), USER)
    requests.enqueue(of("nobody", "n"), USER)
    assert take(cat) == "c"
    assert take(cat) is None
    assert take(dog) == "d"
    assert take(dog) is None
    assert requests.place("n", "nobody") == 1


def test_default_bundle_takes_requests_that_name_none(
    connection: redis.Redis, requests: OpenQueue, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Those that a bot of an older version has queued are among them."""
    cat, dog = register(connection, CAT), register(connection, DOG)
    requests.enqueue(request("1"), USER)
    requests.enqueue(request("2"), USER)
    assert take(dog) is None
    assert take(cat) == "1"
    cat.register_death()
    assert take(dog) is None  # it may come back
    monkeypatch.setattr(rq_worker, "ABSENCE", 0)
    assert take(dog) == "2"


def test_after_a_pause_the_default_bundle_may_be_late(
    connection: redis.Redis, requests: OpenQueue, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rq_worker, "ABSENCE", 0.3)
    cat, dog = register(connection, CAT), register(connection, DOG)
    assert take(dog) is None
    requests.pause()
    connection.delete(cat.key, dog.key)  # they expire
    requests.enqueue(request("1"), USER)
    time.sleep(0.4)
    requests.resume()
    dog.heartbeat()
    assert take(dog) is None
    assert take(register(connection, DOG)) is None  # nor does a new one know better
    cat.heartbeat()
    assert take(cat) == "1"  # the first bundle need not wait
    dog.heartbeat()  # it sees the other bundle
    cat.register_death()
    requests.enqueue(request("2"), USER)
    assert take(dog) is None

    def takes_after_heartbeats() -> bool:
        """A heartbeat is a look, too; on a busy machine there may be too long between two."""
        wait_until(lambda: dog.heartbeat() or time.monotonic() - dog._default_seen > 0.3)
        return take(dog) == "2"

    wait_until(takes_after_heartbeats)


def test_worker_of_two_queues_alternates(connection: redis.Redis, requests: OpenQueue) -> None:
    cat = register(connection, CAT)
    for name in "12":
        requests.enqueue(request(name), USER)
        requests.enqueue(of("cat", f"c{name}"), USER)
    assert [take(cat) for _ in range(4)] == ["c1", "1", "c2", "2"]


def test_waiting_worker_of_two_queues_finds_a_job_in_either(
    connection: redis.Redis, requests: OpenQueue
) -> None:
    cat = register(connection, CAT)
    for own in (True, False):
        name = "own" if own else "any"
        requests.enqueue(of("cat" if own else "", name), USER)
        taken = cat.dequeue_job_and_maintain_ttl(1)
        assert taken
        assert taken[0].id == name
        # Recorded elsewhere until the job has begun: a worker that dies now loses nothing.
        assert IntermediateQueue(taken[1].key, connection).get_job_ids() == [name]


def test_places_and_limits_are_those_of_one_bundle(requests: OpenQueue) -> None:
    assert requests.enqueue(of("cat", "1"), USER, limit=1)
    assert not requests.enqueue(of("cat", "2"), USER, limit=1)
    assert requests.enqueue(of("dog", "3"), USER, limit=1)
    assert requests.enqueue(request("4"), USER, limit=1)
    assert [requests.place("3", "dog"), requests.place("3"), requests.place("4")] == [1, None, 1]
    assert (requests.count_waiting("cat"), requests.count_waiting()) == (1, 3)


def test_request_of_a_bundle_is_cancelled(requests: OpenQueue) -> None:
    requests.enqueue(of("cat"), USER)
    assert requests.cancel("1")
    assert requests.job("1") is None
    assert requests.count_waiting() == 0


def test_cancelled_request_whose_job_has_expired_leaves_its_queue(
    connection: redis.Redis, requests: OpenQueue
) -> None:
    requests.enqueue(of("retired"), USER)
    connection.delete("rq:job:1")
    assert requests.cancel("1")
    assert requests.count_waiting() == 0


def test_load_is_that_of_the_workers_of_a_bundle(
    connection: redis.Redis, requests: OpenQueue
) -> None:
    cats = [register(connection, CAT) for _ in range(2)]
    register(connection, DOG)
    requests.enqueue(request("1"), USER)
    requests.enqueue(of("cat", "2"), USER)
    for cat in cats:
        job = RequestJob.fetch(str(take(cat)), connection)
        cat.prepare_execution(job)
    assert [requests.load(name).workers for name in ("", "cat", "dog", "nobody")] == [2, 2, 1, 0]
    assert [requests.load(name).started for name in ("", "cat", "dog")] == [2, 2, 0]
    assert [requests.load(name).is_full for name in ("", "cat", "dog")] == [True, True, False]
    assert requests.count_started() == 2


def test_job_in_the_queue_of_another_bundle_is_thrown_away(
    connection: redis.Redis, requests: OpenQueue
) -> None:
    requests.enqueue(of("cat"), USER)
    connection.rename(rq_queue(connection, "cat").key, rq_queue(connection, "dog").key)
    connection.hset("rq:job:1", "origin", queue_name("dog"))
    assert take(register(connection, DOG)) is None
    assert not connection.exists("rq:job:1")


def test_pace_is_measured_for_each_bundle(connection: redis.Redis, requests: OpenQueue) -> None:
    assert seconds_per_image_when_crowded(connection, "cat") is None
    report_pace(connection, 8, images=4, crowded=True, model="cat")
    assert seconds_per_image(connection, "dog") is None
    assert seconds_per_image_when_crowded(connection, "dog") == 2  # until it has drawn one
    report_pace(connection, 40, images=4, crowded=False, model="dog")
    assert seconds_per_image_when_crowded(connection, "dog") == 10
    assert seconds_per_image_when_crowded(connection, "cat") == 2
    register(connection, DOG)
    assert requests.seconds_per_image_when_crowded() == 10


def test_bundle_draws_longer_where_its_slowest_engine_is_fast_enough(
    connection: redis.Redis, requests: OpenQueue
) -> None:
    fast, slow = replace(CAT, judged_per_minute=500.0), replace(CAT, judged_per_minute=5.0)
    register(connection, fast)
    assert [bundle.draws_longer for bundle in requests.served()] == [True]
    worker = register(connection, slow)
    register(connection, replace(DOG, judged_per_minute=500.0))
    assert [bundle.draws_longer for bundle in requests.served()] == [False, True]
    worker.register_death()
    # A version that does not know longer drawing has written its description without a speed.
    connection.hset(register(connection, None).key, FIELD, '{"name": "cat"}')
    assert [bundle.draws_longer for bundle in requests.served()] == [False, True]


def test_request_that_is_drawn_as_usual_is_stored_as_before() -> None:
    assert "longer" not in request().to_json()
    longer = replace(request(), longer=True)
    assert Request.from_json(longer.to_json()) == longer
