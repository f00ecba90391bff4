"""Threads that compute, and no more of them than the processor has cores.

To every thread that computes on a CPU OpenMP gives helpers, which stay as long as it does.  While
there are no more of them all than cores, they wait for work awake; otherwise GNU's fall asleep
after every operation, and a step of `mini` takes more than twice the time, to wake them up.
"""

import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import TypeVar

T = TypeVar("T")


def in_brief_thread(work: Callable[[], T]) -> T:
    """Have a thread do the work that ends with it, and with it its helpers; wait for the outcome.

    Raises what the work raises.
    """
    outcome: Future[T] = Future()

    def do() -> None:
        try:
            outcome.set_result(work())
        except BaseException as error:
            outcome.set_exception(error)

    # Not an executor's, which refuses to begin, or is waited for, when the process ends.
    thread = threading.Thread(target=do, daemon=True)
    thread.start()
    thread.join()
    return outcome.result()
