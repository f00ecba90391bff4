"""Stores updates in Redis until they are handled, each user's in their order.

    emojich:updates         hash         update → its JSON, until it has been handled
    emojich:updates:seen    sorted set   the updates of the last day, by time of arrival
    emojich:updates:tries   hash         update → how often a bot has begun to handle it

The bot confirms an update to Telegram only when it is stored, so a killed bot loses none.  The next
bot handles the updates that the last one left, so handlers must be safe to repeat.
"""

import asyncio
import json
import logging
import re
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from functools import partial
from hashlib import sha256
from typing import Any, TypeVar

import redis
import redis.asyncio
from telegram import Update
from telegram.ext import Application, ApplicationHandlerStop

from bot.logs import reason
from bot.telegram.context import Context
from bot.telegram.object_types import check
from bot.telegram.tasks import end

STORED = "emojich:updates"
SEEN = "emojich:updates:seen"
TRIES = "emojich:updates:tries"
TTL = 24 * 3600  # seconds; Telegram does not keep updates for longer, either
MAX_STORED = 10_000  # more of them stay with Telegram
MAX_ID = 2**31 - 1  # of an update; a larger one would confirm all others
LOOK_INTERVAL = 2.0  # seconds before the bot finds updates that a restarted Redis has restored
PAUSE = 1.0  # seconds between two attempts to reach Redis
# How often Redis may go away while an update is handled, and how often a bot may end.
MAX_TRIES = 5
PACE = 0.5  # seconds between two suspects: updates during which a bot has ended
SYNC_TIME = 3000  # milliseconds; `appendfsync everysec` takes two seconds at most
STOP_TIME = 3.0  # seconds that handlers at work have left when the bot stops

_OUTAGE = (redis.ConnectionError, redis.TimeoutError)
_KEYS = (STORED, SEEN, TRIES)
_KEY = re.compile(rb"[0-9]{1,10}:[0-9a-f]{16}")  # of an update: see `_entry`

# Safe to repeat: it stores only updates that were not seen before.
_STORE_SCRIPT = """
local now, ttl = tonumber(ARGV[1]), tonumber(ARGV[2])
redis.call('ZREMRANGEBYSCORE', KEYS[2], '-inf', now - ttl)
local new = {}
for i = 3, #ARGV, 2 do
    if not redis.call('ZSCORE', KEYS[2], ARGV[i]) then
        redis.call('HSET', KEYS[1], ARGV[i], ARGV[i + 1])  -- first: if it fails, none was seen
        redis.call('ZADD', KEYS[2], now, ARGV[i])
        table.insert(new, ARGV[i])
    end
end
for _, key in ipairs(KEYS) do redis.call('EXPIRE', key, ttl) end
return new
"""

Result = TypeVar("Result")
ErrorHandler = Callable[[object, Context], Awaitable[None]]
Repair = Callable[[BaseException | None], Awaitable[bool]]

log = logging.getLogger(__name__)


class GivenUp(Exception):
    """The bot gives an update up: each bot that has begun to handle it has ended meanwhile."""


