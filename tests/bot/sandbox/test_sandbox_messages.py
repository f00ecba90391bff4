"""Messages: sending, editing, answering, and what Telegram refuses."""

import time
from collections.abc import Callable
from datetime import timedelta

import pytest
from telegram import (
    CopyTextButton,
    ForceReply,
    InlineKeyboardButton,
    InlineKeyboardMarkup,
    InputMediaPhoto,
    ReplyParameters,
)
from telegram.error import BadRequest, Forbidden, InvalidToken, NetworkError, RetryAfter

from bot.sandbox import rules
from bot.sandbox.entities import parse_text

from .conftest import USERNAME, Launch

Draw = Callable[..., bytes]


def keyboard(data: str = "keep") -> InlineKeyboardMarkup:
    return InlineKeyboardMarkup([[InlineKeyboardButton("Оставить", callback_data=data)]])


async def test_get_me_returns_the_bots_name(launch: Launch) -> None:
    async with launch() as box:
        me = await box.bot.get_me()
        assert (me.id, me.username, me.first_name) == (42, "emojich_sandbox_bot", "Эмоджич")
        assert (await box.call("GETME"))["ok"], "names of methods are case-insensitive"
        assert await box.call("getYou") == {
            "ok": False,
            "error_code": 404,
            "description": "Not Found: method not found",
        }


async def test_bot_sends_edits_and_deletes_a_message(launch: Launch) -> None:
    async with launch() as box:
        await box.say()
        sent = await box.bot.send_message(box.user, "🐱 рисую: /cancel ")
        assert sent.text == "🐱 рисую: /cancel"
        assert [(e.type, e.offset, e.length) for e in sent.entities] == [("bot_command", 10, 7)]
        edited = await sent.edit_text("Готово", reply_markup=keyboard())
        assert not isinstance(edited, bool)
        assert edited.edit_date is not None
        assert edited.reply_markup == keyboard()
        with pytest.raises(BadRequest, match="Message is not modified"):
            await sent.edit_text("Готово", reply_markup=keyboard())
        without = await sent.edit_text("Готово")
        assert not isinstance(without, bool)
        assert without.reply_markup is None, "an edit without a keyboard removes it"
        assert (await box.get("/sandbox/chat"))[-1]["text"] == "Готово"
        assert await sent.delete()
        with pytest.raises(BadRequest, match="Message to edit not found"):
            await sent.edit_text("Снова")
        with pytest.raises(BadRequest, match="Message to delete not found"):
            await sent.delete()


async def test_bot_edits_a_text_into_a_photo_and_not_back(launch: Launch, picture: Draw) -> None:
    async with launch() as box:
        await box.say()
        sent = await box.bot.send_message(box.user, "Рисую")
        photo = InputMediaPhoto(picture((1024, 512), "PNG"), caption="Кот")
        edited = await sent.edit_media(photo, reply_markup=keyboard())
        assert not isinstance(edited, bool)
        assert edited.text is None
        assert edited.caption == "Кот"
        assert [size.width for size in edited.photo] == [90, 320, 800, 1024]
        with pytest.raises(BadRequest, match="not modified"):
            await sent.edit_media(photo, reply_markup=keyboard())
        again = InputMediaPhoto(edited.photo[0].file_id, caption="Кот")
        known = await sent.edit_media(again)
        assert not isinstance(known, bool)
        assert known.photo == edited.photo, "a file_id stands for the whole photo"
        await sent.edit_caption("Пёс")
        with pytest.raises(BadRequest, match="no text in the message to edit"):
            await sent.edit_text("Рисую")


async def test_uploaded_photos_and_stickers_are_served_unchanged(
    launch: Launch, picture: Draw
) -> None:
    async with launch() as box:
        await box.say()
        sticker = await box.bot.upload_sticker_file(box.user, picture(), "static")
        again = await box.bot.upload_sticker_file(box.user, picture(), "static")
        assert again.file_unique_id != sticker.file_unique_id
        file = await box.bot.get_file(sticker.file_id)
        assert await file.download_as_bytearray() == picture()
        with pytest.raises(BadRequest, match="Can't use file of type sticker as photo"):
            await box.bot.send_photo(box.user, sticker.file_id)
        with pytest.raises(BadRequest, match="Wrong file_id"):
            await box.bot.get_file("CAACnothing")
        with pytest.raises(BadRequest, match="Photo_invalid_dimensions"):
            await box.bot.send_photo(box.user, picture((2100, 100), "PNG"))
        with pytest.raises(BadRequest, match="Image_process_failed"):
            await box.bot.send_photo(box.user, picture((600, 600), "PNG")[:-200])
        with pytest.raises(BadRequest, match="File is too big"):
            await box.bot.send_photo(box.user, b"x" * (rules.MAX_PHOTO_BYTES + 1))


