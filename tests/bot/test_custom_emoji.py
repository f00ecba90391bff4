"""Packs of custom emoji."""

from io import BytesIO
from typing import Any

import pytest
from PIL import Image
from telegram.constants import StickerSetLimit

from bot.pictures.sticker import as_emoji, outlined
from bot.requests.limits import EMOJI_SIDE, MAX_EMOJI
from bot.sandbox import sticker_rules
from tests.bot.conftest import NewUser
from tests.bot.harness import TOKEN, Sandbox, User, Worker, buttons_of, draw_sticker, wait_for

pytestmark = pytest.mark.usefixtures("bot")


def drawn(user: User, worker: Worker, count: int = 3) -> dict[str, Any]:
    user.say("кот")
    worker.finish(worker.take(), count)
    return user.sees("Готово")


def begin_emoji(user: User, title: str = "Мордочки") -> None:
    user.say("/packs")
    user.sees("наборов" if not user.packs() else "Ваши наборы")
    user.press("😀 Новый набор эмодзи")
    question = user.sees("Как назвать набор эмодзи", "200", "Telegram Premium")
    user.reply(question["message_id"], title)
    user.sees(f"«{title}»")


def file_of(user: User, sticker: dict[str, Any]) -> bytes:
    return user.sandbox.http.get(f"/sandbox/file/{sticker['file_unique_id']}").content


def test_user_fills_a_custom_emoji_pack(user: User, worker: Worker) -> None:
    begin_emoji(user)
    user.say("/packs")
    user.sees("● Мордочки, ждёт первого эмодзи")
    shown = drawn(user, worker)
    assert "Эмодзи 1 в вашем наборе" in user.press_button(shown, 0)
    assert "уже в наборе" in user.press_button(shown, 0)
    user.press_button(shown, 1)
    [pack] = user.packs()
    assert (pack["title"], pack["sticker_type"]) == ("Мордочки", "custom_emoji")
    assert [sticker["emoji"] for sticker in pack["stickers"]] == ["🐱", "🐱"]
    with Image.open(BytesIO(file_of(user, pack["stickers"][0]))) as image:
        assert (image.format, image.size, image.mode) == ("WEBP", (100, 100), "RGBA")
    user.sees("Ваш набор: https://t.me/addemoji/")
    user.say("/packs")
    user.sees("● Мордочки, 2 эмодзи", f"https://t.me/addemoji/{pack['name']}")
    user.press("Мордочки")
    user.sees("прямо в текст", "Telegram Premium", "200")


def test_candidate_is_added_as_sticker_and_as_custom_emoji(user: User, worker: Worker) -> None:
    shown = drawn(user, worker, 1)
    assert "Стикер 1 в вашем наборе" in user.press_button(shown, 0)
    begin_emoji(user)
    assert "Эмодзи 1 в вашем наборе" in user.press_button(shown, 0)
    stickers, emoji = user.packs()
    assert [len(pack["stickers"]) for pack in (stickers, emoji)] == [1, 1]
    links = [
        f"https://t.me/addstickers/{stickers['name']}", f"https://t.me/addemoji/{emoji['name']}",
    ]  # fmt: skip
    # The bot answers a tap before it edits the message.
    wait_for(lambda: [b["url"] for b in buttons_of(user.messages()[0]) if "url" in b] == links)
    user.reply(shown["message_id"], "🔥")
    user.sees("такие эмодзи: 🔥")
    assert [pack["stickers"][0]["emoji"] for pack in user.packs()] == ["🔥", "🔥"]
    user.say("/packs")
    user.press("Emojich", user.sees("1. Emojich", "2. ● Мордочки"))
    user.press("● Складывать сюда", user.sees("Чтобы изменить стикер"))
    assert "Стикер 1 уже в наборе" in user.press_button(shown, 0)


def test_full_emoji_pack_continues_in_a_second_pack(
    user: User, worker: Worker, sandbox: Sandbox
) -> None:
    begin_emoji(user)
    shown = drawn(user, worker)
    user.press_button(shown, 0)
    [pack] = user.packs()
    for number in range(1000, 1000 + MAX_EMOJI - 1):
        add_emoji(sandbox, user, pack["name"], number)
    user.press_button(shown, 1)
    user.press_button(shown, 2)
    first, second = user.packs()
    assert [len(first["stickers"]), len(second["stickers"])] == [MAX_EMOJI, 2]
    assert (second["title"], second["sticker_type"]) == ("Мордочки 2", "custom_emoji")


