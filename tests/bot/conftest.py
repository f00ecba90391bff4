"""Fixtures of the bot's tests: one Valkey, one sandbox and one bot for each file."""

from collections.abc import Callable, Iterator
from itertools import count

import pytest
import redis

from bot.requests import delivery, monitor
from bot.requests.store import OPEN
from bot.telegram import leader, rate_limits
from bot.telegram.rate_limits import Limit
from bot.telegram.updates import STORED, TRIES
from tests.bot.harness import RunningBot, Sandbox, User, Worker, environment_of, wait_for
from worker.queue.connection import connect
from worker.queue.valkey import redis_url

NewUser = Callable[..., User]


def start_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a Valkey."""
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("REDIS_URL", raising=False)
        with redis_url(tmp_path_factory.mktemp("data")) as url:
            yield url


def start_sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    """A sandbox without chats."""
    sandbox = Sandbox(tmp_path_factory.mktemp("sandbox"))
    yield sandbox
    sandbox.stop()


# For one file: a sandbox takes the longer for a call the more chats it has, and has one bot.
server = pytest.fixture(scope="module")(start_server)
sandbox = pytest.fixture(scope="module")(start_sandbox)


@pytest.fixture(autouse=True)
def discard_updates(request: pytest.FixtureRequest) -> None:
    """Leave no update of an earlier test for the bot of this test.

    Otherwise a bot with another Redis would take an update that the last bot has handled, but not
    confirmed; and a handler that is still at work would queue a request among those of this test.
    """
    if "sandbox" in request.fixturenames:
        sandbox: Sandbox = request.getfixturevalue("sandbox")
        sandbox.api("deleteWebhook", drop_pending_updates=True)
        sandbox.clear_faults()
    if "server" in request.fixturenames:
        with connect(request.getfixturevalue("server")) as connection:
            if connection.exists(leader.KEY):  # a bot is there
                wait_for(lambda: not connection.exists(STORED, TRIES))
            connection.delete(STORED, TRIES)


@pytest.fixture(scope="module")
def module_bot(sandbox: Sandbox, server: str) -> Iterator[RunningBot]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(delivery, "EDIT_INTERVAL", 0.1)
        patch.setattr(monitor, "INTERVAL", 0.1)
        patch.setattr(monitor, "GRACE", 0.3)
        for limit in ("CHAT", "GROUP"):
            patch.setattr(rate_limits, limit, Limit(1000, 0.0))
        bot = RunningBot(f"{sandbox.url}/bot", server)
        yield bot
        bot.stop()


@pytest.fixture
def connection(server: str) -> Iterator[redis.Redis]:
    """A connection to a Redis without open or queued requests."""
    with connect(server) as connection:
        connection.delete(OPEN, "rq:queue:emojich")
        yield connection


@pytest.fixture
def environment(
    sandbox: Sandbox, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> Iterator[dict[str, str]]:
    """The variables of a bot process that has a Redis of its own."""
    monkeypatch.delenv("REDIS_URL", raising=False)
    with redis_url(tmp_path_factory.mktemp("data")) as url:
        yield environment_of(sandbox, url)


@pytest.fixture
def bot(connection: redis.Redis, module_bot: RunningBot) -> RunningBot:
    return module_bot


@pytest.fixture
def worker(connection: redis.Redis) -> Worker:
    return Worker(connection)


@pytest.fixture
def at_work(worker: Worker) -> Iterator[None]:
    """A worker is registered with RQ."""
    registered = worker.register()
    yield
    registered.register_death()


@pytest.fixture(scope="session")
def user_ids() -> Iterator[int]:
    return count(20_001)  # no year: keys of days have one


@pytest.fixture
def new_user(sandbox: Sandbox, user_ids: Iterator[int]) -> NewUser:
    """Makes users whom the bot has never met."""

    def make(language: str = "ru") -> User:
        return User(sandbox, next(user_ids), language)

    return make


@pytest.fixture
def user(new_user: NewUser) -> User:
    """A user who has Telegram in Russian."""
    return new_user()
