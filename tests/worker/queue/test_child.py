"""A child process does not outlive its parent, and outlives the thread that asked for it."""

import os
import signal
import subprocess
import sys
import threading
import time

import pytest

from tests.worker.harness import ROOT, descendants, is_alive, wait_until
from worker.queue.child import start_child, stop_child

PARENT = "from worker.queue.child import start_child; start_child(['sleep', '600']).wait()"


@pytest.mark.parametrize("stopped", [False, True])
def test_child_dies_with_killed_parent(stopped: bool) -> None:
    """Nothing stands between the two that could be killed first and leave an orphan."""
    parent = subprocess.Popen([sys.executable, "-c", PARENT], cwd=ROOT)
    wait_until(lambda: descendants(parent.pid))
    time.sleep(0.5)  # until it is `sleep`, which asks for no signal by itself
    [child] = descendants(parent.pid)
    if stopped:
        os.kill(child, signal.SIGSTOP)
    parent.kill()
    parent.wait()
    wait_until(lambda: not is_alive(child))


def test_child_survives_the_thread_that_started_it() -> None:
    children: list[subprocess.Popen[bytes]] = []
    thread = threading.Thread(target=lambda: children.append(start_child(["sleep", "600"])))
    thread.start()
    thread.join()
    time.sleep(0.5)  # until it has asked for the signal
    assert children[0].poll() is None
    stop_child(children[0], 5)
    assert children[0].returncode is not None
