"""Records in Redis: bots of different versions, and one that was suspended, share them."""

import asyncio
import json
from typing import Any

import redis
import redis.asyncio

from bot.packs.names import Kind, pack_link
from bot.requests.record import Choosing, Placed, Queued, Record, State
from bot.requests.store import Store
from bot.requests.view import view
from emojich_core.request import Candidate
from worker.queue.events import Finished, Progress

KEY = "emojich:request:7_12"
PACK, EMOJI_PACK = "emojich_7_1_by_bot", "emoji_7_2_by_bot"
# As 0.1.0 has written it, whose record had four fields in place of `placed`.
OLD = (
    r'{"id": "7_12", "user_id": 7, "chat_id": 7, "prompt": "\u043a\u043e\u0442", "language": "ru",'
    r' "reply_to": 0, "thread_id": 0, "message_id": 13, "over_photo": false, "shown": "finished",'
    r' "state": "finished", "wanted": 3, "seed": 5, "boldness": 1.0, "outline": false,'
    r' "emoji": ["\ud83d\udc31"], "like": "", "queued": {"place": 1, "seconds": 0},'
    r' "fraction": 0.0, "count": 3, "unknown": "", "instead": "", "failure": "failed",'
    r' "uploads": {"1": "file"}, "choosing": false, "successor": "",'
    r' "added": {"1": "emojich_7_1_by_bot"}, "emoji_uploads": {"0": "small"},'
    r' "emoji_added": {"0": "emoji_7_2_by_bot"}}'
)


async def read_and_write(server: str) -> Record:
    """The record, which is written again."""
    async with redis.asyncio.Redis.from_url(server) as connection:
        record = await Store(connection).change("7_12", Choosing(False))
        assert record
        return record


def test_record_of_an_older_bot_is_read_and_written_as_it_was(
    server: str, connection: redis.Redis
) -> None:
    connection.set(KEY, OLD)
    record = asyncio.run(read_and_write(server))
    assert record.placed == {
        Kind.STICKERS: Placed({1: "file"}, {1: PACK}),
        Kind.EMOJI: Placed({0: "small"}, {0: EMOJI_PACK}),
    }
    screen = view(record)
    assert screen
    assert screen.keyboard
    candidates, *_, sticker_link, emoji_link = screen.keyboard.inline_keyboard
    assert [button.text for button in candidates] == ["✓ 1", "✓ 2", "3 🐱"]
    links = [pack_link(name) for name in (PACK, EMOJI_PACK)]
    assert [row[0].url for row in (sticker_link, emoji_link)] == links
    assert all(link in screen.text for link in links)
    written: bytes = connection.get(KEY)  # type: ignore[assignment]
    assert json.loads(written) == json.loads(OLD)


def test_record_from_before_custom_emoji_is_read(server: str, connection: redis.Redis) -> None:
    fields = {k: v for k, v in json.loads(OLD).items() if not k.startswith("emoji_")}
    connection.set(KEY, json.dumps(fields))
    record = asyncio.run(read_and_write(server))
    assert record.placed == {Kind.STICKERS: Placed({1: "file"}, {1: PACK}), Kind.EMOJI: Placed()}


class Suspended(redis.asyncio.Redis):
    """The connection of a bot that is suspended as soon as it has read a record."""

    def __init__(self, **options: Any):
        super().__init__(**options)
        self.has_read, self.resumed = asyncio.Event(), asyncio.Event()

    async def execute_command(self, *arguments: Any, **options: Any) -> Any:
        """Redis's answer; one to GET only after `resumed`."""
        answer = await super().execute_command(*arguments, **options)
        if arguments[0] == "GET":
            self.has_read.set()
            await self.resumed.wait()
        return answer


def test_change_of_a_suspended_bot_does_not_undo_those_of_the_next(server: str) -> None:
    record = Record("7_13", 7, 7, "кот", "ru")
    end = Finished(record.id, (Candidate(0, 1, 1.0, "unet"),))

    async def change() -> None:
        suspended, other = Suspended.from_url(server), redis.asyncio.Redis.from_url(server)
        async with suspended, other:
            store, next_store = Store(suspended), Store(other)
            await next_store.create(record)
            late = asyncio.create_task(store.change(record.id, Progress(record.id, 0.9)))
            await suspended.has_read.wait()
            finished = await next_store.change(record.id, end)
            assert finished
            suspended.resumed.set()
            assert await late == finished
            assert await next_store.load(record.id) == finished
            assert finished.state is State.FINISHED

    asyncio.run(change())


def test_record_made_by_a_suspended_bot_does_not_replace_that_of_the_next(
    server: str,
) -> None:
    record = Record("7_14", 7, 7, "кот", "ru")

    async def create() -> None:
        suspended, other = Suspended.from_url(server), redis.asyncio.Redis.from_url(server)
        async with suspended, other:
            late = asyncio.create_task(Store(suspended).create(record))
            await suspended.has_read.wait()
            await Store(other).create(record)
            queued = await Store(other).change(record.id, Queued(5))
            suspended.resumed.set()
            assert await late == queued

    asyncio.run(create())
