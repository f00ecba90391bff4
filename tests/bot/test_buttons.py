"""A user presses buttons, and stickers are added to packs."""

import json
from typing import Any

import pytest
import redis

from bot.sandbox.errors import LATE
from tests.bot.conftest import NewUser
from tests.bot.harness import Sandbox, User, Worker, buttons_of, draw_sticker, text_of, wait_for

pytestmark = [
    pytest.mark.usefixtures("bot"),
    # retry_after will be a timedelta one day; both are understood.
    pytest.mark.filterwarnings("ignore::telegram.warnings.PTBDeprecationWarning"),
]

FULL = 120  # stickers in a set: https://core.telegram.org/bots/api#addstickertoset


def drawn(user: User, worker: Worker, prompt: str = "кот", count: int = 4) -> dict[str, Any]:
    """A message with stickers to choose from."""
    user.say(prompt)
    worker.finish(worker.take(), count)
    return user.sees(f"«{prompt}»", "Готово")


def test_second_press_says_the_sticker_is_already_added(user: User, worker: Worker) -> None:
    message = drawn(user, worker)
    first = user.press_button(message, 0)
    second = user.press_button(message, 0)
    assert "Стикер 1 в вашем наборе" in first
    assert "Стикер 1 уже в наборе" in second
    assert "http" not in first + second  # it could not be tapped there
    [pack] = user.packs()
    assert len(pack["stickers"]) == 1


def test_long_answer_is_shown_as_an_alert(user: User, worker: Worker, sandbox: Sandbox) -> None:
    message = drawn(user, worker)
    user.press_button(message, 0)
    user.press("✏️", message)
    added, how_to_edit = sandbox.get("/sandbox/taps", user_id=user.id)
    assert not added["answer"]["show_alert"]
    assert how_to_edit["answer"]["show_alert"]


def test_buttons_pressed_at_once_add_each_sticker_once(
    user: User, worker: Worker, sandbox: Sandbox
) -> None:
    message = drawn(user, worker)
    for button in buttons_of(message)[:4] * 2:
        user.start_tap(button["callback_data"], message["message_id"])
    shown = user.sees("Ваш набор")
    user.press_button(shown, 3)
    [pack] = user.packs()
    assert len(pack["stickers"]) == 4
    assert pack["title"] == f"Emojich · Гость {user.id}"


def test_second_request_goes_into_the_same_pack(user: User, worker: Worker) -> None:
    user.press_button(drawn(user, worker, "кот", 1), 0)
    message = drawn(user, worker, "пёс 🐺", 2)
    user.press_button(message, 1)
    [pack] = user.packs()
    assert [sticker["emoji"] for sticker in pack["stickers"]] == ["🐱", "🐺"]


def test_sign_that_telegram_refuses_is_not_used_as_emoji(
    user: User, worker: Worker, connection: redis.Redis
) -> None:
    message = drawn(user, worker, "абырвалг ✓", 2)
    assert "Стикер 1 в вашем наборе" in user.press_button(message, 0)
    [key] = connection.keys(f"emojich:request:{user.id}_*")
    record = json.loads(connection.get(key) or "")
    connection.set(key, json.dumps(record | {"emoji": ["✓"]}))  # as older versions did
    assert "Стикер 2 в вашем наборе" in user.press_button(message, 1)
    [pack] = user.packs()
    assert [sticker["emoji"] for sticker in pack["stickers"]][1:] == ["🎨"]


def test_full_pack_continues_in_a_second_pack(user: User, worker: Worker, sandbox: Sandbox) -> None:
    message = drawn(user, worker)
    user.press_button(message, 0)
    [pack] = user.packs()
    fill(sandbox, user, pack["name"], FULL - 1)
    user.press_button(message, 1)
    user.press_button(message, 2)
    first, second = user.packs()
    assert [len(first["stickers"]), len(second["stickers"])] == [FULL, 2]
    assert second["title"].endswith(" 2")
    shown = user.sees(first["name"], second["name"])
    links = [button["url"] for button in buttons_of(shown) if "url" in button]
    assert links == [f"https://t.me/addstickers/{pack['name']}" for pack in (first, second)]


def fill(sandbox: Sandbox, user: User, name: str, count: int) -> None:
    for number in range(1000, 1000 + count):
        sandbox.http.post(
            "/bot42:test-token/addStickerToSet",
            data={
                "user_id": user.id,
                "name": name,
                "sticker": '{"sticker":"attach://file","format":"static","emoji_list":["🎨"]}',
            },
            files={"file": draw_sticker(number)},
        ).raise_for_status()


def test_deleted_pack_is_created_again(user: User, worker: Worker, sandbox: Sandbox) -> None:
    message = drawn(user, worker)
    user.press_button(message, 0)
    [pack] = user.packs()
    sandbox.api("deleteStickerSet", name=pack["name"])
    user.press_button(message, 1)
    assert [len(pack["stickers"]) for pack in user.packs()] == [1]
    answer = user.press_button(message, 0)  # it says ✓, but went with the pack
    assert "Стикер 1 в вашем наборе" in answer
    assert [len(pack["stickers"]) for pack in user.packs()] == [2]


