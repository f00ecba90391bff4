"""No update is lost or handled twice, and an invalid one stops no other."""

import json
import os
import shutil
import signal
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import redis

from bot.requests.limits import Limits
from bot.requests.store import OPEN
from bot.telegram.updates import SEEN, STORED, TRIES
from tests.bot.conftest import NewUser
from tests.bot.harness import (
    BotProcess,
    Sandbox,
    User,
    environment_of,
    prompts_shown,
    text_of,
    wait_for,
)
from worker.queue.connection import connect
from worker.queue.request_ids import id_of_message
from worker.queue.requests import RequestQueue
from worker.queue.valkey import redis_url

Environment = dict[str, str]


@pytest.fixture
def webhook(environment: Environment) -> Environment:
    """The variables of a bot that Telegram calls."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = str(free.getsockname()[1])
    return {"WEBHOOK_URL": f"http://127.0.0.1:{port}/updates", "WEBHOOK_PORT": port}


@pytest.fixture(params=["polling", "webhook"])
def reached(request: pytest.FixtureRequest, environment: Environment) -> Environment:
    """The environment of a bot, however updates reach it."""
    if request.param == "polling":
        return environment
    more: Environment = request.getfixturevalue("webhook")
    return environment | more


@pytest.fixture
def connection(environment: Environment) -> Iterator[redis.Redis]:
    with connect(environment["REDIS_URL"]) as connection:
        yield connection


def start(environment: Environment) -> BotProcess:
    bot = BotProcess(**environment)
    bot.wait_until_ready()
    return bot


@contextmanager
def stopped_redis(connection: redis.Redis) -> Iterator[None]:
    """A Redis that answers nothing for a while."""
    information: Any = connection.info("server")
    os.kill(information["process_id"], signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(information["process_id"], signal.SIGCONT)


def send_raw(sandbox: Sandbox, update: Any, bare: bool = False) -> Any:
    """Have the sandbox bring anything as an update; returns what it brings."""
    body = json.dumps({"update": update, "bare": bare})  # httpx's own writes no NaN
    return sandbox.http.post("/sandbox/update", content=body).raise_for_status().json()


def end_lease(connection: redis.Redis) -> None:
    connection.delete("emojich:bot")


def wait_until_quiet(connection: redis.Redis) -> None:
    """Until all updates have been handled."""
    wait_for(lambda: not connection.exists(STORED) and not connection.exists(TRIES))


def test_bot_killed_while_redis_hangs_loses_no_prompt(
    reached: Environment, new_user: NewUser, connection: redis.Redis
) -> None:
    users = [new_user() for _ in range(5)]
    bot = start(reached)
    with stopped_redis(connection):
        for number in range(20):
            users[number % 5].say(f"кот {number}")
        with pytest.raises(AssertionError):
            wait_for(lambda: [user for user in users if user.messages()], 1)
        bot.end(signal.SIGKILL)
    end_lease(connection)
    bot = start(reached | {"EMOJICH_MAX_ACTIVE": "10"})
    for own, user in enumerate(users):
        wanted = [f"«кот {number}»" for number in range(own, 20, 5)]
        wait_for(lambda user=user, wanted=wanted: sorted(prompts_shown(user)) == sorted(wanted), 60)
    wait_until_quiet(connection)
    assert RequestQueue(connection).count_waiting() == 20
    assert "Traceback" not in bot.end(signal.SIGTERM)
    assert sum(len(user.messages()) for user in users) == 20


def test_new_updates_begin_without_a_look_at_all_stored_ones(
    reached: Environment, new_user: NewUser, connection: redis.Redis
) -> None:
    def looks() -> int:
        stats: Any = connection.info("commandstats")
        return int(stats.get("cmdstat_hkeys", {"calls": 0})["calls"])

    users, bot = [new_user() for _ in range(15)], start(reached)
    before, began = looks(), time.monotonic()
    for user in users:
        user.say("/help")
        wait_for(user.messages)
    # The bot looks every two seconds, and its monitor every three.
    assert looks() - before <= (time.monotonic() - began) * (1 / 2 + 1 / 3) + 3
    bot.end(signal.SIGTERM)


def test_update_of_a_killed_bot_is_handled_after_the_restart(
    reached: Environment, sandbox: Sandbox, new_user: NewUser, connection: redis.Redis
) -> None:
    user, other = new_user(), new_user()
    bot = start(reached)
    sandbox.fault("sendMessage", 429, retry_after=30)
    user.say("/start")
    wait_for(lambda: connection.hlen(TRIES) == 1)  # the bot is at it
    user.say("кот")  # waits for its turn
    wait_for(lambda: connection.hlen(STORED) == 2)
    other.say("пёс")  # does not wait for the other user
    wait_for(lambda: prompts_shown(other) == ["«пёс»"])
    # A bot that dies before it knows that Telegram has its message sends it again.
    wait_for(lambda: connection.keys(f"emojich:message:{other.id}:*"))
    bot.end(signal.SIGKILL)
    end_lease(connection)
    bot = start(reached)
    wait_for(lambda: len(user.messages()) == 2)
    wait_until_quiet(connection)
    assert "Привет" in text_of(user.messages()[0])
    assert prompts_shown(user)[1:] == ["«кот»"]
    assert len(other.messages()) == 1
    bot.end(signal.SIGTERM)


def test_stopped_bot_leaves_unhandled_updates_to_the_next(
    environment: Environment, sandbox: Sandbox, user: User, connection: redis.Redis
) -> None:
    bot = start(environment)
    sandbox.fault("sendMessage", 429, retry_after=30)
    user.say("/start")
    wait_for(lambda: connection.hlen(TRIES))
    bot.end(signal.SIGTERM)
    assert bot.returncode == 0
    bot = start(environment)
    user.sees("Привет")
    bot.end(signal.SIGTERM)


STOPS_REDIS = """
import os, signal
from bot import __main__, app
from bot.requests import prompts
app.REDIS_RETRIES = 0
take, stopped = prompts.Prompts.take, []

