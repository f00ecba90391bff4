"""Freed memory is reused, and every kind of memory that runs out raises one error."""

import ctypes
import subprocess
import sys
from collections.abc import Callable

import pytest
import torch

from emojich_core.inference.memory import OutOfMemory, memory_watched

# What the process has from the kernel, by glibc's own account: the kernel's, of pages, differs
# between machines.
ACCOUNT = """
import ctypes, threading, torch
from emojich_core.inference.memory import reuse_freed_memory

class Mallinfo2(ctypes.Structure):
    _fields_ = [(name, ctypes.c_size_t) for name in (
        "arena", "ordblks", "smblks", "hblks", "hblkhd",
        "usmblks", "fsmblks", "uordblks", "fordblks", "keepcost",
    )]

mallinfo2 = ctypes.CDLL(None).mallinfo2
mallinfo2.restype = Mallinfo2

def use_a_tensor():
    torch.ones(2**24)  # 64 MiB

reuse_freed_memory()
before = mallinfo2().arena + mallinfo2().hblkhd
for _ in range(8):
    thread = threading.Thread(target=torch.ones, args=[2**24])  # 64 MiB
    thread.start()
    thread.join()
    print((mallinfo2().arena + mallinfo2().hblkhd - before) >> 20)
"""


@pytest.mark.skipif(
    not hasattr(ctypes.CDLL(None), "mallinfo2"), reason="of glibc, and of 2.33 and newer"
)
def test_freed_memory_is_reused_by_any_thread() -> None:
    done = subprocess.run([sys.executable, "-c", ACCOUNT], capture_output=True, check=True)
    mebibytes = [int(line) for line in done.stdout.split()]
    assert mebibytes[0] >= 60  # less than 64 where the heap had some free bytes at its end
    assert mebibytes[-1] < 4 * 64  # as blocks are cut up, it may take more than one


@pytest.mark.parametrize(
    "greedy", [lambda: torch.empty(2**60), lambda: bytearray(2**62)], ids=["torch", "Python"]
)
def test_memory_watched_raises_out_of_memory_for_any_memory(greedy: Callable[[], object]) -> None:
    with pytest.raises(OutOfMemory), memory_watched():
        greedy()


def test_memory_watched_keeps_other_errors() -> None:
    with pytest.raises(RuntimeError, match="size of tensor") as told, memory_watched():
        torch.ones(2) + torch.ones(3)
    assert not isinstance(told.value, OutOfMemory)