def add_emoji(sandbox: Sandbox, user: User, name: str, number: int) -> None:
    picture = BytesIO()
    colour = (number * 37 % 256, number * 91 % 256, number // 256, 255)
    Image.new("RGBA", (EMOJI_SIDE, EMOJI_SIDE), colour).save(picture, "PNG")
    sandbox.http.post(
        f"/bot{TOKEN}/addStickerToSet",
        data={
            "user_id": user.id,
            "name": name,
            "sticker": '{"sticker": "attach://x", "format": "static", "emoji_list": ["🐱"]}',
        },
        files={"x": ("x.png", picture.getvalue())},
    ).raise_for_status()


def test_outline_is_scaled_down_with_the_custom_emoji(user: User, worker: Worker) -> None:
    user.say("/settings")
    user.sees("обводка")
    user.press("с обводкой")
    begin_emoji(user)
    user.say("кот")
    [sticker] = worker.finish(worker.take(), 1)
    user.press_button(user.sees("Готово"), 0)
    [pack] = user.packs()
    file = file_of(user, pack["stickers"][0])
    assert file == as_emoji(outlined(sticker))
    with Image.open(BytesIO(file)) as image:
        row = [image.getpixel((x, 50)) for x in range(50)]
    assert 1 <= sum(pixel[3] > 128 and min(pixel[:3]) > 200 for pixel in row) <= 3  # type: ignore[index, type-var]


def test_custom_emoji_is_replaced_while_another_pack_is_current(user: User, worker: Worker) -> None:
    begin_emoji(user)
    shown = drawn(user, worker)
    user.press_button(shown, 0)
    user.say("/packs")
    user.press("Мордочки", user.sees("● Мордочки"))
    user.press("1", user.sees("прямо в текст"))
    assert "нажмите номер" in user.press("🔁", user.sees("Эмодзи 1 из 1"))
    user.say("/packs")
    user.sees("● Мордочки")
    user.press("➕")
    user.reply(user.sees("Как назвать")["message_id"], "Коты")
    user.sees("«Коты»")
    assert "Эмодзи 2 встал на место прежнего" in user.press_button(shown, 1)
    [pack] = user.packs()
    assert file_of(user, pack["stickers"][0]) == as_emoji(draw_sticker(1))


def test_deleted_emoji_pack_is_created_again(
    new_user: NewUser, worker: Worker, sandbox: Sandbox
) -> None:
    user = new_user("en")
    begin = "1:pack:emoji:{}:0"
    user.say("/start")
    user.sees("Russian")
    assert user.tap(begin.format(user.id)) == ""
    question = user.sees("emoji pack", "Premium")
    user.reply(question["message_id"], "\u200b")
    user.sees("will not do")
    user.reply(question["message_id"], "Faces")
    user.sees("«Faces»")
    user.say("кот")
    worker.finish(worker.take(), 2)
    shown = user.sees("Done")
    assert "Emoji 1 is in your pack" in user.press_button(shown, 0)
    sandbox.api("deleteStickerSet", name=user.packs()[0]["name"])
    assert "Emoji 2 is in your pack" in user.press_button(shown, 1)
    [pack] = user.packs()
    assert pack["sticker_type"] == "custom_emoji"
    other = new_user()
    other.say("/start")
    assert "чужие" in other.tap(begin.format(user.id))


def test_user_manages_a_custom_emoji_by_sending_it(new_user: NewUser, worker: Worker) -> None:
    user, other = new_user(), new_user()
    begin_emoji(user)
    shown = drawn(user, worker)
    for number in (0, 1):
        user.press_button(shown, number)
    [pack] = user.packs()
    first, second = (sticker["file_unique_id"] for sticker in pack["stickers"])
    user.say(sticker_file_id=pack["stickers"][1]["file_id"])
    assert "первый" in user.press("⬆️", user.sees("Эмодзи 2 из 2"))
    [pack] = user.packs()
    assert [sticker["file_unique_id"] for sticker in pack["stickers"]] == [second, first]
    other.say(sticker_file_id=pack["stickers"][0]["file_id"])
    other.sees("не из ваших наборов")
    user.reply(shown["message_id"], "🔥")
    user.sees("такие эмодзи: 🔥")
    assert [sticker["emoji"] for sticker in user.packs()[0]["stickers"]] == ["🔥", "🔥"]


def test_emoji_size_and_pack_limit_are_those_of_telegram() -> None:
    assert StickerSetLimit.MAX_EMOJI_STICKERS == MAX_EMOJI
    assert sticker_rules.CUSTOM_EMOJI_SIDE == EMOJI_SIDE


def test_scaled_custom_emoji_keeps_soft_edges_and_colours() -> None:
    disc = Image.new("RGBA", (512, 512), "#00000000")
    disc.paste("#ff0000", (128, 128, 384, 384))
    file = BytesIO()
    disc.save(file, "WEBP", lossless=True)
    with Image.open(BytesIO(as_emoji(file.getvalue()))) as small:
        seen = [small.getpixel((x, 50)) for x in range(100)]
    assert all(pixel[0] > 240 for pixel in seen if pixel[3] > 0)  # type: ignore[index]
    assert 92 <= sum(pixel[3] > 128 for pixel in seen) <= 98, "the subject fills the square"  # type: ignore[index]


def test_custom_emoji_of_non_square_or_empty_picture_is_100_pixels() -> None:
    wide = Image.new("RGBA", (512, 512))
    wide.paste("#00ff00", (0, 0, 512, 100))
    for image, box in ((wide, (2, 40, 98, 60)), (Image.new("RGBA", (512, 512)), None)):
        file = BytesIO()
        image.save(file, "WEBP", lossless=True)
        with Image.open(BytesIO(as_emoji(file.getvalue()))) as small:
            assert small.size == (EMOJI_SIDE, EMOJI_SIDE)
            seen = small.getchannel("A").point(lambda alpha: 255 * (alpha > 128)).getbbox()
        if box is None:
            assert seen is None
        else:
            assert seen
            assert all(abs(a - b) <= 1 for a, b in zip(seen, box, strict=True))