async def test_sandbox_refuses_messages_over_the_limits(launch: Launch) -> None:
    async with launch() as box:
        with pytest.raises(BadRequest, match="Chat not found"):
            await box.bot.send_message(box.user, "Привет")
        await box.say()
        for text, error in (("я" * 4097, "Message is too long"), ("  ", "text is empty")):
            with pytest.raises(BadRequest, match=error):
                await box.bot.send_message(box.user, text)
        await box.bot.send_message(box.user, "я" * 4096)
        await box.bot.send_message(box.user, "ok", reply_markup=keyboard("я" * 32))
        with pytest.raises(BadRequest, match="Button_data_invalid"):
            await box.bot.send_message(box.user, "ok", reply_markup=keyboard("я" * 33))
        assert (await box.call("sendMessage", text="hi"))["description"] == (
            "Bad Request: chat_id is empty"
        )
        broken = await box.call("sendMessage", chat_id=box.user, text="hi", reply_markup="{")
        assert broken["description"] == "Bad Request: can't parse reply_markup JSON object"
        with pytest.raises(BadRequest, match="Message can't be edited"):
            await box.bot.edit_message_text("мой", box.user, message_id=1)


async def test_reply_contains_the_message_it_answers(launch: Launch) -> None:
    async with launch() as box:
        said = await box.say("кот")
        reply = ReplyParameters(said["message_id"])
        sent = await box.bot.send_message(box.user, "Рисую", reply_parameters=reply)
        assert sent.reply_to_message is not None
        assert sent.reply_to_message.text == "кот"
        gone = ReplyParameters(999)
        with pytest.raises(BadRequest, match="Message to be replied not found"):
            await box.bot.send_message(box.user, "Рисую", reply_parameters=gone)
        gone = ReplyParameters(999, allow_sending_without_reply=True)
        await box.bot.send_message(box.user, "Рисую", reply_parameters=gone)


