"""Requests in a group: the users who may ask, press, edit and reply with emoji."""

from datetime import UTC, datetime
from typing import Any

import pytest
import redis
from telegram import Chat, ForumTopicCreated, Message, TextQuote
from telegram import User as TelegramUser

from bot.requests.groups import words_of
from bot.telegram.messages import answered_message
from tests.bot.conftest import NewUser
from tests.bot.harness import Sandbox, User, Worker, buttons_of, text_of, wait_for

pytestmark = pytest.mark.usefixtures("bot")


class Group:
    """A group with the bot, and what the bot says there."""

    def __init__(self, sandbox: Sandbox, *users: User):
        self._user = users[0]
        self.id = sandbox.group(*users)

    def messages(self) -> list[dict[str, Any]]:
        return self._user.messages(self.id)

    def sees(self, phrase: str) -> dict[str, Any]:
        def look() -> dict[str, Any] | None:
            found = [message for message in self.messages() if phrase in text_of(message)]
            return found[-1] if found else None

        return wait_for(look)


@pytest.fixture
def anna(new_user: NewUser) -> User:
    return new_user()


@pytest.fixture
def started(anna: User) -> None:
    """Anna has started the bot: Telegram makes no pack for anybody else."""
    anna.say("/start")
    anna.sees("Привет")


@pytest.fixture
def boris(new_user: NewUser) -> User:
    return new_user()


@pytest.fixture
def group(sandbox: Sandbox, anna: User, boris: User) -> Group:
    return Group(sandbox, anna, boris)


@pytest.mark.usefixtures("started")
def test_only_the_requester_can_choose_stickers(
    group: Group, anna: User, boris: User, worker: Worker
) -> None:
    asked = anna.say("/sticker кот в шляпе", chat_id=group.id)
    request = worker.take()
    assert request.prompt == "кот в шляпе"
    worker.finish(request)
    shown = group.sees("Готово")
    assert shown["reply_to_message"]["message_id"] == asked["message_id"]
    assert "чужие стикеры" in boris.press_button(shown, 0)
    assert boris.packs() == anna.packs() == []
    assert "Стикер 1 в вашем наборе" in anna.press_button(shown, 0)
    assert len(anna.packs()) == 1


@pytest.mark.parametrize(
    "text", ["@{bot} кот в шляпе", "кот в шляпе, @{bot}", "/sticker@{bot} кот в шляпе"]
)
def test_mention_or_command_of_the_bot_is_a_request(
    group: Group, anna: User, worker: Worker, sandbox: Sandbox, text: str
) -> None:
    username = sandbox.api("getMe")["username"]
    anna.say(text.replace("{bot}", username), chat_id=group.id)
    assert worker.take().prompt.rstrip(" ,") == "кот в шляпе"


def test_bot_ignores_group_messages_not_addressed_to_it(
    group: Group, anna: User, worker: Worker
) -> None:
    anna.say("кот", chat_id=group.id)
    anna.say("@somebody кот", chat_id=group.id)
    anna.say("/sticker@other_bot кот", chat_id=group.id)
    anna.say("/sticker", chat_id=group.id)
    group.sees("Напишите, что нарисовать: /sticker")
    anna.say("/help", chat_id=group.id)
    group.sees("Здесь я рисую по команде: /sticker кот в шляпе")
    assert len(group.messages()) == 2
    assert worker.queue.count_waiting() == 0


@pytest.mark.parametrize("origin", ["forwarded", "via_bot"])
def test_forwarded_and_via_bot_messages_in_a_group_are_ignored(
    group: Group, anna: User, worker: Worker, sandbox: Sandbox, origin: str
) -> None:
    name = sandbox.api("getMe")["username"]
    for text in ("/sticker кот", f"@{name} кот", "/help", f"/packs@{name}", f"/sticker@{name} кот"):
        anna.say(text, chat_id=group.id, **{origin: True})
    anna.say("/sticker пёс", chat_id=group.id)
    assert worker.take().prompt == "пёс"
    group.sees("«пёс»")
    assert len(group.messages()) == 1


@pytest.mark.parametrize("call", ["/sticker", "/sticker@{bot}", "@{bot}"])
@pytest.mark.usefixtures("started")
def test_command_in_a_reply_draws_the_answered_message(
    group: Group, anna: User, boris: User, worker: Worker, sandbox: Sandbox, call: str
) -> None:
    call = call.replace("{bot}", sandbox.api("getMe")["username"])
    said = boris.say("кот\nест пиццу", chat_id=group.id)
    asked = anna.say(call, chat_id=group.id, reply_to=said["message_id"])
    request = worker.take()
    assert (request.prompt, worker.queue.count_waiting()) == ("кот ест пиццу", 0)
    worker.finish(request, 1)
    shown = group.sees("Готово")
    assert shown["reply_to_message"]["message_id"] == asked["message_id"]
    assert "Стикер 1 в вашем" in anna.press_button(shown, 0)


