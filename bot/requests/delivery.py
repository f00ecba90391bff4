"""Brings the messages in chats in line with the records of requests.

A change is written to the record at once; then the request's own task shows the record in the chat
and goes on trying until Telegram has taken it.  A task that waits for Telegram keeps no other
waiting, and what it sends in the end is the newest state, so no stale progress bar ever follows
the stickers.  An event is acknowledged once Telegram has taken a message at least as new: a bot
that dies before meets the event again and edits the same message again.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import suppress
from dataclasses import replace
from typing import Any

import redis
from PIL import UnidentifiedImageError
from telegram import Bot
from telegram.error import BadRequest, ChatMigrated, Forbidden, TelegramError

from bot.admin.redis_repair import heal
from bot.logs import reason
from bot.pictures.preview import render_preview
from bot.pictures.sticker import stickers_of
from bot.requests.quota import Quota
from bot.requests.record import (
    Change,
    Failure,
    Moved,
    Photographed,
    Record,
    Shown,
    Spoilt,
    State,
    Unreachable,
)
from bot.requests.store import Store
from bot.requests.view import view
from bot.telegram.errors import (
    MESSAGE_IS_PHOTO,
    PHOTOS_ARE_FORBIDDEN,
    is_everyday,
    says,
)
from bot.telegram.messages import Screen, edit, send
from bot.telegram.retry import pause_after
from bot.telegram.updates import end
from worker.queue.events import Event, EventReader, Failed, Finished
from worker.queue.request_ids import RequestId

EDIT_INTERVAL = 1.5  # seconds from one progress bar to the next: Telegram wants about 1 a second
RECONNECT_PAUSE = 1.0  # seconds
DRAIN_TIME = 2.0  # seconds that messages on their way have left when the bot stops

log = logging.getLogger(__name__)


class Expired(Exception):
    """The stickers were forgotten before they could be shown."""


class _MessageTask:
    """Where one request's message is worked on."""

    def __init__(self, work: Coroutine[Any, Any, None]):
        self.task = asyncio.create_task(work)
        self.stale = False  # the chat is behind the record
        self.final = asyncio.Event()  # no progress is to come
        self.entries: set[str] = set()  # to acknowledge once the chat is no longer behind


