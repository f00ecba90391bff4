"""A burst of requests that finish at once must exceed none of Telegram's limits.

    python -m tests.chaos.burst --requests 1000

The sandbox answers 429 beyond the limits.  Results come at once and from no engine, so that nothing
but the limits holds the bot back.
"""

import argparse
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.bot.harness import Sandbox, User, Worker, environment_of, text_of, wait_for
from tests.chaos.parts import supervised
from tests.chaos.people import DONE, PROMPTS
from worker.queue.connection import connect
from worker.queue.valkey import redis_url

FIRST_USER = 90_001
EACH = 4  # requests of a user
END_TIMEOUT = 300.0  # seconds


@dataclass(frozen=True)
class Outcome:
    """The results of a burst."""

    delivered: int  # requests whose message shows stickers
    in_order: bool  # in each chat the messages stand in the order of the prompts
    refused: int  # calls that Telegram has answered with 429
    seconds: float  # from the first result to the last message


def burst(requests: int, folder: Path) -> Outcome:
    """Let as many requests finish at the same moment."""
    # Twice, because a thousand prompts are more than there are different ones.
    prompts = (2 * PROMPTS)[:requests]
    sandbox = Sandbox(folder / "sandbox", "--limits")
    with ExitStack() as stack:
        stack.callback(sandbox.stop)
        url = stack.enter_context(redis_url(folder))
        connection = stack.enter_context(connect(url))
        stack.enter_context(_bot(environment_of(sandbox, url), folder))
        users = [User(sandbox, FIRST_USER + n, "ru") for n in range(-(-requests // EACH))]
        said = {user: prompts[n * EACH : (n + 1) * EACH] for n, user in enumerate(users)}
        for number in range(EACH):
            for user in users:
                if number < len(said[user]):
                    user.say(said[user][number])
        worker = Worker(connection)
        wait_for(lambda: worker.queue.count_waiting() == requests, END_TIMEOUT)
        taken = [worker.take() for _ in range(requests)]
        wait_for(lambda: _shown(users) == requests, END_TIMEOUT)
        began = time.monotonic()
        for number, request in enumerate(taken):
            worker.finish(request, 1, first=number)
        wait_for(lambda: sum(len(_done(user)) for user in users) == requests, END_TIMEOUT)
        seconds = time.monotonic() - began
        order = all(_done(user) == said[user] for user in users)
        refused = [met for met in sandbox.get("/sandbox/faults") if met["error_code"] == 429]
        return Outcome(sum(len(_done(user)) for user in users), order, len(refused), seconds)


@contextmanager
def _bot(environment: dict[str, str], folder: Path) -> Iterator[None]:
    """A bot that is ready; its log is a file, because a pipe that is not read would stop it."""
    limits = {f"EMOJICH_MAX_{name}": "10000" for name in ("ACTIVE", "PER_MINUTE", "QUEUE")}
    command = [sys.executable, "-m", "bot"]
    with supervised("bot", command, folder, **environment, **limits):
        wait_for(lambda: "bot: ready" in (folder / "bot.log").read_text("utf-8"), END_TIMEOUT)
        yield


def _shown(users: list[User]) -> int:
    time.sleep(0.5)  # looking at all chats takes a while of the sandbox's time
    return sum(len(user.messages()) for user in users)


def _done(user: User) -> list[str]:
    """The prompts whose messages show stickers, from the top of the chat."""
    texts = map(text_of, user.messages())
    return [text.partition("»")[0].removeprefix("«") for text in texts if DONE in text]


def main() -> None:
    """Run, print, exit with 1 where a limit was broken."""
    parser = argparse.ArgumentParser(prog="python -m tests.chaos.burst", description=__doc__)
    parser.add_argument("--requests", type=int, default=1000)
    with tempfile.TemporaryDirectory(prefix="emojich-burst-") as folder:
        requests = parser.parse_args().requests
        outcome = burst(requests, Path(folder))
    print(outcome)
    sys.exit(outcome.refused > 0 or not outcome.in_order or outcome.delivered < requests)


if __name__ == "__main__":
    main()
