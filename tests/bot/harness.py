"""Starts the sandbox, and the bot as a thread or a process; acts as a user and as a worker."""

import asyncio
import json
import multiprocessing
import os
import signal
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import cache
from io import BytesIO, StringIO
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, TextIO, TypeVar

import httpx
import redis
import rq
from PIL import Image
from rq.job import JobStatus

from bot.app import run
from bot.config import Config
from bot.requests.store import OPEN
from emojich_core.request import Candidate, Request
from worker.queue.bundles import FIELD, ServedBundle
from worker.queue.connection import connect
from worker.queue.events import Failed, Finished, Progress, publish
from worker.queue.request_job import rq_queue
from worker.queue.requests import RequestQueue
from worker.queue.results import Sticker, save_stickers
from worker.queue.sketches import save_sketch

ROOT = Path(__file__).parents[2]
TOKEN = "42:test-token"
CODES = (7, 8, 9)  # of every image
Result = TypeVar("Result")


def wait_for(look: Callable[[], Result | None], seconds: float = 15) -> Result:
    """Call `look` until it returns something true, and return that; fail after `seconds`."""
    deadline, pause = time.monotonic() + seconds, 0.02
    while not (found := look()):
        assert time.monotonic() < deadline, f"not within {seconds} s"
        time.sleep(pause)
        pause = min(1.2 * pause, 0.1)  # calling `look` slows the awaited process down
    return found


