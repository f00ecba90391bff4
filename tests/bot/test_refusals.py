"""Telegram's everyday refusals cause no error, no second message and no lost sticker."""

from typing import Any

import pytest
import redis
from telegram.error import BadRequest, Forbidden

from bot.admin.commands import BROKEN
from bot.requests.record import State
from bot.telegram.errors import CHAT_IS_CLOSED, is_everyday, says
from tests.bot.conftest import NewUser
from tests.bot.harness import (
    Sandbox,
    User,
    Worker,
    buttons_of,
    open_of,
    state_of,
    text_of,
    wait_for,
)
from worker.queue.stats import counts_today

pytestmark = pytest.mark.usefixtures("bot")

CLOSED = [
    (400, "Bad Request: not enough rights to send text messages to the chat"),
    (400, "Bad Request: have no rights to send a message"),
    (400, "Bad Request: need administrator rights in the channel chat"),
    (400, "Bad Request: CHAT_WRITE_FORBIDDEN"),
    (400, "Bad Request: CHAT_RESTRICTED"),
    (400, "Bad Request: CHAT_SEND_PLAIN_FORBIDDEN"),
    (400, "Bad Request: TOPIC_CLOSED"),
    (400, "Bad Request: message thread not found"),
    (400, "Bad Request: PEER_ID_INVALID"),
    (400, "Bad Request: chat not found"),
    (400, "Bad Request: message to be replied not found"),
    (400, "Bad Request: group chat was upgraded to a supergroup chat"),
    (400, "Bad Request: USER_RESTRICTED"),
    (400, 'Bad Request: failed to send message #1 with the error message "USER_IS_BLOCKED"'),
    (403, "Forbidden: bot was kicked from the supergroup chat"),
    (403, "Forbidden: bot can't initiate conversation with a user"),
    (403, "Forbidden: user is deactivated"),
]
GONE = [
    (400, "Bad Request: message to edit not found"),
    (400, "Bad Request: message can't be edited"),
    (400, "Bad Request: MESSAGE_ID_INVALID"),
]
# One of each kind: the server's words, those of Telegram's own servers, a quotation, another code.
SOME_CLOSED = [CLOSED[0], CLOSED[6], CLOSED[10], CLOSED[11]]
SOME = [*SOME_CLOSED, GONE[0]]
each_closed = pytest.mark.parametrize(
    ("code", "text"), SOME_CLOSED, ids=[t for _, t in SOME_CLOSED]
)
each = pytest.mark.parametrize(("code", "text"), SOME, ids=[t for _, t in SOME])


@pytest.fixture
def user(new_user: NewUser) -> User:
    """A user who has started the bot."""
    user = new_user()
    user.say("/start")
    user.sees("Привет")
    return user


@pytest.fixture
def group(sandbox: Sandbox, user: User) -> int:
    return sandbox.group(user)


@pytest.fixture(autouse=True)
def unbroken(connection: redis.Redis, caplog: pytest.LogCaptureFixture) -> Any:
    """Nothing counts as broken in /stats, and the log has no traceback."""
    before = counts_today(connection).get(BROKEN, 0)
    caplog.set_level("INFO", "bot")
    yield
    assert counts_today(connection).get(BROKEN, 0) == before
    assert [r.getMessage() for r in caplog.records if r.exc_info and r.name.startswith("bot")] == []


@pytest.mark.parametrize(("code", "text"), CLOSED + GONE)
def test_every_everyday_refusal_is_recognized(code: int, text: str) -> None:
    error = Forbidden(text) if code == 403 else BadRequest(text)
    assert is_everyday(error)
    assert isinstance(error, Forbidden) or says(error, CHAT_IS_CLOSED) == ((code, text) in CLOSED)


@each_closed
def test_answer_refused_in_a_closed_chat_is_only_logged(
    user: User,
    sandbox: Sandbox,
    group: int,
    caplog: pytest.LogCaptureFixture,
    code: int,
    text: str,
) -> None:
    sandbox.fault("sendMessage", code, description=text)
    user.say("/help", chat_id=group)
    wait_for(lambda: "cannot be answered" in caplog.text)
    user.say("/sticker", chat_id=group)
    [message] = wait_for(lambda: user.messages(group))
    assert "Напишите, что нарисовать" in text_of(message)


