"""Real workers with several bundles on one Redis."""

import os
import shutil
import signal
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import redis

from tests.keys import check_keys
from tests.worker.harness import (
    USER,
    OpenQueue,
    Server,
    Worker,
    children,
    end_of,
    processes,
    request,
    wait_until,
)
from worker.queue.events import Finished
from worker.queue.results import load_codes


@pytest.fixture(scope="module")
def other_bundle(tiny_bundle: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The tiny bundle with another name and another transformer."""
    from emojich_core.bundles.bundle import derive_bundle, load_bundle

    base, path = load_bundle(str(tiny_bundle)), tmp_path_factory.mktemp("bundles") / "other"
    weights = {name: tensor.flip(0) for name, tensor in base.weights("transformer").items()}
    derive_bundle(base, path, weights, "a test")
    return path


@pytest.fixture
def start(
    server: Server, connection: redis.Redis, tmp_path: Path
) -> Iterator[Callable[[Path], Worker]]:
    """A function that starts a worker for a bundle."""
    running: list[Worker] = []

    def start(bundle: Path) -> Worker:
        running.append(Worker(server.url, bundle, tmp_path / bundle.name))
        return running[-1]

    yield start
    for worker in running:
        worker.stop()


def assert_drawn_by(requests: OpenQueue, name: str, model: str) -> None:
    wait_until(lambda: end_of(requests.connection, name))
    end = end_of(requests.connection, name)
    assert isinstance(end, Finished)
    assert end.model == model


def test_each_request_is_drawn_by_the_bundle_that_it_names(
    start: Callable[[Path], Worker],
    requests: OpenQueue,
    connection: redis.Redis,
    tiny_bundle: Path,
    other_bundle: Path,
) -> None:
    start(tiny_bundle)
    requests.enqueue(replace(request("1001_1"), model="other"), USER)
    requests.enqueue(request("1001_2"), USER)
    assert_drawn_by(requests, "1001_2", "tiny")  # the default
    assert requests.place("1001_1", "other") == 1
    assert requests.load("other").workers == 0

    other = start(other_bundle)
    assert_drawn_by(requests, "1001_1", "other")
    assert [bundle.name for bundle in requests.served()] == ["other", "tiny"]
    requests.enqueue(replace(request("1001_3"), model="tiny"), USER)
    requests.enqueue(request("1001_4"), USER)
    assert_drawn_by(requests, "1001_3", "tiny")
    assert_drawn_by(requests, "1001_4", "other")  # the default from now on
    codes = [load_codes(connection, f"1001_{number}", 0) for number in (3, 1, 4)]
    assert codes[0] != codes[1] == codes[2]
    # RQ lets the keys of a job expire a moment after its last event.
    wait_until(lambda: all(connection.ttl(f"rq:job:1001_{number}") >= 0 for number in (1, 3, 4)))
    check_keys(connection)

    other.stop()
    requests.enqueue(replace(request("1001_5"), model="other"), USER)
    requests.enqueue(request("1001_6"), USER)
    assert_drawn_by(requests, "1001_6", "tiny")
    assert requests.place("1001_5", "other") == 1
    assert requests.load("other").workers == 0


def engines(worker: Worker, bundle: str) -> list[int]:
    """The engines of a bundle on the CPU."""
    return children(worker.process.pid, lambda command: command.endswith(f"--name {bundle} on cpu"))


def shares(worker: Worker, bundle: str) -> list[str]:
    """Among how many engines the memory is divided, by the command of a bundle's engine."""
    commands = [processes()[pid][1] for pid in engines(worker, bundle)]
    return [command.split("--share ")[1].split()[0] for command in commands]


def test_one_worker_serves_the_pairs_that_start(
    server: Server,
    connection: redis.Redis,
    requests: OpenQueue,
    tiny_bundle: Path,
    judged_bundle: Path,
    tmp_path: Path,
) -> None:
    damaged = Path(shutil.copytree(tiny_bundle, tmp_path / "damaged"))
    text = (damaged / "bundle.json").read_text()
    (damaged / "bundle.json").write_text(text.replace('"tiny"', '"damaged"'))
    (damaged / "vqgan.safetensors").write_bytes(b"")
    models = f"{damaged},nowhere,{tiny_bundle},{judged_bundle}"
    worker = Worker(server.url, models, tmp_path / "log", requests=2, device="cpu,cuda:7")
    try:
        worker.wait_for_ready(4)  # RQ workers of both bundles on the CPU
        wait_until(lambda: worker.log().count("cuda:7: ") == 3)
        served = {bundle.name: bundle.draws_longer for bundle in requests.served()}
        assert list(served.items()) == [("tiny", False), ("judged", True)]
        assert requests.count_workers() == 4
        for name in served:
            requests.enqueue(replace(request(name), model=name), USER)
            assert_drawn_by(requests, name, name)
            assert f"{name} on cpu is ready; it takes " in worker.log()
        requests.enqueue(request("any"), USER)
        assert_drawn_by(requests, "any", "tiny")
        requests.enqueue(replace(request("longer"), model="judged", longer=True), USER)
        assert_drawn_by(requests, "longer", "judged")
        usual, longer = end_of(connection, "judged"), end_of(connection, "longer")
        assert isinstance(usual, Finished)
        assert isinstance(longer, Finished)
        assert (usual.judge, longer.judge, len(longer.candidates)) == ("", "ruCLIP", 2)
        assert None not in [candidate.score for candidate in longer.candidates]
        log = worker.log()
        assert "There is no model bundle 'nowhere'" in log
        assert "emojich: damaged on cpu: " in log
        assert "vqgan.safetensors is damaged" in log
        assert "emojich: tiny on cuda:7: " in log
        assert "Traceback" not in log
        # Memory is shared with the engines that are still to load: at the start with one more.
        assert shares(worker, "tiny") == ["2"]
        assert shares(worker, "judged") == ["1"]
        os.kill(engines(worker, "tiny")[0], signal.SIGKILL)
        wait_until(lambda: shares(worker, "tiny") == ["1"])
        requests.enqueue(replace(request("again"), model="tiny"), USER)
        assert_drawn_by(requests, "again", "tiny")
    finally:
        worker.stop()
    assert requests.count_workers() == 0
