"""The metrics of a worker over HTTP, through a request, a killed engine and one that hangs."""

import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.metrics import Samples, label_values, read
from tests.redis_servers import free_port
from tests.worker.harness import (
    ROOT,
    USER,
    OpenQueue,
    Server,
    Worker,
    end_of,
    request,
    wait_until,
)

LABELS = frozenset({("bundle", "tiny"), ("device", "")})


@pytest.fixture(scope="module")
def port() -> int:
    return free_port()


@pytest.fixture(scope="module")
def worker_process(
    server: Server, tiny_bundle: Path, port: int, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Worker]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("EMOJICH_WORKER_METRICS", str(port))
        worker = Worker(server.url, tiny_bundle, tmp_path_factory.mktemp("worker") / "log")
        yield worker
        worker.stop()


def value(samples: Samples, name: str, **labels: str) -> float:
    return samples[name, LABELS | set(labels.items())]


def test_figures_move_with_a_request(worker: Worker, requests: OpenQueue, port: int) -> None:
    before = read(port)
    assert value(before, "emojich_engine_up") == 1
    assert value(before, "emojich_slots") == 8
    requests.enqueue(request("1001_1"), USER)
    wait_until(lambda: end_of(requests.connection, "1001_1"))
    wait_until(lambda: value(read(port), "emojich_drawing_seconds_count") == 1)
    after = read(port)
    assert value(after, "emojich_waiting_seconds_count") == 1
    assert 0 <= value(after, "emojich_waiting_seconds_sum") < 30
    assert value(after, "emojich_step_seconds_count") >= 16
    assert 1 <= value(after, "emojich_finishing_seconds_count") <= 2
    for stage in ("vqgan", "upscale", "matting", "webp"):
        assert value(after, "emojich_stage_seconds_count", stage=stage) == 2
        assert value(after, "emojich_stage_seconds_sum", stage=stage) > 0
    assert value(after, "emojich_slots_taken") == 0
    assert value(after, "emojich_engine_memory_bytes") > 2**20
    assert not any("1001" in text or "кот" in text for text in label_values(after))


def test_killed_engine_is_counted(worker: Worker, requests: OpenQueue, port: int) -> None:
    before = value(read(port), "emojich_engine_restarts_total")
    worker.hold_engine()  # a request is then sure to be there when it dies
    requests.enqueue(request("1"), USER)
    wait_until(worker.job_process)
    # One that hangs delays the scrape, and no more.
    assert value(read(port), "emojich_engine_up") == 0
    worker.kill(worker.engine)
    wait_until(lambda: end_of(requests.connection, "1"))
    wait_until(lambda: value(read(port), "emojich_drawing_seconds_count") == 1)
    after = read(port)
    assert value(after, "emojich_engine_restarts_total") == before + 1
    assert value(after, "emojich_engine_up") == 1
    assert value(after, "emojich_request_retries_total") == 1
    assert value(after, "emojich_waiting_seconds_count") == 0  # it has waited only once


def test_orphaned_job_process_does_not_keep_the_port(
    worker: Worker, requests: OpenQueue, port: int
) -> None:
    worker.hold_engine()
    requests.enqueue(request("1"), USER)
    wait_until(worker.job_process)
    assert port in listening_of(worker.process.pid)
    job_process = worker.job_process()
    assert job_process
    wait_until(lambda: port not in listening_of(job_process))


def listening_of(pid: int) -> list[int]:
    """The TCP ports at which a process listens, by proc(5)."""
    links = [str(file.readlink()) for file in Path(f"/proc/{pid}/fd").iterdir()]
    rows = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    return [
        int(row[1].rpartition(":")[2], 16)
        for row in rows
        if row[3] == "0A" and f"socket:[{row[9]}]" in links
    ]


def test_taken_port_is_one_sentence(server: Server, tiny_bundle: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        own = {"REDIS_URL": server.url, "EMOJICH_MODEL": str(tiny_bundle)}
        result = subprocess.run(
            [sys.executable, "-m", "worker"],
            cwd=ROOT,
            env={**os.environ, **own, "EMOJICH_WORKER_METRICS": str(port)},
            capture_output=True,
            text=True,
            check=False,
        )
    assert result.returncode == 1
    assert result.stderr == (
        f"emojich: Port {port} of 127.0.0.1 cannot be opened (Address already in use): "
        "free it, or set EMOJICH_WORKER_METRICS to another one.\n"
    )