@each_closed
def test_request_of_a_closed_chat_stays_in_history(
    user: User,
    sandbox: Sandbox,
    worker: Worker,
    connection: redis.Redis,
    group: int,
    code: int,
    text: str,
) -> None:
    sandbox.fault("sendMessage", code, description=text)
    user.say("/sticker кот", chat_id=group)
    request = worker.take()
    # A request is queued before it is open, so that it is not open yet would prove nothing.
    wait_for(lambda: state_of(request, connection) == State.GONE)
    worker.finish(request, 2)
    wait_for(lambda: connection.exists(f"emojich:history:{user.id}"))
    assert user.messages(group) == []
    user.say("/history")
    user.sees("последний")
    assert "заново" in user.press("кот")
    assert worker.take().seed == request.seed


@each
def test_stickers_refused_by_the_chat_are_kept_in_history(
    user: User,
    sandbox: Sandbox,
    worker: Worker,
    connection: redis.Redis,
    code: int,
    text: str,
) -> None:
    user.say("кот")
    user.sees("«кот»")
    sandbox.fault("editMessageMedia", code, description=text)
    worker.finish(worker.take(), 2)
    wait_for(lambda: open_of(user, connection) == 0)
    assert len(user.messages()) == 2  # no second message
    user.say("/history")
    user.sees("последний")
    assert user.press("кот") == "Вот они."
    assert len(buttons_of(user.sees("«кот»", "Готово"))) > 2
    assert worker.queue.count_waiting() == 0


def test_group_without_photos_is_pointed_to_history(
    user: User, sandbox: Sandbox, worker: Worker, group: int
) -> None:
    user.say("/sticker кот", chat_id=group)
    request = worker.take()
    wait_for(lambda: user.messages(group))
    refused = "Bad Request: not enough rights to send photos to the chat"
    sandbox.fault("editMessageMedia", 400, description=refused)
    worker.finish(request, 1)
    wait_for(lambda: "/history" in text_of(user.messages(group)[-1]))
    user.say("/history")
    assert buttons_of(user.sees("последний"))[0]["text"] == "кот"


@each
def test_action_succeeds_though_its_message_cannot_be_edited(
    user: User, sandbox: Sandbox, worker: Worker, code: int, text: str
) -> None:
    user.say("кот")
    worker.finish(worker.take(), 1)
    shown = user.sees("Готово")
    user.press_button(shown, 0)
    user.say(sticker_file_id=user.packs()[0]["stickers"][0]["file_id"])
    menu = user.sees("Что сделать")
    sandbox.fault("editMessageText", code, description=text)
    assert "убран из набора" in user.press("🗑", menu)
    user.say("/settings")
    menu = user.sees("Сколько")
    sandbox.fault("editMessageText", code, description=text)
    assert user.press("2", menu) == ""
    user.say("/packs")
    menu = user.sees("Ваши наборы")
    sandbox.fault("editMessageMedia", code, description=text)
    sandbox.fault("editMessageText", code, description=text)
    assert user.press("Emojich", menu) == ""


def test_refused_question_is_told_in_the_answer_to_the_button(user: User, sandbox: Sandbox) -> None:
    user.say("/packs")
    menu = user.sees("пока нет наборов")
    sandbox.fault("sendMessage", 400, description="Bad Request: message thread not found")
    assert "не дал этого" in user.press("➕", menu)


def test_sticker_is_added_though_the_button_answer_is_too_late(
    user: User, sandbox: Sandbox, worker: Worker
) -> None:
    user.say("кот")
    worker.finish(worker.take(), 1)
    add = buttons_of(user.sees("Готово"))[0]["callback_data"]
    late = "Bad Request: query is too old and response timeout expired or query ID is invalid"
    sandbox.fault("answerCallbackQuery", 400, description=late)
    message_id = user.answer()["message_id"]
    user.start_tap(add, message_id)
    wait_for(lambda: user.packs())
    assert "уже в наборе" in user.tap(add, message_id)


