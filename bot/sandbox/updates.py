"""The queue behind getUpdates and a webhook: https://core.telegram.org/bots/api#getting-updates."""

import asyncio
from typing import Any

from bot.sandbox.decoding import Json
from bot.sandbox.errors import ApiError
from bot.sandbox.state import StateFile, Webhook

OTHER_POLL = (
    "Conflict: terminated by other getUpdates request; "
    "make sure that only one bot instance is running"
)
WEBHOOK_SET = "Conflict: terminated by setWebhook request"
WEBHOOK_ACTIVE = (
    "Conflict: can't use getUpdates method while webhook is active; "
    "use deleteWebhook to delete the webhook first"
)
RAW = "raw"  # in place of an update's kind: the bot gets the content alone


def as_sent(update: Json) -> Any:
    """A queued update as the bot gets it."""
    return update.get(RAW, update)


class UpdateQueue:
    """Updates wait here, across restarts, until the bot confirms that it has them."""

    def __init__(self, file: StateFile) -> None:
        self._file = file
        self._poll: asyncio.Future[None] | None = None
        self._change = asyncio.Event()

    def push(self, kind: str, content: Json) -> None:
        """Queue an update, unless the bot has asked not to get this kind."""
        state = self._file.state
        if state.allowed_updates and kind not in state.allowed_updates:
            return
        state.updates.append({"update_id": self._next_id(), kind: content})
        self.wake()

    def push_raw(self, content: Any, *, bare: bool) -> Any:
        """Queue any JSON as an update; returns it.

        An object without an id gets one, unless `bare`; with one of the past it counts as repeated.
        """
        own = content.get("update_id") if isinstance(content, dict) else None
        is_repeated = type(own) is int and 0 < own <= self._file.state.last_update_id
        number = own if is_repeated else self._next_id()
        if isinstance(content, dict) and not bare:
            content = {"update_id": number, **content}
        self._file.state.updates.append({"update_id": number, RAW: content})
        self.wake()
        return content

    def wake(self) -> None:
        """End the waiting long poll, if there is one, with the updates that are queued."""
        self._change.set()
        if self._poll is not None and not self._poll.done():
            self._poll.set_result(None)

    async def poll(self, offset: int, limit: int, timeout: float) -> list[Any]:
        """Confirm the updates before ``offset``; wait up to ``timeout`` seconds for more."""
        if self._file.state.webhook is not None:
            raise ApiError(409, WEBHOOK_ACTIVE)
        self._end_poll(OTHER_POLL)
        self.confirm(offset)
        if not self._file.state.updates and timeout > 0:
            await self._wait(timeout)
        return [as_sent(update) for update in self._file.state.updates[:limit]]

    def clear(self) -> None:
        """Forget all updates (deleteWebhook with drop_pending_updates)."""
        self._file.state.updates.clear()

    def use_webhook(self, webhook: Webhook | None) -> None:
        """Send updates there from now on, or keep them for getUpdates again."""
        self._file.state.webhook = webhook
        self._end_poll(WEBHOOK_SET)
        self._change.set()

    def first(self) -> Json | None:
        """The update that has waited longest."""
        return next(iter(self._file.state.updates), None)

    async def change(self) -> None:
        """Wait for another update, or another webhook."""
        self._change.clear()
        await self._change.wait()

    def confirm(self, offset: int) -> None:
        """Forget the updates before ``offset``; a negative one keeps that many from the end."""
        updates = self._file.state.updates
        if offset < 0:
            del updates[:offset]
        else:
            updates[:] = [update for update in updates if update["update_id"] >= offset]
        # On disk before we wait: a confirmed update must not return after a crash.
        self._file.save()

    def _next_id(self) -> int:
        self._file.state.last_update_id += 1
        return self._file.state.last_update_id

    def _end_poll(self, conflict: str) -> None:
        if self._poll is not None and not self._poll.done():
            self._poll.set_exception(ApiError(409, conflict))

    async def _wait(self, timeout: float) -> None:
        poll = self._poll = asyncio.get_running_loop().create_future()
        try:
            await asyncio.wait_for(poll, timeout)
        except TimeoutError:
            pass
        finally:
            if self._poll is poll:
                self._poll = None
