"""Starts child processes that Ctrl-C does not reach, and that end when this process dies."""

import os
import subprocess
import sys
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import IO

# Linux: the kernel sends SIGTERM (15) when the thread that started the child ends (1 is
# PR_SET_PDEATHSIG, see prctl(2)); this survives exec.  The parent may have died before the call.
_PRCTL = """
import ctypes, os, sys
ctypes.CDLL(None).prctl(1, 15)
if os.getppid() == int(sys.argv[1]):
    os.execvp(sys.argv[2], sys.argv[2:])
"""
# On other systems: the command replaces the shell and keeps its process id.  Beside it, `cat` waits
# for the end of a pipe from this process, which the kernel closes when this process dies.
_PIPE = 'exec 3<&0; (cat <&3 >/dev/null; kill $$) 2>/dev/null & exec 3<&- "$@" </dev/null'

# Starts all children: the kernel signals a child when the thread that started it ends.
_starter = ThreadPoolExecutor(1, "start_child")


def start_child(
    command: list[str], log: IO[bytes] | None = None, env: Mapping[str, str] | None = None
) -> subprocess.Popen[bytes]:
    """Start a command that gets SIGTERM when this process dies; it writes to the log or our output.

    After its end, `stop_child` closes its pipe.  Raises OSError.
    """
    linux = sys.platform == "linux"
    prctl = [sys.executable, "-I", "-S", "-c", _PRCTL, str(os.getpid())]
    return _starter.submit(
        subprocess.Popen,
        [*(prctl if linux else ["sh", "-c", _PIPE, "sh"]), *command],
        stdin=subprocess.DEVNULL if linux else subprocess.PIPE,
        stdout=log,
        stderr=log,
        env=env,
        # Not a session: the kernel continues a stopped child whose parent has died, so that the
        # signal reaches it, only in a group that becomes an orphan within its session.
        process_group=0,
    ).result()


def stop_child(child: subprocess.Popen[bytes], seconds: float) -> None:
    """Ask a child to end, and kill it if it has not within some seconds."""
    with child:
        child.terminate()
        try:
            child.wait(seconds)
        except subprocess.TimeoutExpired:
            child.kill()