def test_bot_answers_in_the_new_group_after_a_migration(
    user: User, sandbox: Sandbox, group: int
) -> None:
    new = sandbox.group(user)
    sandbox.fault("sendMessage", 400, migrate_to_chat_id=new)
    user.say("/sticker", chat_id=group)
    [message] = wait_for(lambda: user.messages(new))
    assert "Напишите, что нарисовать" in text_of(message)
    assert "reply_to_message" not in message  # another message has its number there


def test_open_requests_follow_a_migrating_group(
    user: User, sandbox: Sandbox, worker: Worker, group: int
) -> None:
    user.say("/sticker кот\nпёс", chat_id=group)
    requests = [worker.take(), worker.take()]
    wait_for(lambda: len(user.messages(group)) == 2)
    new = sandbox.post("/sandbox/migrate", user_id=user.id, chat_id=group)["id"]
    wait_for(lambda: len(user.messages(new)) == 2)
    for request in requests:
        worker.finish(request, 1)
    wait_for(lambda: str(list(map(text_of, user.messages(new)))).count("Готово") == 2)
    assert len(user.messages(new)) == 2
    user.say("/sticker сова", chat_id=new)
    wait_for(lambda: "«сова»" in text_of(user.messages(new)[-1]))


class TestStart:
    """A user who has never started the bot presses a button in a group."""

    @pytest.fixture
    def user(self, new_user: NewUser) -> User:
        return new_user()

    def test_start_link_adds_the_sticker_for_a_new_user(
        self, user: User, sandbox: Sandbox, worker: Worker, group: int
    ) -> None:
        parameter = self.tapped(user, sandbox, worker, group, 1)
        assert user.packs() == []
        user.say(f"/start {parameter}")
        [pack] = user.packs() or wait_for(user.packs)
        user.sees("Стикер 2 в вашем наборе", f"https://t.me/addstickers/{pack['name']}")
        assert len(pack["stickers"]) == 1
        user.say(f"/start {parameter}")
        user.sees("Стикер 2 уже в наборе")
        assert len(user.packs()[0]["stickers"]) == 1

    @pytest.mark.parametrize(
        ("method", "code", "text"),
        [
            ("uploadStickerFile", 400, "Bad Request: user not found"),
            ("uploadStickerFile", 400, "Bad Request: PEER_ID_INVALID"),
            ("addStickerToSet", 400, "Bad Request: PEER_ID_INVALID"),
            ("createNewStickerSet", 403, "Forbidden: bot was blocked by the user"),
        ],
    )
    def test_new_user_gets_the_start_link_whichever_call_is_refused(
        self,
        user: User,
        sandbox: Sandbox,
        worker: Worker,
        group: int,
        method: str,
        code: int,
        text: str,
    ) -> None:
        sandbox.fault(method, code, description=text)
        user.say(f"/start {self.tapped(user, sandbox, worker, group, 0)}")
        user.sees("Стикер 1 в вашем наборе")

    def test_start_link_of_another_user_or_old_request_adds_nothing(
        self, user: User, new_user: NewUser, sandbox: Sandbox, worker: Worker, group: int
    ) -> None:
        parameter = self.tapped(user, sandbox, worker, group, 0)
        thief = new_user()
        thief.say(f"/start {parameter}")
        thief.sees("чужие стикеры")
        for old in (f"{parameter[:-1]}9", "add-404_1-0"):
            thief.say(f"/start {old}")
            thief.sees("уже не работает")
        thief.say("/start add-")
        thief.sees("Привет")
        assert thief.packs() == []

    @staticmethod
    def tapped(user: User, sandbox: Sandbox, worker: Worker, group: int, number: int) -> str:
        """Press a sticker in the group; returns the /start parameter of the link that opens."""
        user.say("/sticker кот", chat_id=group)
        worker.finish(worker.take(), 2)
        shown = wait_for(lambda: [m for m in user.messages(group) if "Готово" in text_of(m)])[0]
        data = buttons_of(shown)[number]["callback_data"]
        answer = user.answer_to(user.start_tap(data, shown["message_id"], group))
        assert answer["text"] == ""  # beside a sentence, Telegram's apps would not open the link
        link, _, parameter = answer["url"].partition("?start=")
        assert link == f"https://t.me/{sandbox.api('getMe')['username']}"
        assert len(parameter) <= 64
        return str(parameter)
