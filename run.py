"""Everything on one machine, for `make run`: Redis, worker, bot, and a chat page without a token.

In production the parts run by themselves; this starts them as they are, and stops them together.
"""

import fcntl
import logging
import os
import re
import secrets
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from bot.telegram.leader import STANDS_BY
from emojich_core.errors import SetupError, exit_on
from worker.queue.environment import announce, data_folder, setup_errors
from worker.queue.valkey import redis_url
from worker.supervisor import Supervisor

SANDBOX_PORT = 8081
TOKEN = ("TELEGRAM_BOT_TOKEN", "TELEGRAM_BOT_TOKEN_FILE")
TELEGRAM = (*TOKEN, "TELEGRAM_API_URL", "WEBHOOK_URL", "WEBHOOK_PORT")
STOP_TIMEOUT = 8  # seconds for all parts; the worker takes some to put its job back
RESTARTS = 3  # of a part; when it dies once more, something is wrong for good
SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)

stopping = False


def main() -> None:
    """Start all, say where they are, and keep them running until Ctrl-C."""
    for number in SIGNALS:
        signal.signal(number, request_stop)
    logging.getLogger().addHandler(logging.NullHandler())  # restarts are no news at a terminal
    with exit_on(SetupError):
        data = data_folder()
        os.chdir(Path(__file__).parent)  # where `python -m` finds the parts
        with setup_errors():
            (data / "logs").mkdir(parents=True, exist_ok=True)
        with ExitStack() as stack:
            stack.enter_context(alone(data))
            url = stack.enter_context(redis_url(data))
            parts: list[Part] = []
            stack.callback(stop, parts)
            announce(start(parts, url, data))
            watch(parts)


@contextmanager
def alone(data: Path) -> Iterator[None]:
    """Keep a second run off the folder, where it would take away the logs of the first.

    The kernel lets go of the lock when we die.
    """
    with setup_errors():
        lock = open(data / "lock", "w")  # noqa: SIM115
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise SetupError(
                f"Emojich runs in {data} already: stop it, or set EMOJICH_DATA to another folder."
            ) from None
        yield


def request_stop(number: int, frame: object) -> None:
    """Have the next `pause` leave: raising here could lose a child that is only half started."""
    global stopping
    stopping = True


def pause() -> None:
    """A moment between two looks."""
    if stopping:
        sys.exit(0)
    time.sleep(0.1)


class Part(Supervisor):
    """A supervised child process with its own log file."""

    def __init__(self, module: str, arguments: list[str], env: dict[str, str], data: Path):
        name = module.removeprefix("bot.")
        self.log = data / "logs" / f"{name}.log"
        with setup_errors():
            self.log.unlink(missing_ok=True)
            log_file = open(self.log, "ab")  # noqa: SIM115
        command = [sys.executable, "-m", module, *arguments]
        restarts = 0 if name == "sandbox" else RESTARTS
        super().__init__(name, command, env, log_file, restarts)

    def wait_for(self, pattern: str) -> str:
        """Wait for a line that matches the pattern; returns it.

        Raises SetupError with the last line of the process when it ends instead.
        """
        while True:
            ended = self.process.poll() is not None
            if match := re.search(f"^{pattern}$", self._output(), re.MULTILINE):
                return match[0]
            if ended:
                raise self.failure()
            pause()

    def failure(self) -> SetupError:
        """Why the process ended: its own last line."""
        last = (self._output().strip().splitlines() or ["it said nothing"])[-1]
        if last.startswith("emojich: "):
            return SetupError(last.removeprefix("emojich: "))
        return SetupError(f"The {self.name} ended ({last}): see {self.log}.")

    def _output(self) -> str:
        return self.log.read_text("utf-8", "replace")


def start(parts: list[Part], url: str, data: Path) -> str:
    """Start the parts into the list; once all are ready, the line that says where Emojich is."""
    env = os.environ | {"REDIS_URL": url, "EMOJICH_DATA": str(data), "PYTHONUNBUFFERED": "1"}
    # The worker draws and knows no Telegram; the sandbox knows no Redis either.
    worker_env = {name: value for name, value in env.items() if name not in TELEGRAM}
    greeting = "Emojich answers in Telegram.  (Ctrl-C stops it)"
    if not any(map(env.get, TOKEN)):
        arguments = ["--port", str(SANDBOX_PORT), "--data", str(data / "sandbox")]
        token = f"1:{secrets.token_urlsafe()}"  # no web page can guess it
        sandbox_env = worker_env | {"REDIS_URL": "", "EMOJICH_SANDBOX_TOKEN": token}
        parts.append(Part("bot.sandbox", arguments, sandbox_env, data))
        address = parts[0].wait_for(r"http://127\.0\.0\.1:\d+")
        env |= {"TELEGRAM_BOT_TOKEN": token, "TELEGRAM_API_URL": f"{address}/bot"}
        greeting = f"Emojich is at {address}  (Ctrl-C stops it)"
    parts.append(Part("worker", [], worker_env, data))
    parts.append(Part("bot", [], env, data))
    worker, bot = parts[-2:]
    worker.wait_for("worker: ready")
    if bot.wait_for(f"(bot: ready|.*{STANDS_BY}.*)") != "bot: ready":
        print(f"emojich: {STANDS_BY} until that one ends.", file=sys.stderr, flush=True)
        bot.wait_for("bot: ready")
    return greeting


def watch(parts: list[Part]) -> None:
    """Replace parts that die.  Raises SetupError for one that keeps dying, and for the sandbox."""
    for part in parts:
        part.watch()
    while True:
        for part in parts:
            if part.gave_up.is_set():
                raise part.failure()
        pause()


def stop(parts: list[Part]) -> None:
    """Stop the parts, in the reverse of their order, so that each still finds what it needs."""
    deadline = time.monotonic() + STOP_TIMEOUT
    for part in reversed(parts):
        part.stop(max(0.1, deadline - time.monotonic()))


if __name__ == "__main__":
    main()
