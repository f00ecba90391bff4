"""/history: a user's last prompts, each with a button that shows or draws its stickers again.

    emojich:history:<user id>  hash  request id → `PastRequest` as JSON

The same request with the same seed gives the same stickers, so no pictures need to be stored.
Requests for similar stickers and requests with an image prompt are left out, because the codes and
the picture expire in about a day.
"""

import asyncio
import json
import time
from dataclasses import asdict, dataclass
from typing import Any

import redis
import redis.asyncio
from telegram import InlineKeyboardMarkup, Update

from bot.admin.redis_repair import delete, read
from bot.requests.delivery import Delivery
from bot.requests.intake import Intake
from bot.requests.limits import HISTORY, Refusal
from bot.requests.record import Record, Reopened
from bot.requests.store import Store
from bot.telegram.callbacks import ButtonPress, Callback, OldButton
from bot.telegram.context import Context
from bot.telegram.messages import Screen, reply, topic_of
from bot.texts import shortened
from emojich_core.request import MAX_COUNT, MAX_SEED
from worker.queue.decoding import from_json
from worker.queue.request_ids import RequestId, id_of_update
from worker.queue.results import load_stickers


@dataclass(frozen=True)
class PastRequest:
    """The settings with which a request can be drawn again."""

    prompt: str
    count: int
    seed: int
    boldness: float
    outline: bool
    emoji: list[str]
    at: float  # when it was drawn, seconds since 1970
    model: str = ""  # the name of the bundle that has drawn the request
    longer: bool = False


class History:
    """The last prompts of all users, in Redis."""

    def __init__(self, connection: redis.asyncio.Redis):
        self._redis = connection

    async def add(self, record: Record) -> None:
        """Store a finished request, and delete the oldest beyond HISTORY.  Safe to repeat."""
        if record.like or record.image:
            return
        past = PastRequest(
            prompt=record.prompt,
            count=record.wanted,
            seed=record.seed,
            boldness=record.boldness,
            outline=record.outline,
            emoji=record.emoji,
            at=time.time(),
            model=record.model,
            longer=record.longer,
        )
        key = _key(record.user_id)
        async with self._redis.pipeline(transaction=False) as pipe:
            pipe.hsetnx(key, record.id, json.dumps(asdict(past)))
            pipe.hlen(key)
            _, count = await pipe.execute()
        if count > HISTORY:
            for request_id in list(await self.all(record.user_id))[HISTORY:]:
                await self._redis.hdel(key, request_id)

    async def all(self, user_id: int) -> dict[RequestId, PastRequest]:
        """The last prompts of a user by request id, the newest first."""
        stored: Any = await self._redis.hgetall(_key(user_id))
        found = {
            RequestId(field.decode(errors="replace")): past
            for field, value in stored.items()
            if (past := read(_key(user_id), value, _decode))
        }
        return dict(sorted(found.items(), key=lambda item: -item[1].at))

    async def forget(self, user_id: int) -> None:
        """Delete the last prompts of a user."""
        await delete(self._redis, _key(user_id))


def _decode(data: bytes) -> PastRequest:
    past = from_json(PastRequest, data)
    if not (0 <= past.count <= MAX_COUNT and 0 <= past.seed <= MAX_SEED):
        raise ValueError("it cannot be drawn")
    return past


def _key(user_id: int) -> str:
    return f"emojich:history:{user_id}"


@dataclass(frozen=True)
class HistoryButton(Callback):
    """Shows the stickers of a past request, or draws them again."""

    kind = "past"
    owner: int
    request_id: RequestId


class HistoryMenu:
    """Shows the last prompts, and shows or draws their stickers again."""

    def __init__(
        self,
        history: History,
        store: Store,
        intake: Intake,
        delivery: Delivery,
        results: redis.Redis,
    ):
        self._history = history
        self._store = store
        self._intake = intake
        self._delivery = delivery
        self._results = results

    async def show(self, update: Update, context: Context) -> None:
        """Answer /history."""
        user, message = update.effective_user, update.effective_message
        if not (user and message):
            return
        words = context.words
        rows = [
            [HistoryButton(user.id, request_id).button(shortened(past.prompt))]
            for request_id, past in (await self._history.all(user.id)).items()
        ]
        text = words("history", count=len(rows)) if rows else words("history-none")
        keyboard = InlineKeyboardMarkup(rows) if rows else None
        await reply(message, Screen(text, keyboard))

    async def press(self, press: ButtonPress[HistoryButton]) -> str:
        """Show the stickers of a request while they are in Redis, else draw them again.

        Returns a sentence for the user.  Raises OldButton for a request not in the history.
        """
        request_id = press.button.request_id
        past = (await self._history.all(press.user.id)).get(request_id)
        if past is None or press.query.message is None:
            raise OldButton
        record = await self._store.load(request_id)
        # A request of a group is drawn again here, so that it does not appear in the group again.
        is_shown_here = record is not None and record.is_private and record.has_stickers
        if is_shown_here and await self._has_stickers(request_id):
            await self._delivery.change(request_id, Reopened())
            return press.words("history-shown")
        again = Record(
            id=id_of_update(press.user.id, press.update_id),
            user_id=press.user.id,
            chat_id=press.query.message.chat.id,
            prompt=past.prompt,
            language=press.words.language,
            wanted=past.count,
            seed=past.seed,
            boldness=past.boldness,
            outline=past.outline,
            model=past.model,
            longer=past.longer,
            emoji=past.emoji,
            thread_id=topic_of(press.query.message),
        )
        try:
            await self._intake.take(again)
        except Refusal as error:
            return error.say(press.words)
        return press.words("history-again")

    async def _has_stickers(self, request_id: RequestId) -> bool:
        return bool(await asyncio.to_thread(load_stickers, self._results, request_id))
