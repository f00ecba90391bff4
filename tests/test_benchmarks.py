"""The numbers of the benchmarks, and the table of `python -m benchmarks.gpu`, on a CPU."""

from dataclasses import replace
from pathlib import Path

import pytest
import torch

from benchmarks import gpu, page
from benchmarks.arrivals import arrivals
from benchmarks.results import Curve, Row
from benchmarks.simulation import Arrival, Costs, simulate
from benchmarks.steps import cache_bytes, cpu_precisions
from emojich_core.inference.kv_cache import KVCache
from emojich_core.inference.slots import Slots
from emojich_core.networks.transformer import TransformerConfig
from emojich_core.pipeline import CPU_SLOTS, Pipeline
from emojich_core.request import Request
from worker.config import REQUESTS
from worker.engine.protocol import Task
from worker.engine.scheduler import Scheduler
from worker.queue.requests import JOB_TIMEOUT


def test_gpu_benchmark_prints_a_row_for_each_stage(capsys: pytest.CaptureFixture[str]) -> None:
    enabled = torch.is_grad_enabled()
    try:
        gpu.main(["--device", "cpu", "--small"])
    finally:
        torch.set_grad_enabled(enabled)
    table = capsys.readouterr().out.partition("| what |")[2].splitlines()
    rows = dict(line.strip("| ").split(" | ", 1) for line in table[2:] if line)
    assert "GB/s" in rows["reading memory"]
    for precision in cpu_precisions():
        for slots in (1, 2):
            row = rows[f"small: a step of {slots} slots, {precision}"]
            assert "the memory's bound" in row
            assert "images an hour" in row
        assert "ms" in rows[f"small: from a request to its first code, {precision}"]
    for stage in ("VQGAN", "Real-ESRGAN", "U-Net and cutting", "WebP, on the CPU"):
        assert "ms" in rows[f"small: {stage}, an image, 1 at once"]


def test_bytes_of_a_step_follow_the_attention_masks() -> None:
    config = TransformerConfig(
        num_layers=2, hidden_size=32, num_attention_heads=2, vocab_size=60 + 8, text_seq_length=8
    )
    cache = KVCache(config, 3, torch.empty(0))
    row, column = 8 + 33, 8 + 32  # the text, and what a row or a column layer sees at most
    assert cache_bytes(cache) == 3 * 2 * 32 * 4 * (row + column)


def test_page_shows_the_previous_result_of_each_row(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(page, "PAGE", tmp_path / "RESULTS.md")
    old = "# Benchmarks\n\n> a slow machine\n\n| what | measured | wanted |\n| --- | --- | --- |\n"
    page.PAGE.write_text(old + "| a step | 9 ms |  |\n| what is gone | 1 |  |\n")
    curve = Curve("Emojich", [(1, 2.0), (4, 1.0)])
    rows = [Row("a step", "7 ms", "5 ms"), Row("what is new", "3 GB", "")]
    expected = ["| a step | 7 ms | 9 ms | 5 ms |", "| what is new | 3 GB |  |  |"]
    for run in range(2):
        assert page.write(rows, [curve, replace(curve, of="users")]).splitlines()[2:] == expected
        assert ("a slow machine" in page.PAGE.read_text()) == (run == 0)
        expected = ["| a step | 7 ms | 7 ms | 5 ms |", "| what is new | 3 GB | 3 GB |  |"]
    assert page.PAGE.with_name("results.png").exists()


COSTS = Costs(text=3, step=1, finish=5, codes=16)


def users(*times: float, count: int = 2) -> list[Arrival]:
    requests = (Request(str(i), "кот", count, seed=100 * i) for i in range(len(times)))
    return [Arrival(at, Task(each)) for at, each in zip(times, requests, strict=True)]


def test_simulated_single_user_waits_for_text_codes_and_pictures() -> None:
    """A text, two images together, two pictures one after the other; she came late."""
    assert simulate(COSTS, 2, 1, users(100)) == [100 + 3 + 16 + 2 * 5]


def test_simulated_later_user_is_drawn_in_the_same_batch() -> None:
    alone, beside = simulate(COSTS, 2, 2, users(0, 7, count=1))
    text, picture = 3, 5
    drawn = text + 16 + text  # her text comes between two steps of the first
    # Of the second 12 codes are there then, and 4 steps come beside as much work on the picture.
    assert alone == drawn + 4 + picture
    assert beside == alone + picture


def test_simulated_user_waits_for_a_free_rq_worker() -> None:
    first, second = simulate(COSTS, 4, 1, users(0, 1))
    assert second - first == first == 3 + 16 + 2 * 5


def test_full_size_job_on_a_cpu_ends_before_its_timeout() -> None:
    """Those at work, then one that is drawn alone, then those who came meanwhile."""
    in_float32 = Costs(text=1, step=0.377, finish=10, codes=1024)

    def seconds(requests: int) -> float:
        return max(simulate(in_float32, CPU_SLOTS, REQUESTS, users(*[0] * requests, count=9)))

    assert seconds(REQUESTS) + seconds(1) + seconds(REQUESTS - 1) < JOB_TIMEOUT


def test_simulation_takes_as_many_steps_as_the_engine(
    tiny_bundle: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    steps, step = [], Slots.step

    def counted(slots: Slots) -> None:
        steps.append(1)
        step(slots)

    monkeypatch.setattr(Slots, "step", counted)
    pipeline, together = Pipeline.load(str(tiny_bundle), "cpu"), users(0, 0, 0, 0, count=3)
    scheduler = Scheduler(pipeline, 5)
    for each in together:
        scheduler.put(each.task)
    scheduler.start()
    assert all(each.task.ended.wait(60) for each in together)
    only_steps = Costs(0, 1, 0, pipeline.bundle.transformer.image_seq_length)
    assert max(simulate(only_steps, 5, 4, users(0, 0, 0, 0, count=3))) == len(steps)


def test_simulated_arrivals_scale_with_the_costs() -> None:
    slow, fast = (arrivals(Costs(0, step, 0, 1024)) for step in (0.2, 0.1))
    assert len(slow) == 16
    assert [each.time for each in slow] == pytest.approx([2 * each.time for each in fast])