class Inbox:
    """Stores updates, and has the application handle them."""

    def __init__(
        self,
        application: Application[Any, Any, Any, Any, Any, Any],
        connection: redis.asyncio.Redis,
        report: ErrorHandler,
        repair: Repair,
    ):
        """`report` handles errors, except when Redis was away for a moment.

        `repair` removes the cause of an error of Redis, and returns whether it could.
        """
        self._application = application
        self._redis: Any = connection  # some commands are typed for the other kind of connection
        self._report = report
        self._repair = repair
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._begun: set[str] = set()  # since the last look into Redis began
        self._unsynced: asyncio.Queue[Sequence[Any]] = asyncio.Queue()
        self._outages: Counter[int] = Counter()
        self._suspects = asyncio.Lock()
        application.add_error_handler(self._on_error)

    async def store(self, updates: Sequence[Any]) -> None:
        """Store updates, as Telegram's JSON has them; those that came before are left out.

        Once this has returned, Telegram may forget them.
        Raises redis.RedisError.
        """
        while len(self._tasks) >= MAX_STORED:
            await asyncio.sleep(PAUSE)
        entries = dict(filter(None, map(_entry, updates)))
        if not entries:
            return
        pairs = [part for entry in entries.items() for part in entry]
        command = (_STORE_SCRIPT, len(_KEYS), *_KEYS, time.time(), TTL, *pairs)
        try:
            new = await self._redis.eval(*command)
        except redis.ResponseError as error:  # full, say: handle them now, so that users are told
            if await self._repair(error):
                return await self.store(updates)
            log.error("Redis does not keep updates: %s", reason(error))
            await asyncio.gather(*(self._handle(*entry) for entry in entries.items()))
        else:
            self._unsynced.put_nowait(command)
            for key in map(bytes.decode, new):  # at once; `_look_for_new` finds what is left out
                self._begin(key, entries[key], 0)

    async def run(self) -> None:
        """Handle updates, forever, through outages of Redis."""
        await asyncio.gather(self._look_for_new(), self._sync())

    async def stop(self) -> None:
        """Wait a moment for handlers at work; the next bot repeats those that have not ended."""
        if tasks := set(self._tasks.values()):
            _, unfinished = await asyncio.wait(tasks, timeout=STOP_TIME)
            await end(unfinished)

    async def _look_for_new(self) -> None:
        while True:
            try:
                await self._begin_new()
            except redis.RedisError as error:
                log.warning("updates: %s; trying again", reason(error))
                await self._repair(error)
            await asyncio.sleep(LOOK_INTERVAL)

    async def _begin_new(self) -> None:
        self._begun.clear()
        stored = await self._redis.hkeys(STORED)
        if rubbish := [key for key in stored if not _KEY.fullmatch(key)]:
            log.warning("%s: what is no update is left out", STORED)
            await self._redis.hdel(STORED, *rubbish)
        keys = [key.decode() for key in stored if key not in rubbish]
        new = sorted((key for key in keys if key not in self._tasks), key=_number)
        if not new:
            return
        texts, tries = await self._redis.hmget(STORED, new), await self._redis.hmget(TRIES, new)
        for key, text, count in zip(new, texts, tries, strict=True):
            # Else it has just been handled, or `store` has begun it since this look began.
            if text is not None and key not in self._begun:
                tried = int(count) if re.fullmatch(rb"[0-9]{1,9}", count or b"") else 0
                self._begin(key, text, tried)

    def _begin(self, key: str, text: str | bytes, tries: int) -> None:
        if key not in self._tasks:
            self._begun.add(key)
            self._tasks[key] = asyncio.create_task(self._handle_stored(key, text, tries))

    async def _sync(self) -> None:
        """Store updates again in a Redis that was killed before they were on its disk.

        To wait for the disk before confirming updates would delay each by up to a second.
        """
        while True:
            commands = [await self._unsynced.get()]
            while not self._unsynced.empty():
                commands.append(self._unsynced.get_nowait())
            with suppress(redis.ResponseError):  # a Redis without a file, or older than 7.2
                await _through_outages(partial(self._store_and_wait, commands))

    async def _store_and_wait(self, commands: list[Sequence[Any]]) -> None:
        async with self._redis.pipeline(transaction=False) as pipe:
            for command in commands:
                pipe.eval(*command)
            pipe.execute_command("WAITAOF", 1, 0, SYNC_TIME)
            await pipe.execute()

    async def _handle_stored(self, key: str, text: str | bytes, tries: int) -> None:
        await self._handle(key, text, tries)
        await _through_outages(partial(self._forget, key))
        del self._tasks[key]

    async def _forget(self, key: str) -> None:
        async with self._redis.pipeline(transaction=False) as pipe:
            pipe.hdel(STORED, key)
            pipe.hdel(TRIES, key)
            try:
                await pipe.execute()
            except redis.ResponseError as error:  # one of the two keys has another type
                await self._repair(error)

    async def _handle(self, key: str, text: str | bytes, tries: int = 0) -> None:
        try:
            update = _read(text, self._application)
        except Exception as error:  # not its message, which may quote a user's
            name = type(error).__name__
            log.warning("update %d cannot be read and is left out: %s", _number(key), name)
            return
        processor = self._application.update_processor
        await processor.process_update(update, self._process(key, update, tries))

    async def _process(self, key: str, update: Update, tries: int) -> None:
        if tries > 1:  # one at a time, to see which of the updates ends the bot
            async with self._suspects:
                await asyncio.sleep(PACE)
        if await _through_outages(partial(self._count_try, key)) > MAX_TRIES:
            why = f"update {update.update_id} is given up: {MAX_TRIES} bots have ended over it"
            await self._application.process_error(update, GivenUp(why))
            return
        for outages in range(1, MAX_TRIES + 1):
            await self._application.process_update(update)
            if self._outages[update.update_id] < outages:
                break
            await asyncio.sleep(PAUSE)
        del self._outages[update.update_id]

    async def _count_try(self, key: str) -> int:
        with suppress(redis.ResponseError):  # Redis is full
            return int(await self._redis.hincrby(TRIES, key, 1))
        return 1

    async def _on_error(self, update: object, context: Context) -> None:
        """Report an error; after an outage of Redis, have the update handled again instead."""
        passes = isinstance(context.error, _OUTAGE) or await self._repair(context.error)
        if isinstance(update, Update) and passes:
            self._outages[update.update_id] += 1
            if self._outages[update.update_id] < MAX_TRIES:
                raise ApplicationHandlerStop
        await self._report(update, context)


def update_id(update: Any) -> int | None:
    """The id of an update in Telegram's JSON; None if it has none."""
    number = update.get("update_id") if isinstance(update, dict) else None
    return number if type(number) is int and 0 < number <= MAX_ID else None


def _entry(update: Any) -> tuple[str, str] | None:
    """The key and the JSON of an update; None if it has no id.

    Updates of two bots may have the same id, so the key holds a hash of the content, too.
    """
    number = update_id(update)
    if number is None:
        log.warning("an update without an id is left out")
        return None
    text = json.dumps(update)
    return f"{number}:{sha256(text.encode()).hexdigest()[:16]}", text


def _number(key: str) -> int:
    """The id of the update with this key; Telegram numbers updates in their order."""
    return int(key.partition(":")[0])


def _read(text: str | bytes, application: Application[Any, Any, Any, Any, Any, Any]) -> Update:
    """The update of a JSON text; raises any error of python-telegram-bot."""
    update = Update.de_json(json.loads(text), application.bot)
    check(update)
    return update


async def _through_outages(call: Callable[[], Awaitable[Result]]) -> Result:
    """The result of a call of Redis, repeated while Redis is away."""
    while True:
        try:
            return await call()
        except _OUTAGE:
            await asyncio.sleep(PAUSE)
