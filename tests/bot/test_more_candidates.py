"""More candidates of a prompt, or candidates similar to one."""

import pytest
import redis

from bot.requests.limits import Limits
from tests.bot.conftest import NewUser
from tests.bot.harness import CODES, User, Worker, buttons_of, text_of, wait_for

ACTIVE = Limits().active

pytestmark = pytest.mark.usefixtures("bot")


def drawn(user: User, worker: Worker, count: int = 4) -> None:
    user.say("кот")
    worker.finish(worker.take(), count)
    user.sees("«кот»", "Готово")


def test_more_candidates_come_in_a_new_message(user: User, worker: Worker) -> None:
    user.say("кот")
    first = worker.take()
    worker.finish(first)
    user.sees("«кот»", "Готово")
    assert "Рисую ещё" in user.press("🎲")
    wait_for(lambda: len(user.messages()) == 2)
    more = worker.take()
    assert (more.prompt, more.count, more.like) == ("кот", first.count, ())
    assert more.seed != first.seed
    worker.finish(more, 2)
    user.sees("«кот»", "2 стикера")
    assert "Готово, 4" in text_of(user.messages()[0])


def test_similar_candidates_start_with_the_codes_of_the_chosen_one(
    user: User, worker: Worker
) -> None:
    drawn(user, worker)
    user.press("🪄 Похожие…")
    asked = user.sees("На какой стикер")
    assert [b["text"] for b in buttons_of(asked)] == ["🪄 1", "🪄 2", "🪄 3", "🪄 4", "← Назад"]
    assert "Рисую ещё" in user.press("🪄 3")
    user.sees("«кот», похожие на стикер 3")
    request = worker.take()
    assert (request.prompt, request.like) == ("кот", CODES)
    wait_for(lambda: "Готово" in text_of(user.messages()[0]))  # no longer asks
    worker.fail(request, "failed")
    user.sees("похожие на стикер 3", "не получилось")
    user.press("🔄")
    assert worker.take().like == CODES


def test_user_leaves_the_choice_of_a_candidate(user: User, worker: Worker) -> None:
    drawn(user, worker)
    user.press("🪄 Похожие…")
    user.sees("На какой стикер")
    user.press("← Назад")
    user.sees("Готово, 4 стикера")
    assert worker.queue.count_waiting() == 0


def test_single_candidate_is_chosen_without_a_question(user: User, worker: Worker) -> None:
    drawn(user, worker, count=1)
    user.press("🪄 Похожие")
    user.sees("похожие на стикер 1")
    assert worker.take().like == CODES


def test_candidate_with_expired_codes_is_drawn_again_first(
    user: User, worker: Worker, connection: redis.Redis
) -> None:
    drawn(user, worker, count=1)
    keys: list[bytes] = connection.keys("emojich:codes:*")  # type: ignore[assignment]
    connection.delete(*keys)
    assert "Рисую те же самые" in user.press("🪄")
    assert not worker.take().like


def test_edit_button_explains_how_to_edit_the_prompt(new_user: NewUser, worker: Worker) -> None:
    user = new_user("en")
    user.say("кот")
    worker.finish(worker.take())
    user.sees("Done")
    assert "edit your message" in user.press("✏️")


def test_more_candidates_count_towards_the_limit(user: User, worker: Worker) -> None:
    drawn(user, worker)
    button = next(b for b in buttons_of(user.answer()) if b["text"].startswith("🎲"))
    message = user.answer()["message_id"]
    for _ in range(ACTIVE):
        assert "Рисую ещё" in user.tap(button["callback_data"], message)
    assert f"уже рисую {ACTIVE}" in user.tap(button["callback_data"], message)
    assert worker.queue.count_waiting() == ACTIVE