async def stop_redis_and_take(*arguments):
    if not stopped:
        stopped.append(os.kill(int(os.environ["VALKEY"]), signal.SIGSTOP))
    return await take(*arguments)

prompts.Prompts.take = stop_redis_and_take
__main__.main()
"""


def test_update_interrupted_by_a_redis_outage_is_handled_once(
    environment: Environment, new_user: NewUser, connection: redis.Redis
) -> None:
    users = [new_user() for _ in range(8)]
    for user in users:
        user.say("кот")
    information: Any = connection.info("server")
    valkey = information["process_id"]
    hasty = {"REDIS_URL": f"{environment['REDIS_URL']}?socket_timeout=3", "VALKEY": str(valkey)}
    bot = BotProcess(STOPS_REDIS, **environment | hasty)
    bot.wait_until_ready()
    time.sleep(5)  # redis-py gives up after three
    os.kill(valkey, signal.SIGCONT)
    for user in users:
        wait_for(lambda user=user: prompts_shown(user) == ["«кот»"])
    wait_until_quiet(connection)
    assert RequestQueue(connection).count_waiting() == 8
    assert "Traceback" not in bot.end(signal.SIGTERM)


def test_user_is_told_that_redis_is_full(
    reached: Environment, new_user: NewUser, connection: redis.Redis
) -> None:
    user, other = new_user(), new_user()
    bot = start(reached)
    connection.config_set("maxmemory", 1)
    user.say("кот")
    user.sees("что-то сломалось")
    connection.config_set("maxmemory", 0)
    for someone in (user, other):
        someone.say("пёс")
        someone.sees("«пёс»")
    wait_until_quiet(connection)
    assert RequestQueue(connection).count_waiting() == 2
    assert "Traceback" not in bot.end(signal.SIGTERM)


def test_repeated_update_is_handled_once(
    reached: Environment, sandbox: Sandbox, new_user: NewUser, connection: redis.Redis
) -> None:
    user = new_user()
    user.say("кот")
    texts = enumerate(("/help", "сова"), 10_001)
    updates = [send_raw(sandbox, message(user, number, text)) for number, text in texts]
    for update in updates * 2:  # a batch that holds each three times
        send_raw(sandbox, update)
    bot = start(reached)
    wait_for(lambda: len(user.messages()) == 3)
    wait_until_quiet(connection)
    assert len(user.messages()) == 3
    wait_for(lambda: len(connection.keys(f"emojich:message:{user.id}:*")) == 2)
    bot.end(signal.SIGKILL)
    end_lease(connection)
    for update in updates:  # as when it was killed before it could confirm them
        send_raw(sandbox, update)
    bot = start(reached)
    user.say("пёс")
    wait_for(lambda: "«пёс»" in prompts_shown(user))
    wait_until_quiet(connection)
    assert len(user.messages()) == 4
    assert RequestQueue(connection).count_waiting() == 3
    assert connection.zcard(f"emojich:asked:{user.id}") == 3
    assert 0 < connection.ttl(SEEN) <= 24 * 3600
    bot.end(signal.SIGTERM)


def message(user: User, number: int, text: Any = "кот") -> dict[str, Any]:
    """A message as the Bot API has it."""
    person = {"id": user.id, "is_bot": False, "first_name": "Анна", "language_code": "ru"}
    chat = {"id": user.id, "type": "private", "first_name": "Анна"}
    entities = [{"type": "bot_command", "offset": 0, "length": len(str(text))}]
    said = {"message_id": number, "date": 1_700_000_000, "chat": chat, "from": person, "text": text}
    return {"message": said | ({"entities": entities} if str(text).startswith("/") else {})}


SECRET = "то что человек написал"


def changed(**fields: Any) -> Callable[[User], Any]:
    """A message that has other values, or, for None, lacks them."""

    def make(user: User) -> Any:
        said = message(user, 1, SECRET)["message"] | fields
        return {"message": {name: value for name, value in said.items() if value is not None}}

    return make


def nested(depth: int) -> Callable[[User], Any]:
    """A message that answers one that answers another, and so on."""

    def make(user: User) -> Any:
        found = message(user, 1, SECRET)["message"]
        for _ in range(depth):
            found = message(user, 1, SECRET)["message"] | {"reply_to_message": found}
        return {"message": found}

    return make


STICKER = {"file_id": "x", "file_unique_id": "x", "width": 512, "height": 512}
RUBBISH: dict[str, Callable[[User], Any]] = {
    "an id of the past": lambda _: {"message": 7, "update_id": 1},
    "a sticker without type": changed(text=None, sticker=STICKER),
    "no date": changed(date=None),
    "a date of 10^15": changed(date=10**15),
    "a date of 10^300": changed(date=10**300),
    "a negative date": changed(date=-(10**15)),
    "a date in words": changed(date=SECRET),
    "an infinite date": changed(date=float("inf")),
    "a date that is no number": changed(date=float("nan")),
    "a user without first_name": changed(**{"from": {"id": 5, "is_bot": False}}),
    "a user without id": changed(**{"from": {"first_name": "Анна", "is_bot": False}}),
    "a user that is a number": changed(**{"from": 5}),
    "a user that is a list": changed(**{"from": [[SECRET]]}),
    "a user whose id is an object": changed(
        **{"from": {"id": {"a": 1}, "first_name": "x", "is_bot": False}}
    ),
    "a user whose id is a word": changed(
        **{"from": {"id": SECRET, "first_name": "x", "is_bot": False}}
    ),
    "no chat": changed(chat=None),
    "a chat that is a word": changed(chat=SECRET),
    "a chat without type": changed(chat={"id": 5}),
    "no message_id": changed(message_id=None),
    "entities that are numbers": changed(entities=[1, 2]),
    "entities that are nested": changed(entities=[[[[{"a": [SECRET]}]]]]),
    "an entity without type": changed(entities=[{"offset": 0, "length": 2}]),
    "a photo that is a number": changed(photo=7),
    "a message deep in others": nested(300),
    "a message that is a word": lambda _: {"message": SECRET},
    "a message that is a list": lambda _: {"message": [1]},
    "an empty message": lambda _: {"message": {}},
    "null for a message": lambda _: {"message": None},
    "a tap without a user": lambda _: {"callback_query": {"id": "1", "data": SECRET}},
    "a tap that is a number": lambda _: {"callback_query": 1},
    "an inline query without a user": lambda _: {"inline_query": {"id": "1", "query": SECRET}},
    "an unknown kind": lambda _: {"kind_of_2031": {"text": SECRET}},
    "several kinds": lambda user: message(user, 1) | {"callback_query": {"id": 1}},
    "nothing": lambda _: {},
    "an id that is a word": lambda user: message(user, 1, SECRET) | {"update_id": "one"},
    "an id that is null": lambda user: message(user, 1, SECRET) | {"update_id": None},
    "an id that is true": lambda user: message(user, 1, SECRET) | {"update_id": True},
    "an id that is broken": lambda user: message(user, 1, SECRET) | {"update_id": 1.5},
    "an id of 10^15": lambda user: message(user, 1, SECRET) | {"update_id": 10**15},
    "a negative id": lambda user: message(user, 1, SECRET) | {"update_id": -7},
}
BARE: dict[str, Any] = {
    "no id": {"message": {"text": SECRET}},
    "null": None,
    "true": True,
    "a number": 7,
    "a huge number": 10**300,
    "a word": SECRET,
    "a list": [1, [SECRET]],
    "an empty object": {},
}


def check_that_others_are_served(
    environment: Environment, sandbox: Sandbox, users: tuple[User, User], send: Callable[[], object]
) -> list[str]:
    """Rubbish between the prompts of two people; returns the bot's log."""
    before, after = users
    before.say("кот")
    send()
    after.say("пёс")
    send()
    bot = start(environment)
    for user, prompt in ((before, "кот"), (after, "пёс")):
        user.sees(f"«{prompt}»")
    wait_for(lambda: sandbox.api("getWebhookInfo")["pending_update_count"] == 0)
    with connect(environment["REDIS_URL"]) as connection:
        wait_until_quiet(connection)
    log = bot.end(signal.SIGTERM)
    assert bot.returncode == 0
    assert SECRET not in log
    assert repr(SECRET)[1:-1].encode("unicode_escape").decode() not in log
    return log.splitlines()


