"""Actions of a sandbox user besides writing: edit, reply, send stickers of a pack."""

import time
from base64 import b64encode
from collections.abc import Callable

import pytest
from telegram import InputSticker
from telegram.error import BadRequest

from bot.sandbox import rules

from .conftest import USERNAME, Launch

Draw = Callable[..., bytes]


async def test_user_edits_a_message_and_the_bot_gets_a_second_update(launch: Launch) -> None:
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


async def test_user_edits_only_own_texts_within_the_time_limit(
    launch: Launch, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with launch() as box:
        said = await box.say("кот")
        sticker = await box.post("/sandbox/message", sticker=True)
        theirs = await box.bot.send_message(box.user, "Рисую")
        for message_id in (sticker["message_id"], theirs.message_id):
            refused = await box.refused("/sandbox/edit", message_id=message_id, text="пёс")
            assert refused == "Bad Request: message can't be edited"
        same = await box.refused("/sandbox/edit", message_id=said["message_id"], text="кот")
        assert same.startswith("Bad Request: message is not modified")
        now = time.time()
        monkeypatch.setattr(time, "time", lambda: now + rules.EDITABLE_SECONDS + 2)
        late = await box.refused("/sandbox/edit", message_id=said["message_id"], text="пёс")
        assert late == "Bad Request: message can't be edited"


async def test_user_sends_pictures_with_captions_and_changes_them(
    launch: Launch, picture: Draw
) -> None:
    file = picture((600, 300), "JPEG")
    data = b64encode(file).decode()
    async with launch() as box:
        sent = await box.post("/sandbox/message", file=data, caption="/sticker кот", album="7")
        await box.post("/sandbox/edit", message_id=sent["message_id"], text="пёс")
        await box.post("/sandbox/message", file=data, file_name="cat.jpg")
        await box.post("/sandbox/message", file=b64encode(b"x").decode(), file_name="cat.png")
        updates = await box.bot.get_updates()
        photo, document, broken = (updates[i].message for i in (0, 2, 3))
        assert photo
        assert (photo.caption, photo.media_group_id) == ("/sticker кот", "7")
        assert photo.caption_entities[0].type == "bot_command"
        assert [size.width for size in photo.photo] == [90, 320, 600]
        edited = updates[1].edited_message
        assert edited
        assert (edited.caption, edited.photo) == ("пёс", photo.photo)
        assert document
        assert document.document
        assert (document.document.mime_type, document.document.file_size) == (
            "image/jpeg",
            len(file),
        )
        got = await box.bot.get_file(document.document.file_id)
        assert await got.download_as_bytearray() == file
        assert broken
        assert broken.document
        got = await box.bot.get_file(broken.document.file_id)
        assert await got.download_as_bytearray() == b"x"
        assert "base64" in await box.refused("/sandbox/message", file="?")
        assert "IMAGE_PROCESS_FAILED" in await box.refused("/sandbox/message", file="eA==")


async def test_user_sends_videos_and_animated_stickers(launch: Launch) -> None:
    kinds = ("video", "animation", "video_note", "animated_sticker", "video_sticker")
    async with launch() as box:
        for kind in kinds:
            await box.post("/sandbox/message", moving=kind)
        video, animation, note, animated, clip = (u.message for u in await box.bot.get_updates())
        assert video
        assert video.video
        assert animation
        assert animation.animation
        assert animation.document
        assert note
        assert note.video_note
        assert animated
        assert animated.sticker
        assert animated.sticker.is_animated
        assert clip
        assert clip.sticker
        assert clip.sticker.is_video


async def test_user_sends_stickers_of_own_and_foreign_sets(launch: Launch, picture: Draw) -> None:
    async with launch() as box:
        await box.say()
        for size, kind in ((512, "regular"), (100, "custom_emoji")):
            first = InputSticker(picture((size, size)), ["🐱"], "static")
            name = f"{kind}_by_{USERNAME}"
            await box.bot.create_new_sticker_set(box.user, name, "Коты", [first], kind)
        for pack in await box.get("/sandbox/packs"):
            file_id = pack["stickers"][0]["file_id"]
            await box.post("/sandbox/message", sticker_file_id=file_id)
        await box.post("/sandbox/message", foreign_sticker=True)
        _, own, emoji, foreign = [update.message for update in await box.bot.get_updates()]
        assert own
        assert own.sticker
        assert own.sticker.set_name == f"regular_by_{USERNAME}"
        assert own.sticker == (await box.bot.get_sticker_set(own.sticker.set_name)).stickers[0]
        assert emoji
        assert emoji.text == "🐱"
        (cat,) = await box.bot.get_custom_emoji_stickers([emoji.entities[0].custom_emoji_id])
        assert cat.set_name == f"custom_emoji_by_{USERNAME}"
        url = f"{box.url}/sandbox/custom_emoji/{cat.custom_emoji_id}"
        async with box.http.get(url) as response:
            assert await response.read() == picture((100, 100))
        assert foreign
        assert foreign.sticker
        theirs = await box.bot.get_sticker_set(foreign.sticker.set_name)
        assert theirs.stickers == (foreign.sticker,), "anyone may look at any set"
        with pytest.raises(BadRequest, match="Stickerset_invalid"):
            await box.bot.delete_sticker_from_set(foreign.sticker.file_id)
        with pytest.raises(BadRequest, match="Stickerset_invalid"):
            await box.bot.delete_sticker_set(theirs.name)
        assert len(await box.get(f"/sandbox/packs?user_id={box.user}")) == 2


async def test_user_replies_to_messages_of_the_chat(launch: Launch) -> None:
    async with launch() as box:
        said = await box.say("кот")
        sent = await box.bot.send_message(box.user, "Рисую")
        answer = await box.say("ещё", reply_to=sent.message_id)
        again = await box.say("и ещё", reply_to=answer["message_id"])
        assert answer["reply_to_message"]["text"] == "Рисую"
        assert "reply_to_message" not in again["reply_to_message"], "no chains"
        update = (await box.bot.get_updates())[1]
        assert update.message
        assert update.message.reply_to_message == sent
        gone = await box.refused("/sandbox/message", text="?", reply_to=said["message_id"] + 100)
        assert gone == "Bad Request: message to be replied not found"
