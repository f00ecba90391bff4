"""Threads that compute, no more of them than the processor has cores.

OpenMP starts helper threads for every thread that computes on a CPU; they stay as long as it does.
While all of them have a core, they spin between operations; otherwise GNU's OpenMP lets them sleep
after every operation, and waking them more than doubles the time of a step of `mini`.
"""

import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import TypeVar

T = TypeVar("T")


def in_brief_thread(work: Callable[[], T]) -> T:
    """Do the work in a thread that ends with it, and so do its helpers; returns the result.

    Raises what the work raises.
    """
    outcome: Future[T] = Future()

    def do() -> None:
        try:
            outcome.set_result(work())
        except BaseException as error:
            outcome.set_exception(error)

    # Not an executor's thread: when the process ends, that cannot start, or delays the end.
    thread = threading.Thread(target=do, daemon=True)
    thread.start()
    thread.join()
    return outcome.result()
