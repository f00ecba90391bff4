"""What is freed is used again, and not fetched from the kernel a second time."""

import subprocess
import sys

import pytest

COUNT_FAULTS = """
import resource, torch
from emojich_core.memory import keep_freed

def faults():
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt

keep_freed()
for number in range(9):
    torch.ones(2**24)  # 64 MiB: 16,384 pages, or 32 huge ones
    if number == 2:
        before = faults()
print(faults() - before)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="glibc is Linux's")
def test_the_memory_of_a_tensor_serves_the_next() -> None:
    done = subprocess.run([sys.executable, "-c", COUNT_FAULTS], capture_output=True, check=True)
    assert int(done.stdout) < 32
