"""Keeps Telegram's limits on messages, so that a burst of them causes no 429.

    30 messages a second over all chats, 1 a second in one chat, 20 a minute in a group

https://core.telegram.org/bots/faq#my-bot-is-hitting-limits-how-do-i-avoid-this.  Edits are counted
as messages, because Telegram does not say that it leaves them out.

A call may reach Telegram at any time between its start and its end.  So a call keeps its place from
its start until the limit's seconds after its end: however long calls take on their way, no more
than the allowed number reach Telegram within that time.

While calls wait for the limit over all chats, new messages, which are first answers, go before the
edits of users who have theirs; but one place of four is an edit's, so that results go on coming.
"""

import asyncio
from collections.abc import Callable, Coroutine
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import Any
from weakref import WeakValueDictionary

from telegram.ext import BaseRateLimiter

Answer = bool | dict[str, Any] | list[dict[str, Any]]
_POLL_INTERVAL = 0.1  # seconds


@dataclass(frozen=True)
class Limit:
    """At most `calls` calls within `seconds` seconds."""

    calls: int
    seconds: float


OVERALL = Limit(30, 1.0)
CHAT = Limit(5, 5.0)  # one a second on average: Telegram allows short bursts
GROUP = Limit(20, 60.0)
ONE_AT_A_TIME = Limit(
    1, 0.0
)  # a chat's calls one after another, so that its messages stay in order


class _Window:
    """The places of one limit; calls get them in the order in which they ask."""

    def __init__(self, limit: Limit):
        self._limit = limit
        self._free = asyncio.Semaphore(limit.calls)
        self._taken = 0

    async def __aenter__(self) -> None:
        await self._free.acquire()
        self._taken += 1

    async def __aexit__(self, *_: object) -> None:
        asyncio.get_running_loop().call_later(self._limit.seconds, self._release)

    def _release(self) -> None:
        self._taken -= 1
        self._free.release()

    @property
    def has_room(self) -> bool:
        """Whether half of the places are free."""
        return 2 * self._taken <= self._limit.calls


class RateLimits(BaseRateLimiter[int]):
    """Delays calls about a chat until Telegram's limits allow them.

    It does not repeat a call that was refused, because one chat's 429 would delay all other chats.
    """

    def __init__(self) -> None:
        self._overall = _Window(OVERALL)
        # So many calls of each kind wait for a place at a time, so the places go to them in turn.
        self._new_messages, self._others = asyncio.Semaphore(3), asyncio.Semaphore(1)
        self._may_call: Callable[[], bool] = lambda: True
        # A window stays as long as one of its places is taken: `call_later` refers to it.
        self._windows: WeakValueDictionary[tuple[object, Limit], _Window] = WeakValueDictionary()

    def hold_unless(self, may_call: Callable[[], bool]) -> None:
        """From now on, hold all calls but getUpdates while `may_call` returns False."""
        self._may_call = may_call

    def has_room(self, chat_id: int) -> bool:
        """Whether an optional message, such as a progress bar, would delay no other message."""
        return all(window.has_room for window in (*self._of_chat(chat_id), self._overall))

    async def process_request(
        self,
        callback: Callable[..., Coroutine[Any, Any, Answer]],
        args: Any,
        kwargs: dict[str, Any],
        endpoint: str,
        data: dict[str, Any],
        rate_limit_args: int | None,
    ) -> Answer:
        """Call a method when its turn has come.  Raises TelegramError."""
        chat_id = data.get("chat_id")
        # The chat's places first: calls that wait for them must not hold those of all chats.
        windows = [] if chat_id is None else self._of_chat(chat_id)
        turn = self._new_messages if endpoint.startswith("send") else self._others
        async with AsyncExitStack() as stack:
            for window in windows:
                await stack.enter_async_context(window)
            if windows:
                async with turn:
                    await stack.enter_async_context(self._overall)
            while not self._may_call():
                await asyncio.sleep(_POLL_INTERVAL)
            return await callback(*args, **kwargs)

    def _of_chat(self, chat_id: object) -> list[_Window]:
        is_group = not isinstance(chat_id, int) or chat_id < 0  # channels have names, too
        limits = [ONE_AT_A_TIME, CHAT, GROUP] if is_group else [ONE_AT_A_TIME, CHAT]
        return [self._windows.setdefault((chat_id, each), _Window(each)) for each in limits]

    async def initialize(self) -> None:
        """Nothing to prepare."""

    async def shutdown(self) -> None:
        """Nothing to release."""
