"""/history: a user gets stickers of earlier requests again."""

import asyncio

import pytest
import redis
import redis.asyncio

from bot.account.history import History
from bot.requests.limits import HISTORY
from bot.requests.record import Record
from bot.requests.store import OPEN
from tests.bot.conftest import NewUser
from tests.bot.harness import User, Worker, buttons_of, wait_for
from tests.metrics import ends_of

pytestmark = pytest.mark.usefixtures("bot")


def drawn(user: User, worker: Worker, prompt: str) -> None:
    user.say(prompt)
    worker.finish(worker.take())
    user.sees(f"«{prompt}»", "Готово")


def test_empty_history_says_what_will_be_there(user: User) -> None:
    user.say("/history")
    user.sees("Здесь будут")


def test_history_lists_finished_requests_newest_first(user: User, worker: Worker) -> None:
    drawn(user, worker, "кот")
    drawn(user, worker, "пёс")
    user.say("неудача")
    worker.fail(worker.take(), "failed")
    user.sees("не получилось")
    user.say("/history")
    shown = user.sees("Ваши последние 2 запроса")
    assert [button["text"] for button in buttons_of(shown)] == ["пёс", "кот"]


def test_stored_stickers_are_shown_again_from_history(
    user: User, worker: Worker, connection: redis.Redis
) -> None:
    user.say("кот")
    request = worker.take()
    worker.finish(request, model="kept")
    user.sees("«кот»", "Готово")
    first = user.answer()
    user.press_button(first, 1)
    user.say("/history")
    user.sees("последний")
    assert user.press("кот") == "Вот они."
    shown = user.sees("«кот»", "Готово")
    assert shown["message_id"] > first["message_id"]
    assert shown["photo"]
    assert buttons_of(shown)[1]["text"] == "✓ 2"
    assert "Стикер 3" in user.press_button(first, 2)
    wait_for(lambda: buttons_of(user.messages()[-1])[2]["text"] == "✓ 3")
    assert worker.queue.count_waiting() == 0
    wait_for(lambda: not connection.hexists(OPEN, request.id))
    assert wait_for(lambda: ends_of("kept")) == {("finished", ""): 1}


def test_expired_stickers_are_drawn_again_with_the_same_seed(
    user: User, worker: Worker, connection: redis.Redis
) -> None:
    user.say("/settings")
    user.sees("Сколько")
    user.press("2")
    user.press("смело")
    user.say("кот")
    before = worker.take()
    worker.finish(before)
    user.sees("«кот»", "Готово")
    connection.delete(f"emojich:stickers:{before.id}", f"emojich:request:{before.id}")
    user.say("/settings")
    user.sees("Сколько")
    user.press("9")
    user.say("/history")
    user.sees("последний")
    assert "заново" in user.press("кот")
    again = worker.take()
    assert again.id != before.id
    same = [(r.prompt, r.count, r.seed, r.boldness) for r in (before, again)]
    assert same[0] == same[1]


def test_history_button_of_another_user_or_unknown_request_is_refused(
    new_user: NewUser, worker: Worker
) -> None:
    user, thief = new_user(), new_user("en")
    drawn(user, worker, "кот")
    user.say("/history")
    user.sees("последний")
    [button] = buttons_of(user.answer())
    thief.say("/help")
    thief.sees("Write in Russian")
    assert "somebody else" in thief.tap(button["callback_data"])
    assert "no longer works" in thief.tap(f"1:past:{thief.id}:1_404")


def test_history_is_limited_to_twenty_requests(server: str) -> None:
    assert asyncio.run(fill(server)) == [f"кот {number}" for number in range(24, 4, -1)]


async def fill(server: str) -> list[str]:
    async with redis.asyncio.Redis.from_url(server) as connection:
        history = History(connection)
        for number in range(HISTORY + 5):
            await history.add(Record(f"9_{number}", 9, 9, f"кот {number}", "ru"))
        await history.add(Record(f"9_{HISTORY}", 9, 9, "ещё раз", "ru"))
        await history.add(Record("9_like", 9, 9, "кот", "ru", like="9_1:0"))
        return [past.prompt for past in (await history.all(9)).values()]


def test_long_prompt_is_shortened_on_the_history_button(user: User, worker: Worker) -> None:
    drawn(user, worker, "кот " * 40 + "конец")
    user.say("/history")
    [button] = buttons_of(user.sees("последний"))
    assert len(button["text"]) == 40
    assert button["text"].endswith("…")
