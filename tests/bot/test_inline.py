"""Inline mode: `@bot кот` in any chat."""

import json
import time
from itertools import count
from types import SimpleNamespace
from typing import Any

import pytest
import redis
from telegram.constants import InlineQueryLimit

from bot.inline import index
from bot.requests.limits import DAY, INLINE_RESULTS
from bot.requests.prompt_links import MAX_LENGTH, decode, encode, prompt_of_start, start_parameter
from tests.bot.conftest import NewUser
from tests.bot.harness import Sandbox, User, Worker, ask_inline, buttons_of, draw_sticker, wait_for
from tests.bot.sandbox.test_bot_api import API_FILE

pytestmark = pytest.mark.usefixtures("bot")


@pytest.fixture(autouse=True)
def fresh(monkeypatch: pytest.MonkeyPatch) -> None:
    """Telegram's own cache would answer a test that asks the same again."""
    monkeypatch.setattr("bot.inline.handler.CACHE_TIME", 0)


drawings = count(1)


def draw(user: User, worker: Worker, prompt: str, stickers: int = 1) -> dict[str, Any]:
    """Put stickers drawn from a prompt into the user's pack; returns the message."""
    user.say(prompt)
    worker.finish(worker.take(), stickers, first=100 * next(drawings))
    shown = user.sees(f"«{prompt}»", "Готово")
    for number in range(stickers):
        user.press_button(shown, number)
    wait_for(lambda: marked(user, shown["message_id"]) == stickers)
    return shown


def marked(user: User, message_id: int) -> int:
    """How many stickers the message shows to be in the pack."""
    [message] = [each for each in user.messages() if each["message_id"] == message_id]
    return sum(button["text"].startswith("✓") for button in buttons_of(message))


def offered(user: User, query: str = "", **more: Any) -> list[str]:
    """The unique ids of the stickers that a query offers."""
    results = ask_inline(user, query, **more)["results"]
    return [result["content"]["sticker"]["file_unique_id"] for result in results]


def ids(user: User) -> list[str]:
    return [sticker["file_unique_id"] for pack in user.packs() for sticker in pack["stickers"]]


def test_stickers_are_found_by_words_in_any_form(
    user: User, worker: Worker, new_user: NewUser
) -> None:
    draw(user, worker, "две кошки в шляпах")
    draw(user, worker, "сова на ветке", 2)
    cat, owl, other_owl = ids(user)
    assert offered(user) == [other_owl, owl, cat]  # the newest first
    for query in (
        "кошки",
        "Кошка",
        "кошкой",
        "шляпа",
        "кошк",
        "котлета кошка",
        "🐱",
        "🎩",
        "шлапа",
        "rjirf",
    ):
        assert offered(user, query) == [cat], query
    assert offered(user, "совы") == [other_owl, owl]
    assert offered(user, "кошка и сова") == [other_owl, owl, cat]
    assert offered(user, "сова, кошка в шляпе")[0] == cat  # more of its words
    assert offered(user, "трактор") == []
    assert offered(new_user(), "кошка") == []


def test_a_sticker_is_sent_to_a_group(
    user: User, worker: Worker, sandbox: Sandbox, new_user: NewUser
) -> None:
    draw(user, worker, "кот")
    friend = new_user()
    group = sandbox.group(user, friend)
    place = {"user_id": user.id, "chat_id": group}
    answer = ask_inline(user, "кот", chat_id=group)
    assert answer["is_personal"]
    assert answer["button"] is None
    choice = {"query_id": answer["query_id"], "result_id": answer["results"][0]["id"]}
    sent = sandbox.post("/sandbox/choose", **choice, **place)
    assert sent["sticker"]["file_unique_id"] == ids(user)[0]
    assert offered(friend, "кот", chat_id=group) == []


def test_stickers_added_or_removed_by_the_bot_are_found_at_once(user: User, worker: Worker) -> None:
    draw(user, worker, "кот", 2)
    cat, other = ids(user)
    assert offered(user, "кот") == [other, cat]
    user.say(sticker_file_id=user.packs()[0]["stickers"][1]["file_id"])
    user.sees("Что сделать")
    user.press("🗑")
    assert offered(user, "кот") == [cat]
    draw(user, worker, "сова")
    assert offered(user) == [ids(user)[1], cat]


