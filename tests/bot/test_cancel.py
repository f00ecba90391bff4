"""A user cancels a waiting or running request."""

import pytest
import redis

from tests.bot.conftest import NewUser
from tests.bot.harness import User, Worker, buttons_of, text_of, wait_for
from worker.queue.ends import has_ended
from worker.queue.events import STREAM

pytestmark = pytest.mark.usefixtures("bot")


def test_user_cancels_a_waiting_request_and_draws_it_again(user: User, worker: Worker) -> None:
    user.say("кот")
    [button] = buttons_of(user.sees("«кот»"))
    assert button["text"] == "✖ Остановить"
    assert user.tap(button["callback_data"]) == ""
    stopped = user.sees("«кот»", "Остановлено")
    assert worker.queue.count_waiting() == 0
    assert "уже закончен" in user.tap(button["callback_data"])
    [again] = buttons_of(stopped)
    user.tap(again["callback_data"])
    worker.finish(worker.take())
    user.sees("Готово")
    assert len(user.messages()) == 1


def test_cancel_that_an_earlier_bot_began_is_completed(user: User, worker: Worker) -> None:
    """A bot took the request out of the queue, and died before it saved and showed that."""
    user.say("кот")
    [button] = buttons_of(user.sees("«кот»"))
    [request_id] = worker.waiting()
    assert worker.queue.cancel(request_id)
    assert user.tap(button["callback_data"]) == ""
    user.sees("«кот»", "Остановлено")


def test_cancelled_request_ignores_stickers_that_arrive_later(
    user: User, worker: Worker, connection: redis.Redis
) -> None:
    user.say("кот")
    request = worker.take()
    worker.progress(request, 0.5)
    [button] = buttons_of(user.sees("50"))
    assert user.tap(button["callback_data"]) == ""
    user.sees("Остановлено")
    assert has_ended(connection, request.id)
    worker.progress(request, 0.9)
    worker.finish(request)
    wait_for(lambda: connection.xlen(STREAM) == 0)  # the bot has dealt with all that was told
    assert "Остановлено" in text_of(user.answer())


def test_finished_request_cannot_be_cancelled(user: User, worker: Worker) -> None:
    user.say("кот")
    [button] = buttons_of(user.sees("«кот»"))
    worker.finish(worker.take())
    user.sees("Готово")
    assert "уже закончен" in user.tap(button["callback_data"])
    user.sees("Готово")


def test_cancel_command_stops_all_requests_of_the_user(
    user: User, new_user: NewUser, worker: Worker
) -> None:
    other = new_user("en")
    other.say("/cancel")
    other.sees("not drawing anything")
    other.say("сова")
    other.sees("«сова»")
    user.say("кот")
    user.sees("«кот»")
    user.say("пёс")
    user.sees("«пёс»")
    user.say("/cancel")
    user.sees("Остановлены 2 запроса")
    wait_for(lambda: all("Остановлено" in text_of(shown) for shown in user.messages()[:2]))
    assert worker.take().prompt == "сова"


def test_user_cancels_the_replacement_of_a_sticker(user: User, worker: Worker) -> None:
    user.say("кот")
    worker.finish(worker.take(), 2)
    shown = user.sees("Готово")
    user.press("1", shown)
    [sticker] = user.packs()[0]["stickers"]
    user.say(sticker_file_id=sticker["file_id"])
    user.sees("Что сделать")
    assert "/cancel" in user.press("🔁")
    user.say("/cancel")
    user.sees("Ничего не заменяю")
    assert "Стикер 2 в вашем наборе" in user.press("2", shown)
    assert user.packs()[0]["stickers"][0] == sticker
    user.say("/cancel")
    user.sees("ничего для вас не рисую")


def test_user_cannot_cancel_a_request_of_another_user(new_user: NewUser, worker: Worker) -> None:
    owner, thief = new_user(), new_user()
    owner.say("кот")
    [button] = buttons_of(owner.sees("«кот»"))
    thief.say("/start")
    assert "чужие" in thief.tap(button["callback_data"])
    assert worker.queue.count_waiting() == 1
