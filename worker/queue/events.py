"""Events from the worker to the bot, in a Redis stream.

A stream and not pub/sub, so that a bot that was down finds its events when it returns.  The bot
reads through a consumer group and acknowledges an event once Telegram has taken the message.
"""

import json
import logging
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import redis
import redis.asyncio

from emojich_core.request import MAX_COUNT, Candidate
from worker.queue import decoding
from worker.queue.ends import END_TTL, SILENTLY, ended_key
from worker.queue.sketches import sketch_key
from worker.queue.stats import COUNTS_TTL, FINISHED, counts_key

STREAM = "emojich:events"
GROUP = "bot"
MAX_EVENTS = 100_000  # the stream forgets older ones
MAX_UNREAD = 1000  # beyond it no bot is reading: progress is dropped, to leave room for ends
BLOCK = 2000  # milliseconds; below redis-py's socket time-out of 5 seconds
# Milliseconds after which an event that was read, but not acknowledged, is read again.
CLAIM_AFTER = 60_000

log = logging.getLogger("emojich.events")


@dataclass(frozen=True)
class Progress:
    """The request is being drawn."""

    request_id: str
    fraction: float  # 0 to 1
    sketch: int = 0  # number of a new sketch (see `worker.queue.sketches`); 0: there is no new one


@dataclass(frozen=True)
class Finished:
    """The stickers are in Redis (see `worker.queue.results`)."""

    request_id: str
    candidates: tuple[Candidate, ...]
    # A word of the prompt that the bundle does not know, and what it drew instead: see `Reading`.
    unknown: str = ""
    instead: str = ""
    model: str = ""  # the name of the bundle that has drawn it
    judge: str = ""  # the model that chose among more candidates, if not perplexity


@dataclass(frozen=True)
class Failed:
    """The request ends without stickers.  `reason`: a key of the bot's texts."""

    request_id: str
    reason: str  # "failed", "timeout", "memory", "unknown" or "no-image"


Event = Progress | Finished | Failed
KINDS = {"progress": Progress, "finished": Finished, "failed": Failed}


def to_json(event: Event) -> str:
    """Text that `from_json` turns back into an equal event."""
    data: dict[str, Any] = {"request_id": event.request_id}
    match event:
        case Progress(fraction=fraction, sketch=sketch):
            data |= {"kind": "progress", "fraction": round(fraction, 3)}
            data |= {"sketch": sketch} if sketch else {}
        case Finished(candidates=candidates, unknown=unknown, instead=instead, model=model):
            data |= {"kind": "finished", "candidates": [c.to_json() for c in candidates]}
            data |= {"unknown": unknown, "instead": instead, "model": model}
            data |= {"judge": event.judge} if event.judge else {}
        case Failed(reason=reason):
            data |= {"kind": "failed", "reason": reason}
    return json.dumps(data)


def from_json(text: str | bytes) -> Event:
    """The event that `to_json` wrote.  Raises ValueError for another text."""
    data = decoding.from_json(dict[str, Any], text)
    kind = decoding.decode(str, data.get("kind"))
    if kind not in KINDS:
        raise ValueError("unknown kind of event")
    event: Event = decoding.decode(KINDS[kind], data)
    match event:
        case Progress(fraction=fraction, sketch=sketch) if not (0 <= fraction <= 1 and sketch >= 0):
            raise ValueError("progress out of bounds")
        case Finished(candidates=candidates) if not 1 <= len(candidates) <= MAX_COUNT:
            raise ValueError("no such number of candidates")
    return event


# Only the first end of a request is appended and counted (see `worker.queue.ends`).  It deletes the
# request's sketch.
_PUBLISH_END = """
redis.call('DEL', KEYS[4])
if redis.call('SET', KEYS[2], '', 'NX', 'EX', ARGV[1]) then
    redis.call('XADD', KEYS[1], 'MAXLEN', '~', ARGV[2], '*', 'event', ARGV[3])
    redis.pcall('HINCRBY', KEYS[3], ARGV[4], 1)  -- no count keeps an end from being told
    redis.pcall('EXPIRE', KEYS[3], ARGV[5])
end
"""