def test_invalid_updates_are_skipped(
    reached: Environment, sandbox: Sandbox, new_user: NewUser
) -> None:
    stranger = new_user()

    def send() -> None:
        for make in RUBBISH.values():
            send_raw(sandbox, make(stranger))
        for content in BARE.values():
            send_raw(sandbox, content, bare=True)

    log = check_that_others_are_served(reached, sandbox, (new_user(), new_user()), send)
    assert 30 < len([line for line in log if "left out" in line]) < 2 * len(RUBBISH | BARE) + 5


@pytest.mark.parametrize("content", [None, {"message": 7}], ids=["null", "no id"])
def test_update_without_an_id_is_not_fetched_forever(
    environment: Environment, sandbox: Sandbox, user: User, content: Any
) -> None:
    """Nothing is known yet of the ids of others."""
    send_raw(sandbox, content, bare=True)
    bot = start(environment)
    bot.wait_for_log("left out")
    user.say("кот")
    user.sees("«кот»")
    assert len(bot.end(signal.SIGTERM).splitlines()) < 5


def test_polling_continues_after_a_conflict(
    environment: Environment, sandbox: Sandbox, user: User
) -> None:
    sandbox.fault("getUpdates", 409)
    bot = start(environment)
    bot.wait_for_log("polling: Conflict")
    user.say("кот")
    user.sees("«кот»")
    bot.end(signal.SIGTERM)


