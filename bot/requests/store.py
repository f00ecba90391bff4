"""Records of requests, in Redis.

    emojich:request:<request id>   string       a `Record` as JSON
    emojich:open                 hash         request id → user id, of the open requests
    emojich:prompt:<user>:<chat>:<message>   list    ids of the requests of a prompt, line by line
    emojich:message:<user>:<chat>:<message>  string  id of the request that a message shows

<user> is the user who sent the prompt: under another user's id a message of a group is not found,
and /forget finds all keys of a user.  The strings and lists expire after RECORD_TTL.

Locks in the process order the changes that one bot makes to a record.  A bot that was suspended
while another one took over may hold an old copy of it: so a change is saved only if the record is
still as it was read, and otherwise applied to the new one.
"""

import asyncio
import json
from dataclasses import asdict, replace
from typing import Any
from weakref import WeakValueDictionary

import redis.asyncio

from bot.admin.redis_repair import log, read
from bot.packs.names import Kind, is_pack_name
from bot.requests.ends import note_change
from bot.requests.record import CandidateRef, Change, Failure, Record, State, advance
from bot.texts import ENGLISH, RUSSIAN
from emojich_core.request import MAX_COUNT
from worker.queue.decoding import decode, from_json
from worker.queue.request_ids import RequestId, ids_of_user, user_of

RECORD_TTL = 48 * 3600  # seconds; longer than a job waits and than its stickers are kept
OPEN = "emojich:open"
_BATCH = 100  # records read at once; decoding more would hold the bot up for too long
# The fields of the JSON that hold `Placed.uploads` and `Placed.packs` of a kind: bots of different
# versions read each other's records, so the names stay.
_FIELDS = {Kind.STICKERS: ("uploads", "added"), Kind.EMOJI: ("emoji_uploads", "emoji_added")}
# Fields that 0.1.0 did not know, left out where they say nothing: `Record`'s defaults.
_NEW_FIELDS = (
    "image",
    "model",
    "styles",
    "choosing_style",
    "longer",
    "judge",
    "picture",
    "reportable",
    "sketch",
    "no_sketches",
    "counted",
)


# Saves a record if it is still as it was read, or already as it is to be: a call can be repeated.
# KEYS: the record, the open requests, and, if there is one, the message.
# ARGV: the record as it was read, the new one, the seconds that it lives, its id, and its owner, or
# "" if it is no longer open.
_SAVE_SCRIPT = """
local now = redis.call('GET', KEYS[1])
if now ~= ARGV[1] and now ~= ARGV[2] then return 0 end
if ARGV[5] == '' then  -- before SET: if it fails, nothing is saved
    redis.call('HDEL', KEYS[2], ARGV[4])
else
    redis.call('HSET', KEYS[2], ARGV[4], ARGV[5])
end
redis.call('SET', KEYS[1], ARGV[2], 'EX', ARGV[3])
if KEYS[3] then redis.call('SET', KEYS[3], ARGV[4], 'EX', ARGV[3]) end
return 1
"""


