"""Messages of several lines, and messages that are edited."""

from typing import Any

import pytest
import redis

from bot.requests.limits import Limits
from tests.bot.conftest import NewUser
from tests.bot.harness import Sandbox, User, Worker, open_of, text_of, wait_for

ACTIVE = Limits().active

pytestmark = pytest.mark.usefixtures("bot")


def about(message: dict[str, Any]) -> str:
    """The prompt that a message is about."""
    return text_of(message).split("\n")[0]


def answers(user: User, count: int) -> list[dict[str, Any]]:
    """The bot's messages; waits until there are `count`."""
    return wait_for(lambda: (len(user.messages()) >= count and user.messages()) or None)


def test_every_line_of_a_message_is_a_request(user: User, worker: Worker) -> None:
    user.say("кот\n\n  пёс \nсова")
    shown = sorted(about(message) for message in answers(user, 3))
    assert shown == ["«кот»", "«пёс»", "«сова»"]
    assert [worker.take().prompt for _ in shown] == ["кот", "пёс", "сова"]


def test_request_phrases_are_removed_from_every_line(user: User, worker: Worker) -> None:
    said = user.say("Нарисуй мне, пожалуйста:\nкот в шляпе\nи сделай стикер с совой")
    answers(user, 2)
    user.edit(said["message_id"], "нарисуй кота в шляпе\nхочу сову")  # which asks for the same
    user.say("сделай стикер, пожалуйста")
    user.sees("А что нарисовать?")
    assert {about(message) for message in user.messages()[:2]} == {"«кот в шляпе»", "«сова»"}
    assert [worker.take().prompt for _ in range(2)] == ["кот в шляпе", "сова"]
    assert worker.queue.count_waiting() == 0


def test_lines_over_the_limit_are_named_in_one_refusal(new_user: NewUser, worker: Worker) -> None:
    user = new_user("en")
    user.say("Katze\n" + "\n".join(f"кот {number}" for number in range(ACTIVE + 12)))
    texts = [text_of(message).split("\n\n") for message in answers(user, ACTIVE + 2)]
    assert {f"«кот {number}»" for number in range(ACTIVE)} < {about for about, *_ in texts}
    [foreign] = [about for about, why in texts if "only read Russian" in why]
    assert foreign == "«Katze»"
    [left] = [about for about, why in texts if "of yours already" in why]
    named = ", ".join(f"«кот {number}»" for number in range(ACTIVE, ACTIVE + 10))
    assert left == f"{named} and 2 more"
    assert worker.queue.count_waiting() == ACTIVE


def test_refused_long_line_is_shortened_in_the_answer(user: User, worker: Worker) -> None:
    user.say(f"кот\n{'сова ' * 50}")
    texts = {about(message): text_of(message) for message in answers(user, 2)}
    assert "слишком длинно" in texts[f"«{'сова ' * 7}сова…»"]  # before «кот» or after it
    user.say("Katze")  # alone, it needs no name
    assert text_of(user.sees("только по-русски")).startswith("Я понимаю")
    assert worker.queue.count_waiting() == 1


@pytest.mark.parametrize(
    ("said", "prompt"),
    [("🐱🍕", "🐱🍕"), ("Narisui kota!", "кот"), ("cat in space", "кот в космосе")],
)
def test_prompt_needs_no_russian_letters(
    user: User, worker: Worker, said: str, prompt: str
) -> None:
    user.say(said)
    user.sees(f"«{prompt}»")
    assert worker.take().prompt == prompt


def test_edited_prompt_replaces_the_waiting_request(user: User, worker: Worker) -> None:
    said = user.say("кот в косомсе")
    first = user.sees("«кот в косомсе»")
    user.edit(said["message_id"], "кот в космосе")
    user.sees("«кот в космосе»")
    assert [m["message_id"] for m in user.messages()] == [first["message_id"]]
    # It may be shown a moment before it is queued.
    wait_for(lambda: worker.queue.count_waiting() == 1)
    worker.finish(worker.take())
    user.sees("«кот в космосе»", "Готово")


@pytest.mark.slow
def test_edit_before_telegram_answers_keeps_the_message(
    user: User, worker: Worker, sandbox: Sandbox
) -> None:
    sandbox.fault("sendMessage", 200, after=True, delay=7)
    said = user.say("кот")
    user.sees("«кот»")
    user.edit(said["message_id"], "пёс")
    user.sees("«пёс»")
    worker.finish(worker.take())
    user.sees("«пёс»", "Готово")
    assert len(user.messages()) == 1