@pytest.mark.slow
def test_burst_of_250_users_fills_the_queue_exactly(
    environment: Environment, sandbox: Sandbox, new_user: NewUser, connection: redis.Redis
) -> None:
    queue = RequestQueue(connection)
    users = [new_user() for _ in range(250)]
    asked = {user.id: id_of_message(user.id, user.say("кот")["message_id"]) for user in users}
    bot = start(environment)
    most = 0

    def is_over() -> bool:
        nonlocal most
        most = max(most, queue.count_waiting())
        pending = sandbox.api("getWebhookInfo")["pending_update_count"]
        return not pending and not connection.exists(STORED)

    wait_for(is_over, 200)
    texts = {user.id: text_of(wait_for(user.messages, 60)[-1]) for user in users}
    log = bot.end(signal.SIGTERM)
    served = {user for user, text in texts.items() if text.startswith("«кот»")}
    refused = {user for user, text in texts.items() if "Очередь заполнена" in text}
    # Of sets pytest tells the difference: who else is in the queue, who is missing.
    assert set(queue.places()) == {asked[user] for user in served}
    assert (len(served), len(refused)) == (Limits.queue, len(users) - Limits.queue)
    assert most == Limits.queue
    assert connection.hlen(OPEN) == Limits.queue
    assert "Traceback" not in log


