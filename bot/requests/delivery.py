"""Sends and edits the messages of requests until they show the requests' records.

A change is written to the record at once; then the request's own task shows the record in the chat,
and retries until Telegram accepts the message.  A task that waits for Telegram delays no other
task.  It always sends the newest state, so no stale progress bar follows the stickers.  The bot
acknowledges an event once Telegram has accepted a message at least as new; if the bot dies before
that, the next bot reads the event again and repeats the edit.  Progress that waits until there is
room for it is acknowledged at once, because the next one follows soon.

While more messages wait than Telegram takes, first answers get three calls of four, so that they do
not wait behind the results of all users.  A message is written when its turn has come: stickers
that are ready before the first answer are the first answer.

A sketch of half-drawn images makes the message a photo, which it stays.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import suppress
from dataclasses import replace
from typing import Any
from weakref import WeakValueDictionary

import redis
from PIL import UnidentifiedImageError
from telegram import Bot
from telegram.error import BadRequest, ChatMigrated, Forbidden, TelegramError

from bot.admin.redis_repair import repair
from bot.logs import reason
from bot.pictures.preview import render_preview
from bot.pictures.sticker import stickers_of
from bot.pictures.threads import in_picture_thread
from bot.requests.quota import Quota
from bot.requests.record import (
    Change,
    Failure,
    MessageGone,
    MessageIsPhoto,
    Moved,
    NotShowable,
    Record,
    Shown,
    SketchRefused,
    State,
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
from bot.telegram.tasks import end
from worker.queue.events import Event, EventReader, Failed, Finished
from worker.queue.request_ids import RequestId
from worker.queue.sketches import load_sketch

EDIT_INTERVAL = 1.5  # seconds from one progress bar to the next: Telegram wants about 1 a second
RECONNECT_PAUSE = 1.0  # seconds
CALLS = 40  # at a time, each with up to half a megabyte of a picture; Telegram takes 30 a second
DRAIN_TIME = 2.0  # seconds that messages in progress get when the bot stops

log = logging.getLogger(__name__)


class Expired(Exception):
    """The stickers expired in Redis before the bot could show them."""


class _MessageTask:
    """The task that keeps one request's message up to date."""

    def __init__(self, work: Coroutine[Any, Any, None]):
        self.task = asyncio.create_task(work)
        self.stale = False  # the message is older than the record
        self.final = asyncio.Event()  # no progress will follow
        self.entries: set[str] = set()  # events to acknowledge once the message is up to date


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
        has_room: Callable[[int], bool],
    ):
        """`has_room` says whether a progress bar in a chat would delay no other message."""
        self._bot = bot
        self._store = store
        self._remember = remember  # for /history
        self._quota = quota
        self._results = results
        self._reader = reader
        self.has_room = has_room
        self._message_tasks: dict[RequestId, _MessageTask] = {}
        self._calls = asyncio.Semaphore(CALLS)
        # Of each four waiting calls, three are first answers: they need not wait behind edits.
        self._first_answers, self._others = asyncio.Semaphore(3), asyncio.Semaphore(1)
        self._chats: WeakValueDictionary[int, asyncio.Lock] = WeakValueDictionary()

    async def run(self) -> None:
        """Read events and act on them, forever; an outage of Redis only delays them."""
        while True:
            try:
                async for batch in self._reader.events():
                    # Concurrently; the store keeps the order of one user's events.
                    receiving = (self._receive(event, entry_id) for entry_id, event in batch)
                    answers = await asyncio.gather(*receiving, return_exceptions=True)
                    for error in filter(None, answers):
                        raise error
            except Exception as error:  # one request's error must not stop the others' events
                unexpected = _is_unexpected(error)
                log.warning("events: %s; trying again", reason(error), exc_info=unexpected)
                await self._repair(error)
                await asyncio.sleep(RECONNECT_PAUSE)

    async def change(self, request_id: RequestId, change: Change) -> None:
        """Change a record, and have its message updated."""
        record = await self._store.change(request_id, change)
        if record:
            self.show(record)

    def show(self, record: Record) -> None:
        """Have the request's task update the message to this record, or to a newer state."""
        message_task = self._message_tasks.get(record.id)
        if message_task is None:
            message_task = self._message_tasks[record.id] = _MessageTask(self._work(record.id))
        message_task.stale = True
        if not record.is_pending:
            message_task.final.set()

    def is_showing(self, request_id: RequestId) -> bool:
        """Whether a task sends or edits the request's message."""
        return request_id in self._message_tasks

    async def move(self, old_chat: int, new_chat: int) -> None:
        """Redirect a group's open requests to the supergroup that the group has become."""
        for record in await self._store.open_requests():
            if record.chat_id == old_chat:
                await self.change(record.id, Moved(new_chat))

    async def drain(self) -> None:
        """Wait DRAIN_TIME for the messages in progress; the next bot shows the rest."""
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
            if isinstance(event, Finished) and record.has_stickers:  # also if its chat is closed
                await self._remember(record)
            if isinstance(event, Failed) and event.reason in (Failure.UNKNOWN, Failure.NO_IMAGE):
                await self._quota.give_back(record.user_id, record.id)
            self.show(record)
            self._message_tasks[record.id].entries.add(entry_id)

    async def _work(self, request_id: RequestId) -> None:
        """Show the record until the message is up to date and its events are acknowledged."""
        message_task = self._message_tasks[request_id]
        failures = 0
        while message_task.stale:
            message_task.stale = False
            try:
                await self._show(request_id)
                if not message_task.stale:
                    await self._acknowledge(message_task, message_task.entries)
            except Exception as error:  # of Telegram or Redis: the message must arrive some time
                message_task.stale = True
                failures += 1
                may_hasten = not message_task.final.is_set()
                pause = await self._pause_after(request_id, error, failures)
                if may_hasten:  # a delayed progress bar must not delay the result
                    with suppress(TimeoutError):
                        await asyncio.wait_for(message_task.final.wait(), pause)
                else:
                    await asyncio.sleep(pause)
            else:
                failures = 0
                with suppress(TimeoutError):  # delays the next progress bar, but not the result
                    await asyncio.wait_for(message_task.final.wait(), EDIT_INTERVAL)
        del self._message_tasks[request_id]

    async def _acknowledge(self, message_task: _MessageTask, entries: set[str]) -> None:
        if done := set(entries):
            await self._reader.acknowledge(*done)
            message_task.entries -= done

    async def _pause_after(self, request_id: RequestId, error: Exception, failures: int) -> float:
        """Log an error; returns the seconds to wait before the next attempt."""
        pause = pause_after(error, failures)
        log.warning(
            "request %s: %s; again in %.1f s",
            request_id,
            reason(error),
            pause,
            exc_info=_is_unexpected(error),
        )
        await self._repair(error)
        return pause

    async def _repair(self, error: Exception) -> None:
        with suppress(redis.RedisError):
            await repair(self._results, error)

    async def _show(self, request_id: RequestId) -> None:
        """Send or edit the message once, when its turn has come."""
        record = await self._store.load(request_id)
        if record is None:
            return
        kind = self._first_answers if record.message_id is None else self._others
        # A chat that waits for its own limit holds one of the calls, not all.
        async with self._chats.setdefault(record.chat_id, asyncio.Lock()):
            async with kind:
                await self._calls.acquire()
            try:
                await self._show_now(request_id)
            finally:
                self._calls.release()

    async def _show_now(self, request_id: RequestId) -> None:
        """Send or edit the message once; record that Telegram has accepted or refused it."""
        self._message_tasks[request_id].stale = False  # of what has changed until now
        record = await self._store.load(request_id)
        wanted = view(record) if record else None
        if record is None or wanted is None:
            return
        if record.is_pending and record.message_id and not self.has_room(record.chat_id):
            message_task = self._message_tasks[request_id]
            message_task.stale = True  # other messages come first
            if not message_task.final.is_set():  # the record has what this progress says
                await self._acknowledge(message_task, set(message_task.entries))
            return
        try:
            if sketch := record.sketch and await self._sketch(record):
                wanted = replace(wanted, picture=sketch)
            chat_id, message_id = await self._send_or_edit(record, wanted)
        except Expired:
            await self.change(request_id, NotShowable(Failure.EXPIRED))
        except ChatMigrated as error:
            await self.change(request_id, Moved(error.new_chat_id))
        except Forbidden as error:
            await self._give_up(request_id, error)
        except BadRequest as error:
            await self._refused(record, error)
        else:
            if chat_id != record.chat_id:  # the group has become a supergroup
                await self._note(request_id, Moved(chat_id))
            shown = Shown(message_id, record.state, record.sketch, is_photo=bool(sketch))
            await self._note(request_id, shown)

    async def _note(self, request_id: RequestId, change: Change) -> None:
        """Record what Telegram has accepted, however long Redis is away: else it is sent twice."""
        failures = 0
        while True:
            try:
                await self._store.change(request_id, change)
                return
            except redis.RedisError as error:
                failures += 1
                await asyncio.sleep(await self._pause_after(request_id, error, failures))

    async def _send_or_edit(self, record: Record, wanted: Screen) -> tuple[int, int]:
        """Send or edit the message; returns its chat id and message id."""
        if record.state is State.FINISHED and not record.has_picture:
            wanted = replace(wanted, picture=await self._picture(record))
        if record.message_id is None:
            chat_id, topic = record.chat_id, record.thread_id
            # In a group, the reply shows whose request it is.
            sent = await send(self._bot, chat_id, wanted, reply_to=record.reply_to, topic=topic)
            return sent.chat_id, sent.message_id
        where = record.chat_id, record.message_id
        await edit(self._bot, *where, wanted, is_photo=record.is_photo)
        return where

    async def _sketch(self, record: Record) -> bytes:
        """The sketch that is due; empty where it has expired, or none is due any more."""
        if record.state is not State.DRAWING:
            return b""
        return await asyncio.to_thread(load_sketch, self._results, record.id)

    async def _picture(self, record: Record) -> bytes:
        try:
            stickers = await in_picture_thread(stickers_of, self._results, record)
        except UnidentifiedImageError:  # another program has overwritten the stickers in Redis
            stickers = []
        if not stickers:
            raise Expired
        return await in_picture_thread(render_preview, stickers)

    async def _refused(self, record: Record, error: BadRequest) -> None:
        """Handle a permanent refusal: show a text that says so, if Telegram may accept one."""
        if says(error, MESSAGE_IS_PHOTO) and not record.is_photo:
            await self.change(record.id, MessageIsPhoto())
            return
        if record.sketch and record.state is State.DRAWING:
            log.info("request %s: a sketch is refused: %s", record.id, error)
            await self.change(record.id, SketchRefused())
            return
        picture_refused = record.state is State.FINISHED and not record.has_picture
        if picture_refused and says(error, PHOTOS_ARE_FORBIDDEN):
            await self.change(record.id, NotShowable(Failure.NO_PHOTOS))
        elif picture_refused and not is_everyday(error):
            log.error("request %s: the picture is refused: %s", record.id, error)
            await self.change(record.id, NotShowable(Failure.REFUSED))
        else:
            await self._give_up(record.id, error)

    async def _give_up(self, request_id: RequestId, error: Exception) -> None:
        log.warning("request %s: its message is out of reach: %s", request_id, error)
        await self._store.change(request_id, MessageGone())


def _is_unexpected(error: Exception) -> bool:
    """Whether to log a traceback: the error is no outage, so it may be a bug of the bot."""
    return not isinstance(error, (TelegramError, redis.RedisError, OSError))