def test_sticker_deleted_outside_the_bot_leaves_the_index_in_time(
    user: User, worker: Worker, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    ahead = 0.0
    clock = SimpleNamespace(time=time.time, monotonic=lambda: time.monotonic() + ahead)
    monkeypatch.setattr(index, "time", clock)
    draw(user, worker, "кот", 2)
    cat, _ = ids(user)
    assert len(offered(user, "кот")) == 2
    sandbox.api("deleteStickerFromSet", sticker=user.packs()[0]["stickers"][1]["file_id"])
    assert len(offered(user, "кот")) == 2, "while one types, Telegram is not asked again"
    ahead += index.CACHE_TTL
    assert offered(user, "кот") == [cat]
    sandbox.api("deleteStickerSet", name=user.packs()[0]["name"])
    ahead += index.CACHE_TTL
    assert offered(user, "кот") == []


def test_sticker_is_found_by_its_changed_emoji(user: User, worker: Worker) -> None:
    shown = draw(user, worker, "кот")
    user.reply(shown["message_id"], "🔥🎉")
    user.sees("такие эмодзи")
    assert offered(user, "🎉") == offered(user, "🔥") == ids(user)
    assert offered(user, "🐱") == []
    user.reply(user.say(sticker_file_id=sticker(user)["file_id"])["message_id"], "👻")
    user.sees("такие эмодзи: 👻")
    assert offered(user, "👻") == ids(user)
    assert offered(user, "🎉") == []


def sticker(user: User) -> dict[str, Any]:
    found: dict[str, Any] = user.packs()[0]["stickers"][0]
    return found


def test_emoji_find_stickers_without_a_label(
    user: User, worker: Worker, connection: redis.Redis
) -> None:
    draw(user, worker, "кот")
    connection.delete(f"emojich:labels:{user.id}")
    assert offered(user, "кошка") == offered(user, "🐱") == ids(user)
    assert offered(user, "шляпа") == []


def test_inline_results_have_a_second_page(user: User, worker: Worker, sandbox: Sandbox) -> None:
    draw(user, worker, "кот")
    name = user.packs()[0]["name"]
    for number in range(10, INLINE_RESULTS + 11):
        upload = {"user_id": str(user.id), "sticker_format": "static"}
        files = {"sticker": ("sticker.webp", draw_sticker(number))}
        answer = sandbox.http.post("/bot42:test-token/uploadStickerFile", data=upload, files=files)
        added = {"sticker": answer.json()["result"]["file_id"], "format": "static"}
        sandbox.api(
            "addStickerToSet", user_id=user.id, name=name, sticker={**added, "emoji_list": ["🐱"]}
        )
    first = ask_inline(user, "кот")
    assert [len(first["results"]), first["next_offset"]] == [INLINE_RESULTS, str(INLINE_RESULTS)]
    second = ask_inline(user, "кот", offset=first["next_offset"])
    assert [len(second["results"]), second["next_offset"]] == [2, ""]
    shown = [result["id"] for page in (first, second) for result in page["results"]]
    assert sorted(shown) == sorted(ids(user))
    assert shown[0] == ids(user)[0]  # the one sticker with stored words
    assert offered(user, "кот", offset="-1") == offered(user, "кот", offset="ё")


def test_page_of_inline_results_has_the_size_telegram_allows() -> None:
    assert INLINE_RESULTS == InlineQueryLimit.RESULTS
    if not API_FILE.exists():
        pytest.skip(f"{API_FILE} is not here")
    assert f"No more than {INLINE_RESULTS} results" in API_FILE.read_text(encoding="utf-8")


@pytest.mark.parametrize("query", ["Кот в шляпе", "Нарисуй кота в шляпе, пожалуйста"])
def test_query_without_results_becomes_a_request_with_two_presses(
    user: User, worker: Worker, query: str
) -> None:
    draw(user, worker, "сова")
    answer = ask_inline(user, query)
    assert answer["results"] == []
    assert answer["button"]["text"] == "Ничего не нашлось. 🎨 Нарисовать?"
    user.say(f"/start {answer['button']['start_parameter']}")
    asked = user.sees("Нарисовать «", "от в шляпе»?")
    assert worker.queue.count_waiting() == 0  # a link is not enough
    user.press("🎨", asked)
    user.sees("от в шляпе»", "Запрос сохранён")
    assert worker.take().prompt.lower() == "кот в шляпе"


@pytest.mark.parametrize("query", ["", "Katze", "🐱", "к" * 43, "кот\u0301 и «жѣлудь»"])
def test_query_that_does_not_fit_into_a_link_opens_the_start(user: User, query: str) -> None:
    button = ask_inline(user, query)["button"]
    assert button["text"].startswith("Ничего не нашлось. Открыть" if query else "Стикеров пока нет")
    user.say(f"/start {button['start_parameter']}")
    user.sees("Привет")


@pytest.mark.parametrize("language", ["ru", "en"])
def test_button_above_empty_results_fits_into_a_line(new_user: NewUser, language: str) -> None:
    user = new_user(language)
    labels = {ask_inline(user, query)["button"]["text"] for query in ("", "кот", "🐱")}
    assert len(labels) == 3
    assert max(map(len, labels)) <= 40


@pytest.mark.parametrize("parameter", ["draw-", "draw-А", "draw-_", "draw-AAAA", "S2F0emU", "a b"])
def test_forged_start_link_draws_nothing(user: User, worker: Worker, parameter: str) -> None:
    user.say(f"/start {parameter}")
    user.sees("Привет")
    code = parameter.removeprefix("draw-")
    assert "уже не работает" in user.tap(f"1:draw:{code}")
    assert worker.queue.count_waiting() == 0


def test_prompt_is_encoded_for_a_start_link_and_decoded() -> None:
    for prompt in ("кот", "ёж — это «зверь»", "кот" * 14):
        code = encode(prompt)
        assert code
        assert len(code) <= MAX_LENGTH
        assert decode(code) == prompt
        assert prompt_of_start(start_parameter(prompt)) == prompt
    assert encode("к" * 43) is None
    assert len(start_parameter("к" * 42)) <= 64


def test_forget_removes_the_users_stickers_from_inline_results(
    user: User, worker: Worker, connection: redis.Redis
) -> None:
    draw(user, worker, "кот")
    assert len(offered(user, "кот")) == 1
    user.say("/forget")
    user.sees("Забыть всё")
    user.press("Забыть, наборы")
    user.sees("ничего о вас не помню")
    assert offered(user, "кот") == []
    assert connection.exists(f"emojich:labels:{user.id}") == 0


def test_telegram_outage_leaves_an_inline_query_unanswered(
    user: User, worker: Worker, sandbox: Sandbox
) -> None:
    draw(user, worker, "кот")
    sandbox.fault("getStickerSet", 500)
    sandbox.post("/sandbox/inline", user_id=user.id, query="к")
    assert offered(user, "кот") == ids(user)


def test_labels_of_deleted_stickers_expire(
    user: User, worker: Worker, connection: redis.Redis
) -> None:
    draw(user, worker, "кот")
    key = f"emojich:labels:{user.id}"
    for name, age in (("old", 4 * DAY), ("new", DAY)):
        label = {"words": ["пёс"], "emoji": [], "at": time.time() - age}
        connection.hset(key, name, json.dumps(label))
    assert offered(user, "пёс") == []
    assert sorted(connection.hkeys(key)) == sorted([ids(user)[0].encode(), b"new"])


def test_inline_query_does_not_wait_for_other_updates_of_the_user(
    user: User, sandbox: Sandbox
) -> None:
    sandbox.fault("sendMessage", 429, retry_after=3)
    user.say("/help")
    assert ask_inline(user)["button"]
    assert user.messages() == []
    user.sees("Напишите по-русски")
