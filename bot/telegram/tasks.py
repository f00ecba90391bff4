"""Ending tasks."""

import asyncio
from collections.abc import Iterable
from typing import Any

_PAUSE = 0.1  # seconds


async def end(tasks: Iterable[asyncio.Task[Any]]) -> None:
    """Cancel tasks until they have ended.

    Once is not enough: on Python 3.11 a cancellation gets lost in `asyncio.wait_for`, with which
    redis-py sends its commands, when what it waits for is done at the same moment.
    """
    unfinished = set(tasks)
    while unfinished:
        for task in unfinished:
            task.cancel()
        _, unfinished = await asyncio.wait(unfinished, timeout=_PAUSE)
