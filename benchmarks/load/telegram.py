"""The sandbox as Telegram, and the users who write to the bot, in one process.

    python -m benchmarks.load.telegram FOLDER USERS SECONDS

The Bot API is served over HTTP as `python -m bot.sandbox` does, with two differences: no call
writes to the disk, and only the first photo is decoded and stored; all others count as the same.
Telegram's work on photos is not measured, and 10,000 photos would fill the memory.
Users act without HTTP, because their side is not measured.  The process prints its
address, waits for a line, lets USERS write one prompt each within SECONDS (a Poisson process), and
prints what they have seen as JSON once all have their stickers.
"""

import asyncio
import json
import random
import socket
import statistics
import sys
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from aiohttp import web

from bot.sandbox import actions
from bot.sandbox.decoding import FileRef, Json
from bot.sandbox.sandbox import Sandbox
from bot.sandbox.server import build_app

FIRST_USER = 10_000
PROMPTS = ("кот", "пицца", "ракета", "роза", "дом", "собака", "торт", "робот")
TIMEOUT = 900  # seconds after the last prompt
CALLS: web.AppKey[Counter[str]] = web.AppKey("calls")


@dataclass
class Chat:
    """The times of a user's prompt, of the bot's first answer, and of the stickers."""

    asked: float
    answered: float | None = None
    finished: float | None = None


class Telegram(Sandbox):
    """A sandbox without a disk, which records when the bot's messages arrive."""

    def __init__(self, folder: Path):
        super().__init__(folder, "load_bot")
        self._file.save = lambda: None  # type: ignore[method-assign]
        self.chats: dict[int, Chat] = {}
        self._photo: list[Json] = []

    def photo(self, photo: FileRef) -> list[Json]:
        """The sizes of a photo: those of the first one."""
        self._photo = self._photo or super().photo(photo)
        return self._photo

    def replace(self, message: Json) -> Json:
        """A new message, or a new version of one."""
        chat = self.chats.get(message["chat"]["id"])
        if chat and message["from"]["is_bot"]:
            now = time.monotonic()
            chat.answered = chat.answered or now
            if "photo" in message:
                chat.finished = chat.finished or now
        return super().replace(message)

    def write(self, user_id: int) -> None:
        """A user writes a prompt."""
        self.chats[user_id] = Chat(time.monotonic())
        person = actions.current_user(self, user_id, None, "ru")
        actions.send(self, person, user_id, actions.text(PROMPTS[user_id % len(PROMPTS)]))


@web.middleware
async def count(request: web.Request, handler: Any) -> web.StreamResponse:
    """Count the calls of each method, by the status of their answers."""
    response: web.StreamResponse = await handler(request)
    name = request.match_info.get("method")
    if name and name != "getUpdates":
        request.app[CALLS][f"{name} {response.status}"] += 1
    return response


async def chat(telegram: Telegram, users: int, seconds: float) -> None:
    """Let each user write once, at a random time; wait for the stickers of all users."""
    chance = random.Random(1)
    due = time.monotonic()
    for number in range(users):
        due += chance.expovariate(users / seconds)
        await asyncio.sleep(max(0.0, due - time.monotonic()))
        telegram.write(FIRST_USER + number)
    deadline = time.monotonic() + TIMEOUT
    while any(chat.finished is None for chat in telegram.chats.values()):
        if time.monotonic() > deadline:
            return
        await asyncio.sleep(0.1)


def report(telegram: Telegram, calls: Counter[str]) -> dict[str, Any]:
    """The waiting times of all users, and the calls of the Bot API."""
    chats = telegram.chats.values()
    began = min(chat.asked for chat in chats)
    finished = [chat.finished for chat in chats if chat.finished]
    return {
        "without_stickers": sum(chat.finished is None for chat in chats),
        "answer": _quantiles([c.answered - c.asked for c in chats if c.answered]),
        "stickers": _quantiles([c.finished - c.asked for c in chats if c.finished]),
        "seconds": max(finished, default=began) - began,
        "calls": dict(calls),
    }


def _quantiles(values: list[float]) -> list[float]:
    """The median and the 99th percentile."""
    if len(values) < 2:
        return values * 2
    return [statistics.median(values), statistics.quantiles(values, n=100)[98]]


async def main() -> None:
    """Serve, chat, report."""
    folder, users, seconds = Path(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3])
    telegram = Telegram(folder)
    app = build_app(telegram)
    app[CALLS] = Counter()
    app.middlewares.append(count)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    listener = socket.create_server(("127.0.0.1", 0), backlog=1024)
    await web.SockSite(runner, listener).start()
    print(f"http://127.0.0.1:{listener.getsockname()[1]}", flush=True)
    await asyncio.to_thread(sys.stdin.readline)
    await chat(telegram, users, seconds)
    print(json.dumps(report(telegram, app[CALLS])), flush=True)
    await runner.cleanup()


if __name__ == "__main__":
    asyncio.run(main())