async def test_bot_answers_a_button_press_once_and_in_time(
    launch: Launch, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with launch() as box:
        await box.say()
        sent = await box.bot.send_message(box.user, "Готово", reply_markup=keyboard())
        tap = await box.tap(sent.message_id, "keep")
        with pytest.raises(BadRequest, match="Message_too_long"):
            await box.bot.answer_callback_query(tap["id"], "я" * 201)
        await box.bot.answer_callback_query(tap["id"], "В наборе", show_alert=True)
        answered = (await box.get("/sandbox/taps"))[0]["answer"]
        assert answered == {"text": "В наборе", "show_alert": True, "url": ""}
        late = await box.tap(sent.message_id, "keep")
        with pytest.raises(BadRequest, match="Query is too old"):
            await box.bot.answer_callback_query(tap["id"])
        now = time.time()
        monkeypatch.setattr(time, "time", lambda: now + rules.CALLBACK_SECONDS + 2)
        with pytest.raises(BadRequest, match="Query is too old"):
            await box.bot.answer_callback_query(late["id"])


async def test_answer_to_a_button_press_can_open_a_start_link(launch: Launch) -> None:
    async with launch() as box:
        await box.say()
        sent = await box.bot.send_message(box.user, "Готово", reply_markup=keyboard())
        for url, opens in (
            (f"https://t.me/{USERNAME}?start=pack_1", True),
            (f"t.me/{USERNAME.upper()}?start=x", True),
            (f"tg://resolve?domain={USERNAME}&start=x", True),
            (f"https://t.me/{USERNAME}", False),
            ("https://t.me/another_bot?start=x", False),
            ("https://example.com", False),
        ):
            tap = await box.tap(sent.message_id, "keep")
            refused = await box.call("answerCallbackQuery", callback_query_id=tap["id"], url=url)
            assert refused.get("description") == (None if opens else "Bad Request: URL_INVALID")


async def test_force_reply_reaches_the_page_with_its_placeholder(launch: Launch) -> None:
    async with launch() as box:
        await box.say()
        async with box.http.ws_connect(f"{box.url}/sandbox/events") as page:
            sent = await box.bot.send_message(
                box.user, "Название?", reply_markup=ForceReply(input_field_placeholder="я" * 70)
            )
            await page.receive_json(timeout=2)
            asked = await page.receive_json(timeout=2)
        assert asked["type"] == "force_reply"
        assert asked["message"]["message_id"] == sent.message_id
        assert asked["placeholder"] == "я" * 64


async def test_button_without_exactly_one_action_is_refused(launch: Launch) -> None:
    async with launch() as box:
        await box.say()
        for button in (
            InlineKeyboardButton("Найти", switch_inline_query_current_chat=""),
            InlineKeyboardButton("Поделиться", switch_inline_query="кот"),
            InlineKeyboardButton("Ссылка", copy_text=CopyTextButton("https://t.me/x")),
        ):
            markup = InlineKeyboardMarkup([[button]])
            sent = await box.bot.send_message(box.user, "ok", reply_markup=markup)
            assert sent.reply_markup == markup
        for actions in ({}, {"url": "https://t.me/x", "callback_data": "x"}):
            markup_json = {"inline_keyboard": [[{"text": "x", **actions}]]}
            refused = await box.call(
                "sendMessage", chat_id=1001, text="x", reply_markup=markup_json
            )
            assert refused["description"].endswith("it must do exactly one thing")


async def test_user_who_blocked_the_bot_gets_no_messages(launch: Launch) -> None:
    async with launch() as box:
        await box.say()
        await box.post("/sandbox/block", blocked=True)
        with pytest.raises(Forbidden, match="bot was blocked by the user"):
            await box.bot.send_message(box.user, "кот")
        await box.say("снова тут")
        await box.bot.send_message(box.user, "кот")
        updates = await box.bot.get_updates()
        statuses = [u.my_chat_member.new_chat_member.status for u in updates if u.my_chat_member]
        assert statuses == ["kicked", "member"]


async def test_ordered_faults_fail_the_next_calls(
    launch: Launch, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PTB_TIMEDELTA", "true")
    async with launch() as box:
        await box.say()
        await box.fault("SENDMESSAGE", 429, retry_after=2)
        await box.fault("sendMessage", 500)
        await box.fault("sendMessage", 502, after=True)
        with pytest.raises(RetryAfter) as flood:
            await box.bot.send_message(box.user, "раз")
        assert flood.value.retry_after == timedelta(seconds=2)
        for text in ("два", "три"):
            with pytest.raises(NetworkError):
                await box.bot.send_message(box.user, text)
        await box.bot.send_message(box.user, "четыре")
        texts = [message["text"] for message in await box.get("/sandbox/chat")]
        assert texts == ["/start", "три", "четыре"], "an answer lost on its way back: it was sent"


@pytest.mark.parametrize("after", [False, True])
async def test_cut_answer_is_a_network_error_for_the_bot(launch: Launch, *, after: bool) -> None:
    async with launch() as box:
        await box.say()
        await box.post("/sandbox/fault", method="sendMessage", cut=True, after=after)
        with pytest.raises(NetworkError):
            await box.bot.send_message(box.user, "раз")
        texts = [message["text"] for message in await box.get("/sandbox/chat")]
        assert texts == ["/start", "раз"] if after else ["/start"]


async def test_invalid_token_is_unauthorized(launch: Launch) -> None:
    async with launch() as box:
        for token in ("nonsense", "1:a b", "1:"):
            async with box.http.get(f"{box.url}/bot{token}/getMe") as response:
                assert response.status == 401
                assert (await response.json())["description"] == "Unauthorized"
    with pytest.raises(InvalidToken):
        async with launch(token="42:another"):
            pass


@pytest.mark.parametrize(
    ("source", "text", "entities"),
    [
        ("/pack@my_bot кот", "/pack@my_bot кот", [("bot_command", 0, 12)]),
        ("  🐱 https://t.me/x. ", "🐱 https://t.me/x.", [("url", 3, 14)]),
        (
            "https://t.me/x/@kot, @kot",
            "https://t.me/x/@kot, @kot",
            [("url", 0, 19), ("mention", 21, 4)],
        ),
    ],
)
def test_commands_links_and_mentions_become_entities(
    source: str, text: str, entities: list[tuple[str, int, int]]
) -> None:
    plain, found = parse_text(source)
    assert plain == text
    assert [(e["type"], e["offset"], e["length"]) for e in found] == entities
