"""Stickers that users report in groups, and what the admins decide."""

from collections.abc import Iterator
from typing import Any

import pytest
import redis

from bot.admin import reports
from bot.admin.access import BANNED
from bot.requests.store import RECORD_TTL
from bot.sandbox.errors import LATE
from tests.bot.conftest import NewUser
from tests.bot.harness import RunningBot, Sandbox, User, Worker, buttons_of, text_of, wait_for
from worker.queue.connection import connect
from worker.queue.stats import counts_today

ADMIN, SECOND, SILENT = 5101, 5102, 5103  # the last one has never pressed Start


@pytest.fixture(scope="module", autouse=True)
def our_bot(sandbox: Sandbox, server: str) -> Iterator[RunningBot]:
    bot = RunningBot(f"{sandbox.url}/bot", server, admins=frozenset({ADMIN, SECOND, SILENT}))
    for admin, language in ((ADMIN, "ru"), (SECOND, "en")):
        user = User(sandbox, admin, language)
        user.say("/start")
        user.answer()
    yield bot
    bot.stop()


@pytest.fixture(autouse=True)
def clean(server: str) -> Iterator[None]:
    yield
    with connect(server) as connection:
        connection.delete("emojich:open", "rq:queue:emojich", BANNED)


@pytest.fixture
def admins(sandbox: Sandbox) -> list[User]:
    return [User(sandbox, ADMIN, "ru"), User(sandbox, SECOND, "en")]


class Stickers:
    """Finished stickers in a group of two users."""

    def __init__(self, author: User, other: User, worker: Worker, prompt: str = "злой кот"):
        self.author, self.other = author, other
        self.group = author.sandbox.group(author, other)
        author.say(f"/sticker {prompt}", chat_id=self.group)
        worker.finish(worker.take(), 1)
        wait_for(lambda: "Готово" in str([text_of(m) for m in self.messages()]))

    def messages(self) -> list[dict[str, Any]]:
        return self.author.messages(self.group)

    def report(self, user: User) -> str:
        """Press the button; returns what the user reads."""
        message = self.messages()[0]
        [data] = [b["callback_data"] for b in buttons_of(message) if b["text"].startswith("🚩")]
        return user.tap(data, message["message_id"], self.group)


@pytest.fixture
def stickers(new_user: NewUser, worker: Worker) -> Stickers:
    return Stickers(new_user(), new_user(), worker)


def press(admin: User, message: dict[str, Any], label: str) -> str:
    [data] = [b["callback_data"] for b in buttons_of(message) if b["text"].startswith(label)]
    return admin.tap(data, message["message_id"])


def test_report_reaches_each_admin_with_the_picture(
    stickers: Stickers, admins: list[User], connection: redis.Redis, worker: Worker
) -> None:
    before = counts_today(connection).get("reported", 0)
    assert "Жалоба отправлена" in stickers.report(stickers.other)
    first, second = (admin.sees("«злой кот»") for admin in admins)
    assert text_of(first).splitlines() == [
        "🚩 Жалоба на стикеры «злой кот»",
        f"Чат: Друзья. Просил пользователь {stickers.author.id}",
    ]
    assert text_of(second).startswith("🚩 A report of the stickers «злой кот»\nChat: Друзья.")
    shown = stickers.messages()[0]["photo"][-1]["file_unique_id"]
    assert first["photo"][-1]["file_unique_id"] == shown
    assert [len(buttons_of(each)) for each in (first, second)] == [3, 3]
    assert counts_today(connection)["reported"] == before + 1
    [key] = connection.keys("emojich:report:*")  # type: ignore[misc]
    assert 0 < connection.ttl(key) <= RECORD_TTL  # type: ignore[operator]
    connection.delete(key)


def test_report_before_telegram_answers_the_bot_reaches_the_admins(
    new_user: NewUser, admins: list[User], worker: Worker, sandbox: Sandbox,
    caplog: pytest.LogCaptureFixture,
) -> None:  # fmt: skip
    sandbox.fault("sendMessage", 429, retry_after=60)
    sandbox.fault("sendPhoto", LATE, after=True, delay=3)
    author, other = new_user(), new_user()
    group = sandbox.group(author, other)
    author.say("/sticker кот", chat_id=group)
    wait_for(lambda: "again in 60" in caplog.text)
    worker.finish(worker.take(), 1)
    [message] = wait_for(lambda: author.messages(group))
    [data] = [b["callback_data"] for b in buttons_of(message) if b["text"].startswith("🚩")]
    assert "Жалоба отправлена" in other.tap(data, message["message_id"], group)
    press(admins[0], admins[0].sees("Жалоба на стикеры «кот»"), "🗑")
    admins[0].sees("🗑 Сообщение удалено.")
    assert author.messages(group) == []


def test_second_report_of_a_user_is_refused_and_of_another_user_counted(
    stickers: Stickers, admins: list[User]
) -> None:
    stickers.report(stickers.other)
    assert "уже пожаловались" in stickers.report(stickers.other)
    sent = admins[0].sees("Жалоба на стикеры «злой кот»")
    assert "Жалоба отправлена" in stickers.report(stickers.author)
    again = admins[0].sees("🚩 Жалобы (2) на стикеры «злой кот»")
    assert again["message_id"] == sent["message_id"]


