"""Messages on behalf of a group or a channel: all their writers have the same user id."""

import pytest
import redis

from bot.sandbox.actions import ANONYMOUS_ADMINISTRATOR, CHANNEL
from tests.bot.harness import Sandbox, User, Worker, text_of, wait_for

pytestmark = pytest.mark.usefixtures("bot")

NEWS = -1009999999999


@pytest.fixture
def group(sandbox: Sandbox, user: User) -> int:
    return sandbox.group(user)


def answers(user: User, group: int) -> list[str]:
    chat = user.sandbox.get("/sandbox/chat", user_id=user.id, chat_id=group)
    bot = user.sandbox.api("getMe")["id"]
    return [text_of(message) for message in chat if message["from"]["id"] == bot]


def keys_of_fake_users(connection: redis.Redis) -> list[bytes]:
    fake = (ANONYMOUS_ADMINISTRATOR["id"], CHANNEL["id"])
    return [key for id_ in fake for key in connection.keys(f"*{id_}*")]


@pytest.mark.parametrize("as_channel", [False, True])
def test_anonymous_admin_is_told_to_use_own_account(
    user: User, group: int, worker: Worker, connection: redis.Redis, as_channel: bool
) -> None:
    name = user.sandbox.api("getMe")["username"]
    sender = {"chat_id": group, "sender_chat": NEWS if as_channel else group}
    user.say("/sticker кот", **sender)
    user.say(f"@{name} кот", **sender)
    user.say("кот", **sender)  # is not for the bot
    wait_for(lambda: len(answers(user, group)) == 2)
    assert all("Наборы бывают только у людей" in text for text in answers(user, group))
    user.say("/sticker пёс", chat_id=group)
    wait_for(lambda: "«пёс»" in answers(user, group)[-1])
    assert worker.take().prompt == "пёс"
    assert keys_of_fake_users(connection) == []
    assert worker.queue.count_waiting() == 0


def test_emoji_reply_of_an_anonymous_admin_changes_nothing(
    user: User, group: int, worker: Worker, connection: redis.Redis
) -> None:
    user.say("/sticker кот", chat_id=group)
    worker.finish(worker.take(), 1)
    wait_for(lambda: any("Готово" in text for text in answers(user, group)))
    chat = user.sandbox.get("/sandbox/chat", user_id=user.id, chat_id=group)
    user.say("🔥", chat_id=group, sender_chat=group, reply_to=chat[-1]["message_id"])
    user.say("/help", chat_id=group, sender_chat=group)
    wait_for(lambda: "Здесь я рисую" in answers(user, group)[-1])
    assert len(answers(user, group)) == 2
    assert keys_of_fake_users(connection) == []
