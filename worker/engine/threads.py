"""Limits the threads that compute to the number of cores.

OpenMP starts helper threads for every thread that computes on a CPU; they live as long as it does.
If each helper has a core, they spin between operations.  Otherwise GNU's OpenMP lets them sleep
after every operation, and waking them more than doubles the time of a step of `mini`.
"""

import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import TypeVar

T = TypeVar("T")


def in_brief_thread(work: Callable[[], T]) -> T:
    """Do the work in a new thread, which ends with its helpers; returns the result.

    Raises what the work raises.
    """
    outcome: Future[T] = Future()

    def do() -> None:
        try:
            outcome.set_result(work())
        except BaseException as error:
            outcome.set_exception(error)

    # Not an executor, whose threads cannot start, or delay the end, when the process ends.
    thread = threading.Thread(target=do, daemon=True)
    thread.start()
    thread.join()
    return outcome.result()