def publish(connection: redis.Redis, event: Event) -> None:
    """Append an event to the stream; of those that end a request, only the first."""
    if isinstance(event, Progress):
        if connection.xlen(STREAM) < MAX_UNREAD:
            connection.xadd(STREAM, {"event": to_json(event)})
    else:
        name = event.request_id
        keys = (STREAM, ended_key(name), counts_key(), sketch_key(name))
        what = event.reason if isinstance(event, Failed) else FINISHED
        arguments = (END_TTL, MAX_EVENTS, to_json(event), what, COUNTS_TTL)
        connection.eval(_PUBLISH_END, len(keys), *keys, *arguments)


def end_silently(connection: redis.Redis, request_id: str) -> bool:
    """End a request without an event; False when one has ended it before.

    True again if a bot repeats the call, because it died before it saved the cancellation.
    """
    key = ended_key(request_id)
    is_first = connection.set(key, SILENTLY, nx=True, ex=END_TTL)
    connection.delete(sketch_key(request_id))  # after the mark, which keeps workers from new ones
    return bool(is_first) or connection.get(key) == SILENTLY


def lag(connection: redis.Redis) -> tuple[int, float]:
    """The number of unacknowledged events, and the age of the oldest in seconds.

    Both times are those of Redis, because this machine's clock may differ from it.
    """
    oldest: Any = connection.xrange(STREAM, count=1)
    if not oldest:
        return 0, 0.0
    began = int(oldest[0][0].partition(b"-")[0]) / 1000
    now: Any = connection.time()
    return int(connection.xlen(STREAM)), max(0.0, now[0] + now[1] / 1e6 - began)


def _read(entry_id: str, fields: dict[bytes, bytes] | None) -> Event | None:
    """The event of a stream entry; None for an entry that cannot be decoded."""
    if not fields:
        return None  # the stream has forgotten it meanwhile
    try:
        return from_json(fields[b"event"])
    except (ValueError, KeyError):  # of another version of the worker, say
        log.warning("%s: the event %s cannot be read and is left out", STREAM, entry_id)
        return None


class EventReader:
    """Reads events as one consumer of the bot's group."""

    def __init__(self, connection: redis.asyncio.Redis, consumer: str):
        self._redis = connection
        self._consumer = consumer

    async def events(self) -> AsyncIterator[list[tuple[str, Event]]]:
        """Yield lists of (entry id, event): those delivered but not acknowledged, then new ones.

        An event that stays unacknowledged is yielded again each minute: a bot that was suspended
        reads new events, as the same consumer, before it notices that another has taken over.
        Never ends.  The caller acknowledges each event once it has been handled.
        """
        await self._make_group()
        last = "0"  # this consumer's own pending entries
        claimed = time.monotonic()
        while True:
            if time.monotonic() - claimed > CLAIM_AFTER / 1000:
                claimed = time.monotonic()
                reply: Any = await self._redis.xautoclaim(
                    STREAM, GROUP, self._consumer, CLAIM_AFTER, count=64
                )
                entries = reply[1]
            else:
                reply = await self._redis.xreadgroup(
                    GROUP, self._consumer, {STREAM: last}, count=64, block=BLOCK
                )
                entries = reply[0][1] if reply else []
                if last != ">":
                    last = entries[-1][0] if entries else ">"
            batch: list[tuple[str, Event]] = []
            for raw_id, fields in entries:
                entry_id = raw_id.decode()
                if event := _read(entry_id, fields):
                    batch.append((entry_id, event))
                else:
                    await self.acknowledge(entry_id)
            if batch:
                yield batch

    async def acknowledge(self, *entry_ids: str) -> None:
        """Delete events that have been handled."""
        async with self._redis.pipeline(transaction=False) as pipe:
            # Deleted first: if the bot dies before `xack`, the next bot handles nothing twice.
            pipe.xdel(STREAM, *entry_ids)  # so the stream holds only unhandled events
            pipe.xack(STREAM, GROUP, *entry_ids)
            await pipe.execute()

    async def _make_group(self) -> None:
        try:
            await self._redis.xgroup_create(STREAM, GROUP, id="0", mkstream=True)
        except redis.ResponseError as error:
            if not str(error).startswith("BUSYGROUP"):
                raise