def test_edit_after_the_stickers_draws_in_the_same_message(user: User, worker: Worker) -> None:
    said = user.say("кот")
    worker.finish(worker.take(), 4)
    old = user.sees("«кот»", "Готово")
    user.edit(said["message_id"], "пёс")
    assert user.sees("«пёс»")["photo"] == old["photo"]
    request = worker.take()
    worker.progress(request, 0.5)
    user.sees("«пёс»", "50")
    worker.finish(request, 2)
    shown = user.sees("«пёс»", "2 стикера")
    assert shown["photo"] != old["photo"]
    assert shown["message_id"] == old["message_id"]
    assert "Стикер 2" in user.press_button(shown, 1)


def test_edit_during_the_delivery_draws_the_new_prompt(
    user: User, worker: Worker, sandbox: Sandbox
) -> None:
    said = user.say("кот")
    user.sees("«кот»")
    sandbox.fault("editMessageMedia", 429, retry_after=5, after=True)  # the bot has no answer yet
    worker.finish(worker.take())
    user.sees("Готово")
    user.edit(said["message_id"], "пёс")
    user.sees("«пёс»")
    worker.finish(worker.take(), 2)
    user.sees("«пёс»", "2 стикера")


def test_unchanged_lines_of_an_edited_message_keep_their_requests(
    user: User, worker: Worker
) -> None:
    said = user.say("кот\nпёс")
    answers(user, 2)
    unchanged = worker.waiting()[0]
    user.edit(said["message_id"], "кот\nсова\nлиса")
    wait_for(lambda: {about(m) for m in user.messages()} == {"«кот»", "«сова»", "«лиса»"})
    wait_for(lambda: worker.queue.count_waiting() == 3)
    assert worker.waiting()[0] == unchanged
    user.edit(said["message_id"], "кот")
    wait_for(lambda: worker.waiting() == [unchanged])
    wait_for(lambda: [m for m in user.messages() if "Остановлено" in text_of(m)][1:])


def test_refused_edit_keeps_the_old_request(user: User, worker: Worker) -> None:
    said = user.say("кот")
    user.sees("«кот»")
    user.edit(said["message_id"], "Katze")
    user.sees("только по-русски")
    assert worker.queue.count_waiting() == 1
    user.edit(said["message_id"], "кит")
    wait_for(lambda: "«кит»" in text_of(user.messages()[0]))
    assert worker.queue.count_waiting() == 1


def test_refused_prompt_is_drawn_after_a_correcting_edit(user: User, worker: Worker) -> None:
    said = user.say("Katze")
    user.sees("только по-русски")
    user.edit(said["message_id"], "кот")
    user.sees("«кот»")
    assert worker.take().prompt == "кот"


def test_edit_replaces_a_request_that_was_retried(user: User, worker: Worker) -> None:
    said = user.say("кот")
    worker.fail(worker.take(), "failed")
    user.press_button(user.sees("не получилось"), 0)
    user.sees("Запрос сохранён")
    user.edit(said["message_id"], "пёс")
    user.sees("«пёс»")
    assert len(user.messages()) == 1
    assert [worker.take().prompt, worker.queue.count_waiting()] == ["пёс", 0]


def test_edit_over_the_limit_keeps_requests_of_other_lines(
    user: User, worker: Worker, connection: redis.Redis
) -> None:
    said = user.say("кот\nпёс")
    answers(user, 2)
    worker.finish(worker.take(), 1)
    wait_for(lambda: open_of(user, connection) == 1)
    user.say("кит\nсова")
    answers(user, 4)
    user.edit(said["message_id"], "лиса\nпёс")
    user.sees("уже рисую")
    user.edit(said["message_id"], "кот\nслон")
    wait_for(lambda: [m for m in user.messages() if "«слон»" in text_of(m)])
    assert len(user.messages()) == 5
    wait_for(lambda: worker.queue.count_waiting() == ACTIVE)
    assert sorted(worker.take().prompt for _ in range(ACTIVE)) == ["кит", "слон", "сова"]


def test_prompt_sent_as_a_reply_can_be_edited(user: User, worker: Worker) -> None:
    user.say("кот")
    first = user.sees("«кот»")
    said = user.reply(first["message_id"], "пёс")
    second = user.sees("«пёс»")
    user.edit(said["message_id"], "кит")
    assert user.sees("«кит»")["message_id"] == second["message_id"]
    wait_for(lambda: worker.queue.count_waiting() == 2)
    assert [worker.take().prompt for _ in range(2)] == ["кот", "кит"]


@pytest.mark.parametrize("origin", ["forwarded", "via_bot"])
def test_forwarded_reply_to_a_question_is_a_prompt(user: User, worker: Worker, origin: str) -> None:
    user.say("/packs")
    user.sees("набор")
    user.press("➕ Новый набор")
    question = user.sees("Как назвать")["message_id"]
    user.say("рыжий кот", reply_to=question, **{origin: True})
    assert worker.take().prompt == "рыжий кот"
    user.reply(question, "Коты")
    user.sees("Коты")
