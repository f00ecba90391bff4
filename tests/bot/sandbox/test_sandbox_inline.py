"""Inline mode: @bot and a query in any chat's text box."""

import time
from collections.abc import Callable
from typing import Any

import pytest
from telegram import (
    InlineQueryResultArticle,
    InlineQueryResultCachedSticker,
    InlineQueryResultsButton,
    InputSticker,
    InputTextMessageContent,
)
from telegram.error import BadRequest

from bot.sandbox import rules

from .conftest import USERNAME, Launch, Running
from .test_sandbox_groups import ANYA, gather

Draw = Callable[..., bytes]


def article(identifier: str, text: str = "кот") -> InlineQueryResultArticle:
    return InlineQueryResultArticle(identifier, "Кот", InputTextMessageContent(text))


async def ask(box: Running, query: str = "кот", **more: Any) -> dict[str, Any]:
    return await box.post("/sandbox/inline", query=query, **more)


async def test_user_sends_a_sticker_from_inline_results(launch: Launch, picture: Draw) -> None:
    async with launch() as box:
        await box.say()  # a user who has not started the bot gets no set
        group = await gather(box)
        await box.bot.get_updates(offset=4)
        first = InputSticker(picture(), ["🐱"], "static")
        await box.bot.create_new_sticker_set(box.user, f"a_by_{USERNAME}", "Коты", [first])
        (cat,) = (await box.bot.get_sticker_set(f"a_by_{USERNAME}")).stickers
        asked = await ask(box, chat_id=group)
        assert asked["answer"] is None
        (update,) = await box.bot.get_updates()
        query = update.inline_query
        assert query
        assert (query.query, query.from_user.id, query.chat_type) == ("кот", box.user, "supergroup")
        async with box.http.ws_connect(f"{box.url}/sandbox/events") as page:
            button = InlineQueryResultsButton("Нарисовать", start_parameter="draw")
            results = [InlineQueryResultCachedSticker("a", cat.file_id), article("b", "<b>кот</b>")]
            await query.answer(results, is_personal=True, button=button)
            event = await page.receive_json(timeout=2)
        assert event["type"] == "inline"
        assert event["query"] == await box.get(f"/sandbox/inline?query_id={asked['id']}")
        answer = event["query"]["answer"]
        assert answer["results"][0]["content"]["sticker"]["file_unique_id"] == cat.file_unique_id
        assert answer["results"][1]["title"] == "Кот"
        assert answer["button"] == {"text": "Нарисовать", "start_parameter": "draw"}
        chosen = {"query_id": asked["id"], "chat_id": group}
        await box.post("/sandbox/choose", result_id="a", **chosen)
        await box.post("/sandbox/choose", result_id="b", **chosen)
        assert await box.refused("/sandbox/choose", result_id="c", **chosen)
        sent = [update.message for update in await box.bot.get_updates(offset=update.update_id + 1)]
        assert [message.via_bot.username for message in sent if message and message.via_bot] == [
            USERNAME,
            USERNAME,
        ]
        assert sent[0]
        assert sent[0].sticker == cat
        assert sent[1]
        assert sent[1].text == "<b>кот</b>"


async def test_inline_answer_is_cached_for_all_users_unless_personal(launch: Launch) -> None:
    async with launch() as box:
        for query, personal in (("кот", True), ("пёс", False)):
            asked = await ask(box, query)
            await box.bot.answer_inline_query(
                asked["id"], [article("a")], is_personal=personal, cache_time=60
            )
            assert (await ask(box, query))["answer"], "the same person gets the same at once"
            theirs = await ask(box, query, user_id=ANYA)
            assert bool(theirs["answer"]) is not personal
        asked = await ask(box, "мышь")
        await box.bot.answer_inline_query(asked["id"], [], cache_time=0)
        assert (await ask(box, "мышь"))["answer"] is None


async def test_sandbox_refuses_invalid_inline_answers(
    launch: Launch, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with launch() as box:
        asked = await ask(box)

        async def answer(*results: Any) -> None:
            await box.bot.answer_inline_query(asked["id"], results)

        with pytest.raises(BadRequest, match="Result_id_duplicate"):
            await answer(article("a"), article("a"))
        with pytest.raises(BadRequest, match="Result_id_invalid"):
            await answer(article("я" * 33))
        with pytest.raises(BadRequest, match="Wrong file_id"):
            await answer(InlineQueryResultCachedSticker("a", "nothing"))
        with pytest.raises(BadRequest, match="Message text is empty"):
            await answer(article("a", " "))
        many = [{"type": "article", "id": str(number)} for number in range(51)]
        refused = await box.call("answerInlineQuery", inline_query_id=asked["id"], results=many)
        assert refused["description"] == "Bad Request: too many inline query results specified"
        refused = await box.call("answerInlineQuery", inline_query_id=asked["id"], results=many[:1])
        assert refused["description"].startswith("Bad Request: can't parse inline query result")
        await answer(article("a"))
        with pytest.raises(BadRequest, match="Query is too old"):
            await answer(article("a"))
        theirs = {"query_id": asked["id"], "result_id": "a", "user_id": ANYA}
        assert await box.refused("/sandbox/choose", **theirs)
        asked = await ask(box, "поздно")
        now = time.time()
        monkeypatch.setattr(time, "time", lambda: now + rules.CALLBACK_SECONDS + 2)
        with pytest.raises(BadRequest, match="Query is too old"):
            await answer(article("a"))