class Store:
    """Loads and changes the records of requests."""

    def __init__(self, connection: redis.asyncio.Redis):
        self._redis = connection
        self._locks: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    def records_lock(self, user_id: int) -> asyncio.Lock:
        """The lock for changes to a user's records; code that deletes them takes it, too.

        With one lock for all users, each first answer would wait for all other changes.
        """
        return self._locks.setdefault(str(user_id), asyncio.Lock())

    def _lock_of_request(self, request_id: RequestId) -> asyncio.Lock:
        return self._locks.setdefault(user_of(request_id), asyncio.Lock())

    async def load(self, request_id: RequestId) -> Record | None:
        """The record of a request; None when it is unknown or has expired."""
        _, record = await self._load_raw(request_id)
        return record

    async def _load_raw(self, request_id: RequestId) -> tuple[bytes | None, Record | None]:
        """The value of a request's key in Redis, and its record if the value can be decoded."""
        key = _record_key(request_id)
        data: Any = await self._redis.get(key)
        return data, None if data is None else read(key, data, _decode)

    async def create(self, record: Record) -> Record:
        """Store the record of a new request, which is open from its first change on.

        Returns the stored record: an earlier one where the id has one already.
        """
        key = _record_key(record.id)
        async with self._lock_of_request(record.id):
            data, known = await self._load_raw(record.id)
            if known is None:
                is_new = data is None  # otherwise an unreadable record is replaced
                if not await self._redis.set(key, _encode(record), ex=RECORD_TTL, nx=is_new):
                    known = await self.load(record.id)  # which another bot has just made
            return known or record

    async def discard(self, request_id: RequestId) -> None:
        """Delete the record of a request that was not queued."""
        async with self._lock_of_request(request_id):
            await self._redis.delete(_record_key(request_id))

    async def change(self, request_id: RequestId, change: Change) -> Record | None:
        """Apply a change to a record; returns the new record, None when there is none."""
        async with self._lock_of_request(request_id):
            while True:
                before, record = await self._load_raw(request_id)
                if before is None or record is None:
                    return None
                changed = advance(record, change)
                ends = record.is_open and not (changed.is_open or record.counted)
                changed = replace(changed, counted=changed.counted or ends)
                if await self._save(changed, before):
                    note_change(record, changed)
                    return changed

    async def open_requests(self) -> list[Record]:
        """The records of the requests whose users still wait for something."""
        records = []
        ids: list[Any] = await self._redis.hkeys(OPEN)
        for begin in range(0, len(ids), _BATCH):
            batch = ids[begin : begin + _BATCH]
            texts: Any = await self._redis.mget([_record_key(_read_id(id_)) for id_ in batch])
            for request_id, text in zip(batch, texts, strict=True):
                key = _record_key(_read_id(request_id))
                if text is None:  # expired while no bot ran; or no string, and this raises
                    record = await self.load(_read_id(request_id))
                else:
                    record = read(key, text, _decode)
                if record is None:
                    await self._redis.hdel(OPEN, request_id)
                else:
                    records.append(record)
        return records

    async def are_open(self, request_ids: list[RequestId]) -> set[RequestId]:
        """Those of some requests that are open; unlike `open_of`, it does not read all."""
        if not request_ids:
            return set()
        owners: Any = await self._redis.hmget(OPEN, request_ids)
        return {id_ for id_, owner in zip(request_ids, owners, strict=True) if owner is not None}

    async def open_of(self, user_id: int) -> list[RequestId]:
        """The ids of this user's open requests."""
        owners: Any = await self._redis.hgetall(OPEN)
        if not all(map(bytes.isdigit, owners.values())):
            log.warning("%s: an owner that is no number is left out", OPEN)
        own = str(user_id).encode()
        return [_read_id(id_) for id_, owner in owners.items() if owner == own]

    async def latest(self, request_id: RequestId) -> Record | None:
        """The record of a request, or of the request that has taken over its message."""
        record = await self.load(request_id)
        while record and record.successor:
            record = await self.load(record.successor)
        return record

    async def of_message(self, user_id: int, chat_id: int, message_id: int) -> Record | None:
        """The record of the user's request that a message of the bot shows."""
        request_id: Any = await self._redis.get(_message_key(user_id, chat_id, message_id))
        return await self.load(_read_id(request_id)) if request_id else None

    async def remember_prompt(
        self, user_id: int, chat_id: int, message_id: int, requests: list[RequestId]
    ) -> None:
        """Store the ids of the requests that a user's message asks for, one for each line."""
        key = _prompt_key(user_id, chat_id, message_id)
        async with self._redis.pipeline() as pipe:
            pipe.delete(key)
            pipe.rpush(key, *requests)
            pipe.expire(key, RECORD_TTL)
            await pipe.execute()

    async def requests_of(self, user_id: int, chat_id: int, message_id: int) -> list[RequestId]:
        """The ids of the requests that a message has asked for; empty when they have expired."""
        ids: Any = await self._redis.lrange(_prompt_key(user_id, chat_id, message_id), 0, -1)
        return [_read_id(request_id) for request_id in ids]

    async def forget(self, user_id: int) -> None:
        """Delete the records of all of a user's requests, and the keys that lead to them.

        The caller holds the user's `records_lock`.
        """
        for pattern in (
            _record_key(ids_of_user(user_id)),
            _prompt_key(user_id, "*", "*"),
            _message_key(user_id, "*", "*"),
        ):
            async for key in self._redis.scan_iter(pattern, count=1000):
                await self._redis.delete(key)
        if open_requests := await self.open_of(user_id):
            await self._redis.hdel(OPEN, *open_requests)

    async def _save(self, record: Record, before: bytes) -> bool:
        """Save a record if Redis still has `before`; returns False, and saves nothing, if not."""
        keys = [_record_key(record.id), OPEN]
        if record.message_id and record.state is not State.REPLACED:
            keys.append(_message_key(record.user_id, record.chat_id, record.message_id))
        owner = str(record.user_id) if record.is_open else ""
        values = (before, _encode(record), RECORD_TTL, record.id, owner)
        saved: Any = self._redis.eval(_SAVE_SCRIPT, len(keys), *keys, *values)
        return bool(await saved)


def _read_id(data: bytes) -> RequestId:
    return RequestId(data.decode(errors="replace"))


def _record_key(request_id: str) -> str:
    return f"emojich:request:{request_id}"


def _prompt_key(user_id: int, chat_id: int | str, message_id: int | str) -> str:
    return f"emojich:prompt:{user_id}:{chat_id}:{message_id}"


def _message_key(user_id: int, chat_id: int | str, message_id: int | str) -> str:
    return f"emojich:message:{user_id}:{chat_id}:{message_id}"


def _decode(data: bytes) -> Record:
    """The record of a JSON text.  Raises ValueError where a message could not show it."""
    stored = from_json(dict[str, Any], data)
    stored["placed"] = {
        kind: {"uploads": stored.get(uploads, {}), "packs": stored.get(packs, {})}
        for kind, (uploads, packs) in _FIELDS.items()
    }
    record: Record = decode(Record, stored)
    count_fits = record.count <= MAX_COUNT and (record.count > 0 or record.state != State.FINISHED)
    if not (
        count_fits
        and record.language in (RUSSIAN, ENGLISH)
        and record.failure in set(Failure)
        and all(map(is_pack_name, record.packs))
    ):
        raise ValueError("it cannot be shown")
    if record.like:
        CandidateRef.parse(record.like)
    return record


def _encode(record: Record) -> str:
    stored = asdict(record)
    for kind, placed in stored.pop("placed").items():
        uploads, packs = _FIELDS[kind]
        stored |= {uploads: placed["uploads"], packs: placed["packs"]}
    for name in _NEW_FIELDS:
        if not stored[name]:
            del stored[name]
    return json.dumps(stored)