KILLS = """
import os
from bot import __main__
from bot.requests import prompts
take = prompts.Prompts.take

async def take_or_die(self, user, message, *rest):
    if message.text == "умри":
        os._exit(9)
    return await take(self, user, message, *rest)

prompts.Prompts.take = take_or_die
__main__.main()
"""


def test_update_that_kills_the_bot_is_given_up(
    environment: Environment, new_user: NewUser, connection: redis.Redis
) -> None:
    killer, *others = (new_user() for _ in range(4))
    killer.say("умри")
    killer.say("кот")
    for user in others:
        user.say("пёс")
    for _ in range(10):
        end_lease(connection)
        bot = BotProcess(KILLS, **environment)
        bot.wait_until_ready()
        bot.process.join(5)
        if bot.returncode is None:
            break
        assert bot.returncode == 9
    wait_until_quiet(connection)
    for user in others:  # twice, if the bot died while Telegram took it
        assert set(prompts_shown(user)) == {"«пёс»"}
    assert RequestQueue(connection).count_waiting() == 4
    assert "что-то сломалось" in text_of(killer.messages()[0])
    assert prompts_shown(killer)[1:] == ["«кот»"]
    log = bot.end(signal.SIGTERM)
    assert len([line for line in log.splitlines() if "given up" in line]) == 1
    assert "Traceback" not in log


def test_updates_lost_by_redis_are_fetched_again(
    sandbox: Sandbox, user: User, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("REDIS_URL", raising=False)
    files, copy = tmp_path / "valkey" / "appendonlydir", tmp_path / "copy"
    with redis_url(tmp_path) as url:
        bot = start(environment_of(sandbox, url))
        with connect(url) as connection:
            connection.config_set("appendfsync", "no")  # and so no update is known to be on disk
            shutil.copytree(files, copy)
            user.say("кот")
            user.sees("«кот»")
            wait_until_quiet(connection)
            information: Any = connection.info("server")
            os.kill(information["process_id"], signal.SIGKILL)
    shutil.rmtree(files)
    copy.rename(files)
    with redis_url(tmp_path), connect(url) as connection:
        wait_for(lambda: RequestQueue(connection).count_waiting() == 1, 60)
        wait_until_quiet(connection)
        assert set(prompts_shown(user)) == {"«кот»"}
        assert "Traceback" not in bot.end(signal.SIGTERM)