def test_command_with_a_prompt_in_a_reply_draws_its_own_prompt(
    group: Group, anna: User, boris: User, worker: Worker
) -> None:
    said = boris.say("кот", chat_id=group.id)
    anna.say("/sticker пёс", chat_id=group.id, reply_to=said["message_id"])
    assert worker.take().prompt == "пёс"
    command = boris.say("/sticker сова", chat_id=group.id)
    assert worker.take().prompt == "сова"
    anna.say("/sticker", chat_id=group.id, reply_to=command["message_id"])
    assert worker.take().prompt == "сова"


def test_command_in_a_reply_to_a_photo_is_told_it_has_no_text(
    group: Group, anna: User, boris: User, worker: Worker
) -> None:
    photo = boris.say(photo=True, chat_id=group.id)
    anna.say("/sticker", chat_id=group.id, reply_to=photo["message_id"])
    refusal = group.sees("В этом сообщении нет слов")
    anna.say("/sticker", chat_id=group.id, reply_to=refusal["message_id"])  # the bot's own words
    group.sees("Напишите, что нарисовать")
    assert worker.queue.count_waiting() == 0


def test_answered_message_ignores_topic_starts_and_takes_the_quote() -> None:
    bot_id, now = 1, datetime.now(UTC)
    group = Chat(-1, Chat.SUPERGROUP)

    def message(**more: Any) -> Message:
        return Message(7, now, group, from_user=TelegramUser(5, "Борис", False), **more)

    topic = message(forum_topic_created=ForumTopicCreated("Коты", 0))
    assert answered_message(message(text="/sticker", reply_to_message=topic), bot_id) is None
    said = message(caption="кот и пёс")
    quoting = message(text="/sticker", quote=TextQuote("пёс", 6, is_manual=True))
    cut = message(text="/sticker", quote=TextQuote("кот", 0))
    assert [words_of(one, said) for one in (quoting, cut)] == ["пёс", "кот и пёс"]


def test_sticker_command_works_in_the_private_chat(anna: User, worker: Worker) -> None:
    anna.say("/sticker кот в шляпе")
    anna.sees("«кот в шляпе»")
    assert worker.take().prompt == "кот в шляпе"


def test_forget_deletes_requests_made_in_a_group(
    group: Group, anna: User, worker: Worker, connection: redis.Redis
) -> None:
    anna.say("/sticker кот", chat_id=group.id)
    request = worker.take()
    worker.finish(request)
    group.sees("Готово")
    anna.say("/forget")
    question = anna.sees("?")
    anna.press_button(question, 0)
    # The mark that a request has ended stays for a minute (see `worker.queue.ends.forget`).
    left = {f"emojich:asked:{anna.id}".encode(), f"emojich:ended:{request.id}".encode()}
    wait_for(lambda: set(connection.keys(f"*{anna.id}*")) == left)
    assert connection.keys(f"*:{group.id}:*") == []


def test_history_redraws_a_group_request_in_the_private_chat(
    group: Group, anna: User, worker: Worker
) -> None:
    anna.say("/sticker кот", chat_id=group.id)
    request = worker.take()
    worker.finish(request)
    group.sees("Готово")
    anna.say("/history")
    menu = wait_for(lambda: [m for m in anna.messages() if buttons_of(m)])[-1]
    anna.press_button(menu, 0)
    again = worker.take()
    assert (again.prompt, again.seed) == (request.prompt, request.seed)
    worker.finish(again)
    anna.sees("Готово")
    assert len(group.messages()) == 1


def test_an_edited_command_is_drawn_in_the_same_message(
    group: Group, anna: User, boris: User, worker: Worker
) -> None:
    asked = anna.say("/sticker кот в косомсе", chat_id=group.id)
    first = group.sees("«кот в косомсе»")
    edit = {"chat_id": group.id, "message_id": asked["message_id"], "text": "/sticker пёс"}
    refused = boris.sandbox.http.post("/sandbox/edit", json={**edit, "user_id": boris.id})
    assert refused.status_code == 400
    anna.edit(asked["message_id"], "/sticker кот в космосе", chat_id=group.id)
    group.sees("«кот в космосе»")
    assert [m["message_id"] for m in group.messages()] == [first["message_id"]]
    wait_for(lambda: worker.queue.count_waiting() == 1)
    worker.finish(worker.take())
    old = group.sees("Готово")
    anna.edit(asked["message_id"], "/sticker кит\nсова", chat_id=group.id)
    assert group.sees("«кит»")["message_id"] == old["message_id"]
    second = group.sees("«сова»")
    assert second["reply_to_message"]["message_id"] == asked["message_id"]
    assert [worker.take().prompt for _ in range(2)] == ["кит", "сова"]


