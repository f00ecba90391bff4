"""A brief thread leaves no thread behind, not even those of OpenMP."""

import subprocess
import sys

import pytest

from worker.engine.threads import in_brief_thread

COUNT = """
import os, time, torch
from worker.engine.threads import in_brief_thread

def compute():
    torch.ones(2**20).exp()

def threads():
    return len(os.listdir("/proc/self/task"))

torch.set_num_threads(2)
before = threads()
in_brief_thread(compute)
end = time.monotonic() + 10
while (after := threads()) > before and time.monotonic() < end:
    time.sleep(0.01)  # they are about to go
compute()
print(before, after, threads())
"""


@pytest.mark.skipif(sys.platform != "linux", reason="counts threads as Linux shows them")
def test_openmp_threads_of_a_brief_thread_end_with_it() -> None:
    done = subprocess.run([sys.executable, "-c", COUNT], capture_output=True, check=True)
    before, after, computing = map(int, done.stdout.split())
    assert before == after < computing


def test_in_brief_thread_returns_or_raises_the_outcome() -> None:
    assert in_brief_thread(lambda: 7) == 7
    with pytest.raises(ZeroDivisionError):
        in_brief_thread(lambda: 1 // 0)