class Delivery:
    """The only writer of the requests' messages, and the reader of the worker's events."""

    def __init__(
        self,
        bot: Bot,
        store: Store,
        remember: Callable[[Record], Awaitable[None]],
        quota: Quota,
        results: redis.Redis,
        reader: EventReader,
    ):
        self._bot = bot
        self._store = store
        self._remember = remember  # for /history
        self._quota = quota
        self._results = results
        self._reader = reader
        self._message_tasks: dict[RequestId, _MessageTask] = {}

    async def run(self) -> None:
        """Read events and act on them, for ever, through outages of Redis."""
        while True:
            try:
                async for entry_id, event in self._reader.events():
                    await self._receive(event, entry_id)
            except Exception as error:  # whatever it is, the other requests still want their events
                unexpected = _is_unexpected(error)
                log.warning("events: %s; trying again", reason(error), exc_info=unexpected)
                await self._heal(error)
                await asyncio.sleep(RECONNECT_PAUSE)

    async def change(self, request_id: RequestId, change: Change) -> None:
        """Change a record, and its message soon."""
        record = await self._store.change(request_id, change)
        if record:
            self.show(record)

    def show(self, record: Record) -> None:
        """See to it that the message shows this record, or what it is by then."""
        message_task = self._message_tasks.get(record.id)
        if message_task is None:
            message_task = self._message_tasks[record.id] = _MessageTask(self._work(record.id))
        message_task.stale = True
        if not record.is_waited_for:
            message_task.final.set()

    async def move(self, old_chat: int, new_chat: int) -> None:
        """Go on in the supergroup that a group has become, with all that is owed to it."""
        for record in await self._store.open_requests():
            if record.chat_id == old_chat:
                await self.change(record.id, Moved(new_chat))

    async def drain(self) -> None:
        """Give messages on their way a moment; what is not shown then, the next bot shows."""
        tasks = [message_task.task for message_task in self._message_tasks.values()]
        if tasks:
            _, unfinished = await asyncio.wait(tasks, timeout=DRAIN_TIME)
            await end(unfinished)

    async def _receive(self, event: Event, entry_id: str) -> None:
        record = await self._store.change(RequestId(event.request_id), event)
        if record is None:
            log.warning("request %s: an event of a forgotten request", event.request_id)
            await self._reader.acknowledge(entry_id)
        else:
            if isinstance(event, Finished) and record.has_stickers:  # even if its chat is closed
                await self._remember(record)
            if isinstance(event, Failed) and event.reason in (Failure.UNKNOWN, Failure.NO_IMAGE):
                await self._quota.give_back(record.user_id, record.id)
            self.show(record)
            self._message_tasks[record.id].entries.add(entry_id)

    async def _work(self, request_id: RequestId) -> None:
        """Show the record until the chat is in line with it and all its events are acknowledged."""
        message_task = self._message_tasks[request_id]
        failures = 0
        while message_task.stale:
            message_task.stale = False
            try:
                await self._show(request_id)
                if not message_task.stale:
                    await self._acknowledge(message_task)
            except Exception as error:  # Telegram or Redis: it must get there some time
                message_task.stale = True
                failures += 1
                await self._pause(request_id, error, failures)
            else:
                failures = 0
                with suppress(TimeoutError):  # no flood of progress bars, but the end at once
                    await asyncio.wait_for(message_task.final.wait(), EDIT_INTERVAL)
        del self._message_tasks[request_id]

    async def _acknowledge(self, message_task: _MessageTask) -> None:
        while message_task.entries:
            entry_id = next(iter(message_task.entries))
            await self._reader.acknowledge(entry_id)
            message_task.entries.discard(entry_id)

    async def _pause(self, request_id: RequestId, error: Exception, failures: int) -> None:
        pause = pause_after(error, failures)
        log.warning(
            "request %s: %s; again in %.1f s",
            request_id,
            reason(error),
            pause,
            exc_info=_is_unexpected(error),
        )
        await self._heal(error)
        await asyncio.sleep(pause)

    async def _heal(self, error: Exception) -> None:
        with suppress(redis.RedisError):
            await heal(self._results, error)

    async def _show(self, request_id: RequestId) -> None:
        """Make the message what the record says, or find out that it cannot be made so."""
        record = await self._store.load(request_id)
        wanted = view(record) if record else None
        if record is None or wanted is None:
            return
        try:
            chat_id, message_id = await self._send_or_edit(record, wanted)
        except Expired:
            await self.change(request_id, Spoilt(Failure.EXPIRED))
        except ChatMigrated as error:
            await self.change(request_id, Moved(error.new_chat_id))
        except Forbidden as error:
            await self._give_up(request_id, error)
        except BadRequest as error:
            await self._refused(record, error)
        else:
            if chat_id != record.chat_id:  # it has become a supergroup
                await self._note(request_id, Moved(chat_id))
            await self._note(request_id, Shown(message_id, record.state))

    async def _note(self, request_id: RequestId, change: Change) -> None:
        """Note what Telegram has taken, once Redis is well; begun anew, it would be sent twice."""
        failures = 0
        while True:
            try:
                await self._store.change(request_id, change)
                return
            except redis.RedisError as error:
                failures += 1
                await self._pause(request_id, error, failures)

    async def _send_or_edit(self, record: Record, wanted: Screen) -> tuple[int, int]:
        """Send or edit the message; returns the ids of its chat and its own."""
        if record.state is State.FINISHED and not record.has_picture:
            wanted = replace(wanted, picture=await self._picture(record))
        if record.message_id is None:
            chat_id, topic = record.chat_id, record.thread_id
            # In a group, the answer says whose it is.
            sent = await send(self._bot, chat_id, wanted, reply_to=record.reply_to, topic=topic)
            return sent.chat_id, sent.message_id
        where = record.chat_id, record.message_id
        await edit(self._bot, *where, wanted, is_photo=record.is_photo)
        return where

    async def _picture(self, record: Record) -> bytes:
        try:
            stickers = await asyncio.to_thread(stickers_of, self._results, record)
        except UnidentifiedImageError:  # something else stands in Redis
            stickers = []
        if not stickers:
            raise Expired
        return await asyncio.to_thread(render_preview, stickers)

    async def _refused(self, record: Record, error: BadRequest) -> None:
        """Telegram will never take this message: say so if words may still reach the user."""
        if says(error, MESSAGE_IS_PHOTO) and not record.is_photo:
            await self.change(record.id, Photographed())
            return
        picture_refused = record.state is State.FINISHED and not record.has_picture
        if picture_refused and says(error, PHOTOS_ARE_FORBIDDEN):
            await self.change(record.id, Spoilt(Failure.NO_PHOTOS))
        elif picture_refused and not is_everyday(error):
            log.error("request %s: the picture is refused: %s", record.id, error)
            await self.change(record.id, Spoilt(Failure.REFUSED))
        else:
            await self._give_up(record.id, error)

    async def _give_up(self, request_id: RequestId, error: Exception) -> None:
        log.warning("request %s: its message is out of reach: %s", request_id, error)
        await self._store.change(request_id, Unreachable())


def _is_unexpected(error: Exception) -> bool:
    """Whether a log wants the traceback: not an outage, but perhaps a mistake of ours."""
    return not isinstance(error, (TelegramError, redis.RedisError, OSError))