@cache
def draw_sticker(number: int) -> bytes:
    """A WebP sticker that differs from every other number's."""
    colour = (number * 37 % 256, number * 91 % 256, number // 256, 255)
    sticker = Image.new("RGBA", (512, 512))
    sticker.paste(colour, (64, 64, 448, 448))
    file = BytesIO()
    sticker.save(file, "WEBP", lossless=True, method=0)
    return file.getvalue()


@cache
def draw_sketch(number: int) -> bytes:
    """A JPEG that differs from every other number's."""
    file = BytesIO()
    Image.new("RGB", (512, 512), (number * 40 % 256, 128, 128)).save(file, "JPEG")
    return file.getvalue()


# Imports of the bot and of the sandbox take a second: this server has done them once, and a process
# is a fork of it.
forkserver = multiprocessing.get_context("forkserver")
forkserver.set_forkserver_preload(["tests.bot.preloaded", "tests.bot.harness"])


def fork(
    code: str, environment: dict[str, str], outputs: int
) -> tuple[multiprocessing.process.BaseProcess, list[TextIO]]:
    """Run code as the main module of a process; its stdout and, if `outputs` is 2, its stderr."""
    pipes = [forkserver.Pipe(duplex=False) for _ in range(outputs)]
    ends = [end for _, end in pipes]
    process = forkserver.Process(target=_run, args=(code, environment, *ends), daemon=True)
    process.start()
    for end in ends:
        end.close()
    return process, [os.fdopen(os.dup(start.fileno())) for start, _ in pipes]


def _run(code: str, environment: dict[str, str], *outputs: Connection) -> None:
    for number, output in enumerate(outputs, start=1):
        os.dup2(output.fileno(), number)
        output.close()
    os.environ.clear()
    os.environ.update(environment)
    exec(code, {"__name__": "__main__"})


class Sandbox:
    """`python -m bot.sandbox`."""

    def __init__(self, data: Path, *options: str):
        """`options` of its command line."""
        with socket.create_server(("127.0.0.1", 0)) as free:
            port = free.getsockname()[1]
        arguments = ["--port", str(port), "--data", str(data), *options]
        main = "from bot.sandbox.__main__ import main; main()"
        code = f"import sys; sys.argv[1:] = {arguments}; {main}"
        self._process, [out] = fork(code, dict(os.environ), 1)
        self.url = out.readline().strip()
        self.http = httpx.Client(base_url=self.url, timeout=30)

    def post(self, path: str, **body: Any) -> Any:
        """The JSON answer to a POST of JSON."""
        return self.http.post(path, json=body).raise_for_status().json()

    def get(self, path: str, **query: Any) -> Any:
        """The JSON at a path."""
        return self.http.get(path, params=query).raise_for_status().json()

    def fault(self, method: str, error_code: int, **more: Any) -> None:
        """The next calls of a method fail."""
        self.post("/sandbox/fault", method=method, error_code=error_code, **more)

    def clear_faults(self) -> None:
        """Cancel the faults that are still to come."""
        self.http.delete("/sandbox/fault").raise_for_status()

    def group(self, *users: "User") -> int:
        """Create a group of these users and the bot; returns its id."""
        user_ids = [user.id for user in users]
        return int(self.post("/sandbox/group", title="Друзья", user_ids=user_ids)["id"])

    def api(self, method: str, **parameters: Any) -> Any:
        """Call a method of the Bot API as the bot; returns the result."""
        return self.post(f"/bot{TOKEN}/{method}", **parameters)["result"]

    @contextmanager
    def held(self) -> Iterator[None]:
        """Suspend Telegram: inside the block it answers nothing."""
        assert self._process.pid
        os.kill(self._process.pid, signal.SIGSTOP)
        try:
            yield
        finally:
            os.kill(self._process.pid, signal.SIGCONT)

    def stop(self) -> None:
        """End the process, even if it holds answers back."""
        self.http.close()
        self._process.kill()
        self._process.join()


class User:
    """A user who chats with the bot."""

    def __init__(self, sandbox: Sandbox, user_id: int, language: str):
        self.sandbox = sandbox
        self.id = user_id
        self._who = {"user_id": user_id, "language_code": language}

    def say(self, text: str = "", **more: Any) -> dict[str, Any]:
        """Send a message."""
        return self.sandbox.post("/sandbox/message", text=text, **more, **self._who)

    def reply(self, message_id: int, text: str) -> dict[str, Any]:
        """Answer a message."""
        return self.say(text, reply_to=message_id)

    def edit(self, message_id: int, text: str, **more: Any) -> None:
        """Edit a message of the user."""
        self.sandbox.post("/sandbox/edit", message_id=message_id, text=text, **more, **self._who)

    def tap(self, data: str, message_id: int = 0, chat_id: int = 0) -> str:
        """Press a button by its data, in the private chat by default; returns the bot's answer."""
        message_id = message_id or self.answer()["message_id"]
        return str(self.answer_to(self.start_tap(data, message_id, chat_id))["text"])

    def start_tap(self, data: str, message_id: int, chat_id: int = 0) -> str:
        """Press a button by its data without waiting for the answer; returns the press's id."""
        body = {"message_id": message_id, "data": data, "chat_id": chat_id, **self._who}
        return str(self.sandbox.post("/sandbox/tap", **body)["id"])

    def answer_to(self, tap_id: str) -> dict[str, Any]:
        """The bot's answer to a press: its text, its link, whether it is an alert."""

        def look() -> dict[str, Any] | None:
            taps = self.sandbox.get("/sandbox/taps", user_id=self.id)
            answer: dict[str, Any] | None = {tap["id"]: tap["answer"] for tap in taps}[tap_id]
            return answer

        return wait_for(look)

    def press(self, label: str, message: dict[str, Any] | None = None) -> str:
        """Press the button with this label, by default in the bot's last message.

        Waits until that message has the button: the bot answers a press before it edits a message.
        """

        def look() -> tuple[str, int, int] | None:
            shown = message or self.answer()
            data = [b["callback_data"] for b in buttons_of(shown) if b["text"].startswith(label)]
            place = (shown["message_id"], shown["chat"]["id"])
            return (data[0], *place) if len(data) == 1 else None

        return self.tap(*wait_for(look))

    def press_button(self, message: dict[str, Any], number: int) -> str:
        """Press the button with this number, from 0, of a message in any chat."""
        data = buttons_of(message)[number]["callback_data"]
        return self.tap(data, message["message_id"], message["chat"]["id"])

    def messages(self, group: int = 0) -> list[dict[str, Any]]:
        """The bot's messages in the private chat, or in a group of the user."""
        chat = self.sandbox.get("/sandbox/chat", user_id=self.id, chat_id=group or self.id)
        return [message for message in chat if message["from"]["is_bot"]]

    def answer(self, after: int = 0) -> dict[str, Any]:
        """The bot's last message; waits until there is one after the message `after`."""
        return wait_for(lambda: [m for m in self.messages() if m["message_id"] > after])[-1]

    def sees(self, *phrases: str) -> dict[str, Any]:
        """The bot's last message; waits until it contains all these phrases."""

        def look() -> dict[str, Any] | None:
            messages = self.messages()
            found = messages and all(phrase in text_of(messages[-1]) for phrase in phrases)
            return messages[-1] if found else None

        return wait_for(look)

    def packs(self) -> list[dict[str, Any]]:
        """The user's sticker sets."""
        packs: list[dict[str, Any]] = self.sandbox.get("/sandbox/packs", user_id=self.id)
        return packs


def open_of(user: User, connection: redis.Redis) -> int:
    """How many requests of a user are open.

    It lags behind the chat, because the bot gets Telegram's answer after the message is shown.
    """
    return connection.hvals(OPEN).count(str(user.id).encode())


def state_of(request: Request, connection: redis.Redis) -> str:
    """The state in a request's record."""
    record: Any = connection.get(f"emojich:request:{request.id}")
    return str(json.loads(record)["state"])


def ask_inline(user: User, query: str = "", **more: Any) -> dict[str, Any]:
    """The bot's answer to the inline query `@bot query`."""
    asked = user.sandbox.post("/sandbox/inline", user_id=user.id, query=query, **more)
    whose = {"query_id": asked["id"], "user_id": user.id}

    def look() -> dict[str, Any] | None:
        answer: dict[str, Any] | None = user.sandbox.get("/sandbox/inline", **whose)["answer"]
        return answer and answer | whose

    return wait_for(look)


def text_of(message: dict[str, Any]) -> str:
    """A message's text or caption."""
    return str(message.get("text") or message.get("caption") or "")


def prompts_shown(user: User) -> list[str]:
    """The first line of each of the bot's messages, which names the prompt."""
    return [text_of(message).split("\n")[0] for message in user.messages()]


def buttons_of(message: dict[str, Any]) -> list[dict[str, str]]:
    """A message's buttons, row by row."""
    rows = message.get("reply_markup", {}).get("inline_keyboard", [])
    return [button for row in rows for button in row]


STOP_TIME = 30  # seconds


class RunningBot:
    """The bot in a thread of this process, so that a test may shorten its pauses."""

    def __init__(self, api_url: str, redis_url: str, **wishes: Any):
        self._config = Config(TOKEN, api_url, **wishes)
        self._redis_url = redis_url
        self.start()

    def start(self) -> None:
        """Start the bot, which also handles messages that were sent while it was stopped."""
        self._loop = asyncio.new_event_loop()
        self._task = self._loop.create_task(self._run())
        self._thread = threading.Thread(target=self._live, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Stop the bot as SIGTERM does."""
        self._loop.call_soon_threadsafe(self._task.cancel)
        self._thread.join(STOP_TIME)
        if self._thread.is_alive():
            stacks = StringIO()
            for task in asyncio.all_tasks(self._loop):
                task.print_stack(file=stacks)
            raise AssertionError(f"the bot has not stopped:\n{stacks.getvalue()}")

    async def _run(self) -> None:
        with connect(self._redis_url) as connection:
            await run(self._config, connection, self._redis_url)

    def _live(self) -> None:
        with suppress(asyncio.CancelledError):
            self._loop.run_until_complete(self._task)
        self._loop.close()


def environment_of(sandbox: Sandbox, redis_url: str) -> dict[str, str]:
    """The variables of a bot process that answers in the sandbox."""
    return {
        "TELEGRAM_BOT_TOKEN": TOKEN,
        "TELEGRAM_API_URL": f"{sandbox.url}/bot",
        "REDIS_URL": redis_url,
    }


class BotProcess:
    """`python -m bot` in a process of its own."""

    def __init__(self, code: str = "from bot.__main__ import main; main()", **environment: str):
        """Run `code` in place of `python -m bot` if it is given."""
        own = {**os.environ, **environment}
        self.process, [self._out, self._log] = fork(code, own, 2)

    @property
    def returncode(self) -> int | None:
        """The exit status of the process; None while it runs."""
        return self.process.exitcode

    def wait_until_ready(self) -> None:
        """Wait until the bot asks for updates."""
        assert self._out.readline() == "bot: ready\n"

    def wait_for_log(self, phrase: str) -> str:
        """Wait until the bot logs a line with this phrase; returns it and the lines before."""
        lines = ""
        while phrase not in (line := self._log.readline()):
            assert line, f"the bot has ended: {lines}"
            lines += line
        return lines + line

    def send_signal(self, number: int) -> None:
        """Send a signal."""
        assert self.process.pid
        os.kill(self.process.pid, number)

    def end(self, number: int) -> str:
        """Send a signal; returns the stderr of the ended process."""
        self.send_signal(number)
        return self.output(15)[1]

    def output(self, seconds: float) -> tuple[str, str]:
        """The stdout and stderr of the process once it has ended by itself."""
        late = threading.Timer(seconds, self.process.kill)
        late.start()
        written = self._log.read()  # to the end of the process
        out = self._out.read()
        self.process.join()
        assert late.is_alive(), f"the bot has not ended within {seconds} s: {written}"
        late.cancel()
        return out, written


class Worker:
    """Takes requests and publishes events as a worker does, without an engine."""

    def __init__(self, connection: redis.Redis):
        self._redis = connection
        self._rq = rq_queue(connection)
        self.queue = RequestQueue(connection)

    def register(self, serves: ServedBundle | None = None) -> rq.Worker:
        """Register a worker with RQ, and the bundle of its engine for the bot."""
        registered = rq.Worker([self._rq], connection=self._redis)
        registered.register_birth()
        if serves:
            self._redis.hset(registered.key, FIELD, serves.to_json())
        return registered

    def waiting(self) -> list[str]:
        """The ids of the waiting requests, the next one first."""
        return self._rq.job_ids

    def take(self, model: str = "") -> Request:
        """Take the first job of a bundle's queue, as a job process does."""
        key = rq_queue(self._redis, model).key
        request_id: Any = wait_for(lambda: self._redis.lpop(key))
        job = self.queue.job(request_id.decode())
        assert job is not None
        job.set_status(JobStatus.STARTED)
        return Request.from_json(job.args[0])

    def progress(self, request: Request, fraction: float) -> None:
        """Publish the progress of a request."""
        publish(self._redis, Progress(request.id, fraction))

    def sketch(self, request: Request, fraction: float, number: int, picture: bytes) -> None:
        """Publish the progress of a request with a sketch."""
        save_sketch(self._redis, request.id, picture)
        publish(self._redis, Progress(request.id, fraction, number))

    def finish(
        self,
        request: Request,
        count: int = 4,
        first: int = 0,
        unknown: str = "",
        instead: str = "",
        model: str = "",
        judge: str = "",
    ) -> list[bytes]:
        """Publish stickers, numbered from `first`, so that requests can have different ones.

        `unknown` is a word that the model does not know, `instead` the word that it has drawn,
        `model` the bundle, `judge` the model that has chosen the candidates.
        """
        stickers = [draw_sticker(first + number) for number in range(count)]
        save_stickers(self._redis, request.id, [Sticker(s, CODES) for s in stickers])
        candidates = [Candidate(n, seed=n, perplexity=1.0, matting="unet") for n in range(count)]
        end = Finished(request.id, tuple(candidates), unknown, instead, model, judge)
        publish(self._redis, end)
        self._end(request, JobStatus.FINISHED)
        return stickers

    def fail(self, request: Request, reason: str) -> None:
        """Publish that the request has failed."""
        publish(self._redis, Failed(request.id, reason))
        self._end(request, JobStatus.FAILED)

    def lose(self, request: Request) -> None:
        """Delete the job without an event."""
        job = self.queue.job(request.id)
        assert job is not None
        job.delete()

    def _end(self, request: Request, status: JobStatus) -> None:
        job = self.queue.job(request.id)
        assert job is not None
        job.set_status(status)
