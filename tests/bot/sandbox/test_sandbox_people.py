"""What people can do besides writing: edit, reply, send stickers of their packs."""

import time

import pytest

from bot.sandbox import rules

from .conftest import Launch


async def test_an_edit_is_an_update_of_its_own(launch: Launch) -> None:
    async with launch() as box:
        said = await box.say("кто")
        edited = await box.post("/sandbox/edit", message_id=said["message_id"], text="кот /help")
        assert (edited["text"], edited["message_id"]) == ("кот /help", said["message_id"])
        first, second = await box.bot.get_updates()
        assert first.message
        assert first.message.text == "кто", "what was said stays said"
        assert second.edited_message
        assert second.edited_message.edit_date
        assert second.edited_message.entities[0].type == "bot_command"
        assert [message["text"] for message in await box.get("/sandbox/chat")] == ["кот /help"]


async def test_only_texts_of_ones_own_can_be_edited_and_in_time(
    launch: Launch, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with launch() as box:
        said = await box.say("кот")
        photo = await box.post("/sandbox/message", photo=True)
        theirs = await box.bot.send_message(box.user, "Рисую")
        for message_id in (photo["message_id"], theirs.message_id):
            refused = await box.refused("/sandbox/edit", message_id=message_id, text="пёс")
            assert refused == "Bad Request: message can't be edited"
        same = await box.refused("/sandbox/edit", message_id=said["message_id"], text="кот")
        assert same.startswith("Bad Request: message is not modified")
        now = time.time()
        monkeypatch.setattr(time, "time", lambda: now + rules.EDITABLE_SECONDS + 2)
        late = await box.refused("/sandbox/edit", message_id=said["message_id"], text="пёс")
        assert late == "Bad Request: message can't be edited"
