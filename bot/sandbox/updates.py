"""The queue behind getUpdates: https://core.telegram.org/bots/api#getupdates."""

import asyncio

from bot.sandbox.decoding import Json
from bot.sandbox.errors import ApiError
from bot.sandbox.state import StateFile

CONFLICT = (
    "Conflict: terminated by other getUpdates request; "
    "make sure that only one bot instance is running"
)


class UpdateQueue:
    """Updates wait here, across restarts, until a later getUpdates confirms them."""

    def __init__(self, file: StateFile) -> None:
        self._file = file
        self._poll: asyncio.Future[None] | None = None

    def push(self, kind: str, content: Json) -> None:
        """Queue an update, unless the bot has asked not to get this kind."""
        state = self._file.state
        if state.allowed_updates and kind not in state.allowed_updates:
            return
        state.last_update_id += 1
        state.updates.append({"update_id": state.last_update_id, kind: content})
        self.wake()

    def wake(self) -> None:
        """End the long poll that waits, if there is one, with whatever is there."""
        if self._poll is not None and not self._poll.done():
            self._poll.set_result(None)

    async def poll(self, offset: int, limit: int, timeout: float) -> list[Json]:
        """Confirm what lies before ``offset``; wait for up to ``timeout`` seconds for more."""
        self._end_other_poll()
        self._confirm(offset)
        if not self._file.state.updates and timeout > 0:
            await self._wait(timeout)
        return self._file.state.updates[:limit]

    def clear(self) -> None:
        """Forget all updates (deleteWebhook with drop_pending_updates)."""
        self._file.state.updates.clear()

    def _confirm(self, offset: int) -> None:
        updates = self._file.state.updates
        if offset < 0:
            del updates[:offset]
        else:
            updates[:] = [update for update in updates if update["update_id"] >= offset]
        # On disk before we wait: a confirmed update must not return after a crash.
        self._file.save()

    def _end_other_poll(self) -> None:
        if self._poll is not None and not self._poll.done():
            self._poll.set_exception(ApiError(409, CONFLICT))

    async def _wait(self, timeout: float) -> None:
        poll = self._poll = asyncio.get_running_loop().create_future()
        try:
            await asyncio.wait_for(poll, timeout)
        except TimeoutError:
            pass
        finally:
            if self._poll is poll:
                self._poll = None
