"""What is freed is used again; and whatever memory lacks, it is told in one way."""

import subprocess
import sys
from collections.abc import Callable

import pytest
import torch

from emojich_core.memory import OutOfMemory, memory_watched

COUNT_FAULTS = """
import resource, statistics, torch
from emojich_core.memory import keep_freed

def faults_of_a_tensor():
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    torch.ones(2**24)  # 64 MiB: 16,384 pages, or 32 huge ones
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before

fresh = statistics.median(faults_of_a_tensor() for _ in range(9))
keep_freed()
print(fresh, statistics.median(faults_of_a_tensor() for _ in range(9)))
"""


@pytest.mark.skipif(sys.platform != "linux", reason="glibc is Linux's")
def test_the_memory_of_a_tensor_serves_the_next() -> None:
    done = subprocess.run([sys.executable, "-c", COUNT_FAULTS], capture_output=True, check=True)
    fresh, kept = map(float, done.stdout.split())
    assert kept < fresh / 4  # how many there are is the machine's; a busy kernel adds a few


@pytest.mark.parametrize(
    "greedy", [lambda: torch.empty(2**60), lambda: bytearray(2**62)], ids=["torch", "Python"]
)
def test_the_want_of_any_memory_is_out_of_memory(greedy: Callable[[], object]) -> None:
    with pytest.raises(OutOfMemory), memory_watched():
        greedy()


def test_other_errors_stay_what_they_are() -> None:
    with pytest.raises(RuntimeError, match="size of tensor") as told, memory_watched():
        torch.ones(2) + torch.ones(3)
    assert not isinstance(told.value, OutOfMemory)
