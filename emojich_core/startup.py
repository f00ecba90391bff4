"""What a process does while it starts."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def for_good() -> Iterator[None]:
    """What is imported and loaded within lives as long as the process: no search for garbage there.

    Python would search it again and again while it grows, for a sixth of the time of an import.
    """
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()
