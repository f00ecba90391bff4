"""/settings, and what they change."""

from io import BytesIO

import pytest
from PIL import Image

from bot.pictures.sticker import OUTLINE_WIDTH, outlined
from tests.bot.conftest import NewUser
from tests.bot.harness import RunningBot, User, Worker, buttons_of, draw_sticker

pytestmark = pytest.mark.usefixtures("bot")


def test_settings_survive_a_restart_and_apply_to_requests(
    user: User, bot: RunningBot, worker: Worker
) -> None:
    user.say("/settings")
    shown = user.sees("Сколько стикеров")
    assert [b["text"] for b in buttons_of(shown) if "●" in b["text"]] == [
        "● 4", "● норма", "● без неё",
    ]  # fmt: skip
    for label in ("9", "смело", "с обводкой"):
        assert user.press(label) == ""
    shown = user.answer()
    assert [b["text"] for b in buttons_of(shown) if "●" in b["text"]] == [
        "● 9", "● смело", "● с обводкой",
    ]  # fmt: skip
    bot.stop()
    bot.start()
    user.say("кот")
    request = worker.take()
    assert (request.count, request.boldness) == (9, 1.25)
    [sticker] = worker.finish(request, 1)
    user.press("1", user.sees("Готово"))
    [pack] = user.packs()
    unique_id = pack["stickers"][0]["file_unique_id"]
    file = user.sandbox.http.get(f"/sandbox/file/{unique_id}").content
    assert file == outlined(sticker)


def test_more_candidates_use_the_current_settings(user: User, worker: Worker) -> None:
    user.say("кот")
    worker.finish(worker.take())
    shown = user.sees("Готово")
    user.say("/settings")
    user.sees("Сколько")
    user.press("7")
    user.press("🎲", shown)
    assert worker.take().count == 7


def test_invalid_or_foreign_settings_buttons_are_refused(new_user: NewUser) -> None:
    user, other = new_user("en"), new_user()
    user.say("/settings")
    user.sees("How many")
    for data in ("count:{}:0", "count:{}:10", "boldness:{}:mad", "colour:{}:red"):
        assert "no longer works" in user.tap(f"1:set:{data.format(user.id)}")
    assert "somebody else" in user.tap(f"1:set:count:{other.id}:9")


def test_outline_is_white_around_the_subject() -> None:
    before = Image.open(BytesIO(draw_sticker(7)))  # a square from 64 to 447
    after = Image.open(BytesIO(outlined(draw_sticker(7))))
    assert (after.format, after.size, after.mode) == ("WEBP", (512, 512), "RGBA")
    row = [after.getpixel((x, 256)) for x in range(512)]
    assert row[40][3] == 0
    white = [x for x in range(256) if row[x][3] > 250 and min(row[x][:3]) > 240]
    assert abs(len(white) - OUTLINE_WIDTH) <= 3
    assert row[256][:3] == pytest.approx(before.getpixel((256, 256))[:3], abs=8)
    faint = sum(0 < pixel[3] < 255 for pixel in row[:256])
    assert 1 <= faint <= 6, "the outer edge is smooth, not blurred"


def test_outline_of_a_picture_without_margin_stays_visible() -> None:
    full = BytesIO()
    Image.new("RGBA", (512, 512), "#ff0000").save(full, "WEBP")
    after = Image.open(BytesIO(outlined(full.getvalue())))
    assert after.getpixel((256, 6))[:3] == pytest.approx((255, 255, 255), abs=8)
    assert after.getpixel((256, 6))[3] > 200