def test_an_edited_mention_is_drawn_in_the_same_message(
    group: Group, anna: User, worker: Worker, sandbox: Sandbox
) -> None:
    name = sandbox.api("getMe")["username"]
    asked = anna.say(f"@{name} Katze", chat_id=group.id)
    group.sees("только по-русски")
    anna.edit(asked["message_id"], f"@{name} кот", chat_id=group.id)
    shown = group.sees("«кот»")
    anna.edit(asked["message_id"], f"пёс @{name}", chat_id=group.id)
    assert group.sees("«пёс»")["message_id"] == shown["message_id"]
    anna.edit(asked["message_id"], "сова", chat_id=group.id)  # the bot does not hear of it
    wait_for(lambda: worker.queue.count_waiting() == 1)
    assert worker.take().prompt == "пёс"
    assert len(group.messages()) == 2


def test_message_edited_into_a_command_is_drawn(group: Group, anna: User, worker: Worker) -> None:
    said = anna.say("кот", chat_id=group.id)
    anna.edit(said["message_id"], "/sticker кот", chat_id=group.id)
    group.sees("«кот»")
    assert worker.take().prompt == "кот"


@pytest.mark.usefixtures("started")
def test_only_the_requester_changes_the_emoji_of_stickers(
    group: Group, anna: User, boris: User, worker: Worker
) -> None:
    anna.say("/sticker кот", chat_id=group.id)
    worker.finish(worker.take(), 2)
    shown = group.sees("Готово")
    anna.press_button(shown, 0)
    emoji = {"chat_id": group.id, "reply_to": shown["message_id"]}
    boris.say("💩", **emoji)
    boris.say("/help", chat_id=group.id)  # answered after it
    group.sees("Здесь я рисую по команде: /sticker кот в шляпе")
    assert len(group.messages()) == 2
    assert [sticker["emoji"] for sticker in anna.packs()[0]["stickers"]] == ["🐱"]
    anna.say("хорош!", **emoji)  # is neither emoji nor a prompt
    anna.say("🔥🎉", **emoji)
    group.sees("такие эмодзи: 🔥 🎉")
    assert anna.packs()[0]["stickers"][0]["emoji_list"] == ["🔥", "🎉"]
    wait_for(lambda: "2 🔥🎉" in str(buttons_of(group.messages()[0])))
    assert len(group.messages()) == 3


def test_edited_command_in_the_private_chat_is_drawn_in_the_same_message(
    anna: User, worker: Worker
) -> None:
    asked = anna.say("/sticker кот")
    shown = anna.sees("«кот»")
    anna.edit(asked["message_id"], "/sticker пёс")
    assert anna.sees("«пёс»")["message_id"] == shown["message_id"]
    wait_for(lambda: worker.queue.count_waiting() == 1)
    assert worker.take().prompt == "пёс"


@pytest.mark.parametrize("method", ["editMessageMedia", "sendMessage"])
@pytest.mark.usefixtures("started")
def test_request_follows_its_group_to_the_supergroup(
    group: Group, anna: User, worker: Worker, sandbox: Sandbox, method: str
) -> None:
    new = Group(sandbox, anna)
    migrated = {"error_code": 400, "migrate_to_chat_id": new.id}
    if method == "sendMessage":
        sandbox.fault(method, **migrated)
    anna.say("/sticker кот", chat_id=group.id)
    request = worker.take()
    (new if method == "sendMessage" else group).sees("«кот»")
    if method == "editMessageMedia":
        sandbox.fault(method, **migrated)
    worker.finish(request, 1)
    shown = new.sees("Готово")
    assert "Стикер 1 в вашем" in anna.press_button(shown, 0)


def test_bot_answers_in_the_forum_topic_of_the_request(
    group: Group, anna: User, worker: Worker, sandbox: Sandbox
) -> None:
    anna.say("/sticker", chat_id=group.id, thread_id=5)
    assert group.sees("Напишите, что нарисовать")["message_thread_id"] == 5
    anna.say("/sticker кот", chat_id=group.id, thread_id=5)
    worker.finish(worker.take(), 1)
    shown = group.sees("Готово")
    assert shown["message_thread_id"] == 5
    anna.press("🎲", shown)
    waits = group.sees("Запрос сохранён")
    assert waits["message_thread_id"] == 5
    assert worker.take().prompt == "кот"


def test_bot_answers_in_the_topic_of_the_private_chat(anna: User, worker: Worker) -> None:
    anna.say("/start", thread_id=7)
    welcome = anna.sees("Привет")
    assert welcome["message_thread_id"] == 7
    anna.press_button(welcome, 0)
    assert anna.sees("Запрос сохранён")["message_thread_id"] == 7
    assert worker.queue.count_waiting() == 1
    anna.say("/packs", thread_id=7)
    anna.press("➕", anna.sees("пока нет наборов"))
    assert anna.sees("Как назвать")["message_thread_id"] == 7
