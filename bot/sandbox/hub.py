"""Pushes changes to the open chat pages."""

import asyncio
from collections.abc import AsyncIterator, Collection, Iterator
from contextlib import contextmanager

from bot.sandbox.decoding import Json

Inbox = asyncio.Queue[Json | None]


class Hub:
    """An inbox for each open page."""

    def __init__(self) -> None:
        self._inboxes: dict[Inbox, int] = {}

    @contextmanager
    def subscribe(self, user_id: int) -> Iterator[Inbox]:
        """An inbox of the events for ``user_id``, while the context lasts."""
        inbox: Inbox = asyncio.Queue()
        self._inboxes[inbox] = user_id
        try:
            yield inbox
        finally:
            del self._inboxes[inbox]

    def publish(self, event: Json, user_ids: Collection[int] | None = None) -> None:
        """Tell the pages of these users, or all pages."""
        for inbox, owner in self._inboxes.items():
            if user_ids is None or owner in user_ids:
                inbox.put_nowait(event)

    def close(self) -> None:
        """End every subscription."""
        for inbox in self._inboxes:
            inbox.put_nowait(None)


async def events(inbox: Inbox) -> AsyncIterator[Json]:
    """The events of an inbox until the hub closes."""
    while (event := await inbox.get()) is not None:
        yield event
