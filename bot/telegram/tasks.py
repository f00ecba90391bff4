"""Tasks that end when they are cancelled.

redis-py sends commands with `asyncio.wait_for`, which loses a cancellation at the moment when the
awaited task is done (Python 3.11).  A task that is cancelled only once could then go on forever.
"""

import asyncio
from collections.abc import Coroutine, Iterable
from typing import Any, TypeVar

_CANCEL_INTERVAL = 0.1  # seconds

Result = TypeVar("Result")


async def end(tasks: Iterable[asyncio.Task[Any]]) -> None:
    """Cancel tasks until they have ended."""
    unfinished = set(tasks)
    while unfinished:
        for task in unfinished:
            task.cancel()
        _, unfinished = await asyncio.wait(unfinished, timeout=_CANCEL_INTERVAL)


async def unless_cancelled(work: Coroutine[Any, Any, Result]) -> Result:
    """Await some work; a cancellation of the caller, which is never lost, cancels it, too."""
    task = asyncio.create_task(work)
    try:
        await asyncio.wait([task])
    finally:
        await end([task])
    return task.result()
