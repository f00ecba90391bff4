"""Repeats calls to Telegram: 429 after too many calls, 5xx when its servers fail."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

from telegram.error import RetryAfter, TelegramError

from bot.metrics import RETRIES, reason_of
from bot.telegram.errors import REFUSALS

Result = TypeVar("Result")

_FIRST_PAUSE = 0.5  # seconds, doubled with each failure
_LONGEST_PAUSE = 30.0
_MAX_WAIT = 60.0  # seconds for which a user who has just pressed a button waits


def pause_after(error: Exception, failures: int) -> float:
    """Count a retry; returns the seconds to wait before it, after `failures` in a row."""
    RETRIES.labels(reason_of(error)).inc()
    if isinstance(error, RetryAfter):
        seconds = error.retry_after
        return seconds if isinstance(seconds, int) else seconds.total_seconds()
    return min(_FIRST_PAUSE * 2 ** (failures - 1), _LONGEST_PAUSE)


async def with_retries(call: Callable[[], Awaitable[Result]]) -> Result:
    """Call Telegram again after outages and 429, for at most a minute.

    Only for calls that are safe to repeat: Telegram may have served one that timed out.
    Raises TelegramError; a refusal at once.
    """
    deadline = asyncio.get_running_loop().time() + _MAX_WAIT
    failures = 0
    while True:
        try:
            return await call()
        except REFUSALS:
            raise
        except TelegramError as error:
            failures += 1
            pause = pause_after(error, failures)
            if asyncio.get_running_loop().time() + pause > deadline:
                raise
        await asyncio.sleep(pause)
