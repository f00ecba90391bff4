"""Helpers of the benchmarks: medians, the speed of memory, the name of the machine."""

import os
import platform
import statistics
import time
from collections.abc import Callable
from pathlib import Path

import torch

CPU = torch.device("cpu")


def seconds(work: Callable[[], object]) -> float:
    """Seconds of one call of `work`, including its work on the GPU."""
    wait_for_gpu()
    start = time.perf_counter()
    work()
    wait_for_gpu()
    return time.perf_counter() - start


def wait_for_gpu() -> None:
    """Wait until the GPU has finished its work, if there is a GPU."""
    if torch.cuda.is_initialized():
        torch.cuda.synchronize()


def median(work: Callable[[], object], rounds: int) -> float:
    """The median of `rounds` calls in seconds, after one call to warm up."""
    work()
    return statistics.median(seconds(work) for _ in range(rounds))


def read_bandwidth(size: int = 2**30, device: torch.device = CPU) -> float:
    """Bytes a second that all threads together read: the faster of a sum and a product."""
    numbers = torch.ones(size // 4, device=device)
    matrix, row = numbers.view(-1, 2**14), torch.ones(2**14, device=device)
    best = min(median(numbers.sum, 7), median(lambda: matrix @ row, 7))
    return size / best


def machine() -> str:
    """A line about the machine: processor, cores, memory, version of torch."""
    model = "unknown processor"
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            model = line.partition(":")[2].strip()
    amx = "with AMX" if torch.cpu._is_amx_tile_supported() else "without AMX"
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return (
        f"{model} ({amx}), {os.cpu_count()} cores, {memory:.0f} GiB, "
        f"{torch.get_num_threads()} threads, torch {torch.__version__}, "
        f"Python {platform.python_version()}"
    )
