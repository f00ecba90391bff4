"""A request over which an engine has died is drawn alone, for it may be what killed it.

Else it would take those that are drawn beside it along, three times, until all have failed.  Horses
see to it among themselves, before they call the engine, so that its death meets nobody who waits.
Locks of files are the kernel's: a horse that is killed lets go of them.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from fcntl import LOCK_EX, LOCK_SH, flock

from worker.engine.protocol import ENGINE_SOCKET


@contextmanager
def room(alone: bool) -> Iterator[None]:
    """The machine's engine, together with others who are not alone, or without any."""
    socket = os.environ[ENGINE_SOCKET]
    with open(f"{socket}.room", "w") as engine:
        # Whoever comes after one who wants to be alone waits at the gate, or it might never be.
        with open(f"{socket}.gate", "w") as gate:
            flock(gate, LOCK_EX)
            flock(engine, LOCK_EX if alone else LOCK_SH)
        yield