def test_sticker_is_added_once_despite_telegram_errors(
    user: User, worker: Worker, sandbox: Sandbox
) -> None:
    message = drawn(user, worker)
    sandbox.fault("uploadStickerFile", 500)
    sandbox.fault("createNewStickerSet", 429, retry_after=1)
    sandbox.fault("answerCallbackQuery", 500)
    sandbox.fault("getStickerSet", 502)
    assert "Стикер 1 в вашем наборе" in user.press_button(message, 0)
    assert "Стикер 1 уже в наборе" in user.press_button(message, 0)
    [pack] = user.packs()
    assert len(pack["stickers"]) == 1


def test_lost_answers_of_telegram_add_no_sticker_twice(
    user: User, worker: Worker, sandbox: Sandbox
) -> None:
    message = drawn(user, worker)
    sandbox.fault("createNewStickerSet", 500, after=True)
    assert "Стикер 1 в вашем наборе" in user.press_button(message, 0)
    sandbox.fault("addStickerToSet", 500, after=True)
    assert "Стикер 2 в вашем наборе" in user.press_button(message, 1)
    [pack] = user.packs()
    assert len(pack["stickers"]) == 2


def test_sticker_refused_by_telegram_is_reported(
    user: User, worker: Worker, sandbox: Sandbox
) -> None:
    message = drawn(user, worker)
    sandbox.fault("uploadStickerFile", 400)
    assert "не принял картинку" in user.press_button(message, 0)
    assert "Стикер 1 в вашем наборе" in user.press_button(message, 0)


@pytest.mark.parametrize("label", ["2", "🪄 2"])
def test_expired_stickers_are_drawn_again(
    user: User, worker: Worker, connection: redis.Redis, label: str
) -> None:
    user.say("кот")
    first = worker.take()
    worker.finish(first, 2)
    message = user.sees("Готово")
    user.press_button(message, 0)
    connection.delete(*connection.keys("emojich:stickers:*"), *connection.keys("emojich:codes:*"))
    if label == "🪄 2":
        user.press("🪄", message)
        message = user.sees("На какой")
    assert "те же самые заново" in user.press(label, message)
    assert "те же самые заново" in user.press_button(message, 1)  # which changes nothing
    again = worker.take()
    assert (again.prompt, again.seed, again.count) == ("кот", first.seed, first.count)
    assert worker.queue.count_waiting() == 0
    worker.finish(again, 2)
    [new] = wait_for(lambda: [m for m in user.messages()[1:] if "Готово" in text_of(m)])
    user.press_button(new, 1)
    wait_for(lambda: marks(user) == ["✓ 1", "✓ 2"])


def marks(user: User) -> list[str]:
    """The first button of the first message, and the second of the second."""
    old, new = user.messages()
    return [buttons_of(old)[0]["text"], buttons_of(new)[1]["text"]]


def test_expired_similar_candidates_are_not_drawn_again(
    user: User, worker: Worker, connection: redis.Redis
) -> None:
    user.press("🪄", drawn(user, worker, "кот", 1))
    worker.finish(worker.take(), 1)
    message = user.sees("похожие на стикер 1", "Готово")
    connection.delete(*connection.keys("emojich:stickers:*"))
    assert "кнопка уже не работает" in user.press_button(message, 0)
    assert worker.queue.count_waiting() == 0


@pytest.mark.parametrize("data", ["9:add:1_1:0", "1:add:404_1:0", "1:again:404_1", "nonsense"])
def test_unknown_or_old_button_no_longer_works(new_user: NewUser, data: str) -> None:
    user = new_user("en")
    user.say("/start")
    assert "no longer works" in user.tap(data)


def test_user_cannot_press_buttons_of_another_user(new_user: NewUser, worker: Worker) -> None:
    owner, thief = new_user(), new_user()
    message = drawn(owner, worker)
    thief.say("/start")
    assert "чужие стикеры" in thief.tap(buttons_of(message)[0]["callback_data"])
    assert thief.packs() == owner.packs() == []


def test_button_pressed_before_telegram_answers_edits_the_same_message(
    user: User, worker: Worker, sandbox: Sandbox, caplog: pytest.LogCaptureFixture
) -> None:
    sandbox.fault("sendMessage", 429, retry_after=60)
    sandbox.fault("sendMessage", LATE, after=True, delay=3)
    user.say("кот")
    wait_for(lambda: "again in 60" in caplog.text)
    worker.fail(worker.take(), "failed")
    user.press_button(user.sees("Нарисовать не получилось"), 0)
    worker.finish(worker.take())
    user.sees("Готово")
    assert len(user.messages()) == 1


def test_failed_request_is_retried_in_the_same_message(user: User, worker: Worker) -> None:
    user.say("кот")
    worker.fail(worker.take(), "failed")
    message = user.sees("Нарисовать не получилось")
    [button] = buttons_of(message)
    assert user.tap(button["callback_data"]) == ""
    assert "Уже рисую заново" in user.tap(button["callback_data"])
    again = worker.take()
    assert again.prompt == "кот"
    worker.fail(again, "timeout")
    message = user.sees("слишком много времени")
    user.press_button(message, 0)
    worker.finish(worker.take())
    user.sees("Готово")
    assert len(user.messages()) == 1
    assert worker.queue.count_waiting() == 0
