"""Child processes that Ctrl-C does not reach, and that do not outlive us, however we die."""

import subprocess
from collections.abc import Mapping
from typing import IO

# The command takes the place of the shell and its process id.  Beside it, `cat` waits for the end
# of the pipe from us, which the kernel closes when we die.
_LEASH = 'exec 3<&0; (cat <&3 >/dev/null; kill $$) 2>/dev/null & exec 3<&- "$@" </dev/null'


def start_child(
    command: list[str], log: IO[bytes] | None = None, env: Mapping[str, str] | None = None
) -> subprocess.Popen[bytes]:
    """Start a command that gets SIGTERM when we die; it writes to the log, or where we do.

    Once it has ended, `stop_child` lets go of its leash.
    """
    return subprocess.Popen(
        ["sh", "-c", _LEASH, "sh", *command],
        stdin=subprocess.PIPE,
        stdout=log,
        stderr=log,
        env=env,
        start_new_session=True,
    )


def stop_child(child: subprocess.Popen[bytes], seconds: float) -> None:
    """Ask a child to end, and kill it if it has not within some seconds."""
    with child:
        child.terminate()
        try:
            child.wait(seconds)
        except subprocess.TimeoutExpired:
            child.kill()