def test_banned_author_reads_the_reason(
    stickers: Stickers, admins: list[User], connection: redis.Redis
) -> None:
    stickers.author.say("сова")
    stickers.author.sees("«сова»")
    stickers.report(stickers.other)
    message = admins[0].sees("Жалоба на стикеры «злой кот»")
    press(admins[0], message, "🚫")
    decided = admins[0].sees("🚫 Доступ закрыт.")
    assert decided["message_id"] == message["message_id"]
    assert [button["text"] for button in buttons_of(decided)] == [
        "🗑 Удалить сообщение",
        "Всё в порядке",
    ]
    admins[1].sees("🚫 The user is banned.")
    assert connection.sismember(BANNED, str(stickers.author.id))
    stickers.author.say("кит")
    stickers.author.sees("закрыл вам доступ: жалоба на «злой кот»")


def test_deleted_message_does_not_come_back(
    stickers: Stickers, admins: list[User], worker: Worker
) -> None:
    stickers.report(stickers.other)
    message = admins[1].sees("A report of the stickers «злой кот»")
    press(admins[1], message, "🗑")
    admins[0].sees("🗑 Сообщение удалено.")
    assert stickers.messages() == []
    assert "An admin has already decided this" in admins[1].tap(
        buttons_of(message)[1]["callback_data"], message["message_id"]
    )
    press(admins[1], admins[1].sees("The message is deleted"), "🚫")
    done = admins[0].sees("🗑 Сообщение удалено.\n🚫 Доступ закрыт.")
    assert buttons_of(done) == []
    assert stickers.messages() == []


def test_message_that_cannot_be_deleted_leaves_the_button(
    stickers: Stickers, admins: list[User], sandbox: Sandbox
) -> None:
    stickers.report(stickers.other)
    message = admins[0].sees("Жалоба на стикеры «злой кот»")
    sandbox.fault("deleteMessage", 400, description="Bad Request: message can't be deleted")
    assert "не дал удалить" in press(admins[0], message, "🗑")
    assert len(buttons_of(admins[0].answer())) == 3
    press(admins[0], message, "🗑")
    admins[0].sees("🗑 Сообщение удалено.")


def test_dismissed_report_has_no_buttons(stickers: Stickers, admins: list[User]) -> None:
    stickers.report(stickers.other)
    press(admins[0], admins[0].sees("Жалоба на стикеры «злой кот»"), "Всё в порядке")
    assert buttons_of(admins[0].sees("Отклонена: всё в порядке.")) == []
    assert buttons_of(admins[1].sees("Dismissed")) == []
    assert stickers.messages()
    assert "Жалоба отправлена" in stickers.report(stickers.author)
    assert buttons_of(admins[0].sees("Жалобы (2)", "Отклонена")) == []


def test_only_an_admin_can_decide(stickers: Stickers, admins: list[User]) -> None:
    stickers.report(stickers.other)
    message = admins[0].sees("Жалоба на стикеры «злой кот»")
    own = stickers.messages()[0]
    for button in buttons_of(message):
        said = stickers.other.tap(button["callback_data"], own["message_id"], stickers.group)
        assert "кнопка уже не работает" in said
    assert stickers.messages()


def test_reports_of_a_user_are_limited(
    new_user: NewUser, worker: Worker, monkeypatch: pytest.MonkeyPatch, connection: redis.Redis
) -> None:
    monkeypatch.setattr(reports, "MAX_PER_DAY", 1)
    author, other = new_user(), new_user()
    first, second = (Stickers(author, other, worker, prompt) for prompt in ("кот", "пёс"))
    assert "Жалоба отправлена" in first.report(other)
    assert "не больше 1 жалоб" in second.report(other)
    connection.zadd(f"emojich:reports:{other.id}", {"1_1": 1}, xx=True)
    for member in connection.zrange(f"emojich:reports:{other.id}", 0, -1):  # type: ignore[union-attr]
        connection.zincrby(f"emojich:reports:{other.id}", -24 * 3600 - 1, member)
    assert "Жалоба отправлена" in second.report(other)


def test_report_that_reaches_no_admin_may_be_repeated(
    stickers: Stickers, sandbox: Sandbox, admins: list[User]
) -> None:
    sandbox.fault("sendPhoto", 403, description="Forbidden: bot was blocked by the user", times=3)
    assert "сейчас недоступны" in stickers.report(stickers.other)
    sandbox.clear_faults()
    assert "Жалоба отправлена" in stickers.report(stickers.other)


def test_private_chat_and_bot_without_admins_have_no_report_button(
    stickers: Stickers, worker: Worker, our_bot: RunningBot, sandbox: Sandbox, server: str,
    new_user: NewUser,
) -> None:  # fmt: skip
    user = new_user()
    user.say("кот")
    worker.finish(worker.take(), 1)
    assert not any("🚩" in b["text"] for b in buttons_of(user.sees("Готово")))
    our_bot.stop()  # the sandbox has one bot
    other = RunningBot(f"{sandbox.url}/bot", server)
    try:
        shown = Stickers(new_user(), new_user(), worker).messages()[0]
        assert not any("🚩" in button["text"] for button in buttons_of(shown))
    finally:
        other.stop()
        our_bot.start()
