"""/packs shows the stickers of a pack page by page, and each sticker on a page of its own."""

from io import BytesIO
from typing import Any

import pytest
from PIL import Image
from telegram import CallbackQuery, Sticker

from bot.packs.screens import PACKS_A_PAGE, STICKERS_A_PAGE
from bot.pictures.downloads import still
from bot.pictures.preview import render_grid
from bot.telegram.messages import is_reachable
from tests.bot.conftest import NewUser
from tests.bot.harness import (
    TOKEN,
    Sandbox,
    User,
    Worker,
    buttons_of,
    draw_sticker,
    text_of,
)

pytestmark = pytest.mark.usefixtures("bot")


def fill(sandbox: Sandbox, user: User, name: str, numbers: range) -> None:
    for number in numbers:
        sandbox.http.post(
            f"/bot{TOKEN}/addStickerToSet",
            data={
                "user_id": user.id,
                "name": name,
                "sticker": '{"sticker": "attach://x", "format": "static", "emoji_list": ["🐶"]}',
            },
            files={"x": ("x.webp", draw_sticker(number))},
        ).raise_for_status()


def with_pack(user: User, worker: Worker, sandbox: Sandbox, count: int) -> dict[str, Any]:
    """Make a pack of `count` stickers; returns the message with the first candidates."""
    user.say("кот")
    worker.finish(worker.take(), 2)
    shown = user.sees("Готово")
    user.press_button(shown, 0)
    fill(sandbox, user, user.packs()[0]["name"], range(100, 99 + count))
    return shown


def open_pack(user: User, title: str = "Emojich") -> dict[str, Any]:
    user.say("/packs")
    user.press(title, user.sees("Ваши наборы"))
    return user.sees("Чтобы изменить стикер")


def numbers(message: dict[str, Any]) -> list[int]:
    return [int(b["text"]) for b in buttons_of(message) if b["text"].isdecimal()]


def labels(message: dict[str, Any]) -> list[str]:
    return [button["text"] for button in buttons_of(message)]


def ids(user: User) -> list[str]:
    return [sticker["file_unique_id"] for sticker in user.packs()[0]["stickers"]]


def picture(user: User, message: dict[str, Any]) -> Image.Image:
    unique_id = message["photo"][-1]["file_unique_id"]
    file = user.sandbox.http.get(f"/sandbox/file/{unique_id}").content
    return Image.open(BytesIO(file)).convert("RGB")


def pages(user: User) -> dict[str, Any]:
    """The message of /packs, as it is now."""
    return next(m for m in reversed(user.messages()) if "1:pack" in str(m) or "1:one" in str(m))


def test_list_of_packs_shows_the_first_sticker_of_each(
    user: User, worker: Worker, sandbox: Sandbox
) -> None:
    with_pack(user, worker, sandbox, 2)
    user.say("/packs")
    shown = user.sees("● Emojich", "2 стикера")
    colour = picture(user, shown).getpixel((picture(user, shown).width // 2,) * 2)
    assert all(abs(a - b) < 12 for a, b in zip(colour, (0, 0, 0), strict=True))  # type: ignore[arg-type]


def test_user_pages_through_a_large_pack(user: User, worker: Worker, sandbox: Sandbox) -> None:
    with_pack(user, worker, sandbox, 2 * STICKERS_A_PAGE + 1)
    shown = open_pack(user)
    assert numbers(shown) == list(range(1, 13))
    assert [len(row) for row in shown["reply_markup"]["inline_keyboard"][:3]] == [4, 4, 4]
    assert labels(shown)[12] == "13–24 ▶"
    assert user.press("13–24") == ""
    shown = pages(user)
    assert numbers(shown) == list(range(13, 25))
    assert labels(shown)[12:14] == ["◀ 1–12", "25 ▶"]
    first_picture = picture(user, shown).tobytes()
    user.press("25 ▶")
    shown = pages(user)
    assert numbers(shown) == [25]
    assert picture(user, shown).tobytes() != first_picture
    user.press("◀ 13")
    assert numbers(pages(user)) == list(range(13, 25))
    user.press("← Назад")
    user.sees("Ваши наборы")
    assert len(user.messages()) == 2


def test_picture_of_a_pack_shows_stickers_in_order(
    user: User, worker: Worker, sandbox: Sandbox
) -> None:
    with_pack(user, worker, sandbox, 4)
    image = picture(user, open_pack(user))
    quarter = image.width // 4
    for place, number in enumerate((0, 100, 101, 102)):
        row, column = divmod(place, 2)
        seen = image.getpixel((quarter * (1 + 2 * column), quarter * (1 + 2 * row)))
        wanted = (number * 37 % 256, number * 91 % 256, 0)
        assert all(abs(a - b) < 12 for a, b in zip(seen, wanted, strict=True))  # type: ignore[arg-type]


def test_user_opens_one_sticker_of_a_pack(user: User, worker: Worker, sandbox: Sandbox) -> None:
    with_pack(user, worker, sandbox, STICKERS_A_PAGE + 2)
    open_pack(user)
    user.press("13–14")
    user.press("14", pages(user))
    shown = user.sees("🐶 Стикер 14 из 14", "Что сделать")
    assert labels(shown) == [
        "⬆️ В начало", "😀 Эмодзи", "🔁 Заменить", "🗑 Убрать", "← Назад",
    ]  # fmt: skip
    user.press("← Назад")
    assert numbers(pages(user)) == [13, 14]


def test_user_moves_and_removes_a_sticker_on_its_page(
    user: User, worker: Worker, sandbox: Sandbox
) -> None:
    with_pack(user, worker, sandbox, 3)
    before = ids(user)
    open_pack(user)
    user.press("3")
    assert "первый" in user.press("⬆️", user.sees("Стикер 3 из 3"))
    assert ids(user) == [before[2], *before[:2]]
    user.press("1", pages(user))
    one = user.sees("Стикер 1 из 3")
    assert "убран" in user.press("🗑", one)
    assert ids(user) == before[:2]
    assert numbers(user.sees("2 стикера")) == [1, 2]
    assert "уже нет" in user.press("🗑", one)
    assert ids(user) == before[:2]


def test_user_changes_the_emoji_of_a_sticker_on_its_page(
    user: User, worker: Worker, sandbox: Sandbox
) -> None:
    with_pack(user, worker, sandbox, 2)
    open_pack(user)
    user.press("2")
    assert user.press("😀", user.sees("Стикер 2 из 2")) == ""
    question = user.sees("Какие эмодзи")
    user.reply(question["message_id"], "огонь")
    again = user.sees("только эмодзи")
    user.reply(again["message_id"], "🔥🎉")
    user.sees("такие эмодзи: 🔥 🎉")
    assert [sticker["emoji"] for sticker in user.packs()[0]["stickers"]] == ["🐱", "🔥"]
    assert worker.queue.count_waiting() == 0


def test_emoji_for_a_sticker_deleted_meanwhile_are_refused(
    user: User, worker: Worker, sandbox: Sandbox
) -> None:
    with_pack(user, worker, sandbox, 2)
    open_pack(user)
    user.press("2")
    user.press("😀", user.sees("Стикер 2 из 2"))
    question = user.sees("Какие эмодзи")
    sandbox.api("deleteStickerFromSet", sticker=user.packs()[0]["stickers"][1]["file_id"])
    user.reply(question["message_id"], "🔥")
    user.sees("уже нет")


def test_user_replaces_a_sticker_on_its_page(user: User, worker: Worker, sandbox: Sandbox) -> None:
    candidates = with_pack(user, worker, sandbox, 3)
    before = ids(user)
    open_pack(user)
    user.press("2")
    assert "нажмите номер" in user.press("🔁", user.sees("Стикер 2 из 3"))
    answer = user.press_button(candidates, 1)
    assert "Стикер 2 встал на место прежнего" in answer
    after = ids(user)
    assert [after[0], after[2]] == [before[0], before[2]]
    assert after[1] != before[1]


def test_page_of_a_deleted_pack_leads_to_the_list(
    user: User, worker: Worker, sandbox: Sandbox
) -> None:
    with_pack(user, worker, sandbox, 3)
    shown = open_pack(user)
    sandbox.api("deleteStickerSet", name=user.packs()[0]["name"])
    assert user.press("2", shown) == "Этого набора уже нет."
    shown = user.sees("пока нет наборов")
    assert labels(shown) == ["➕ Новый набор", "😀 Новый набор эмодзи"]
    assert len(user.messages()) == 2


def test_button_of_a_deleted_sticker_refreshes_the_page(
    user: User, worker: Worker, sandbox: Sandbox
) -> None:
    with_pack(user, worker, sandbox, 3)
    shown = open_pack(user)
    sandbox.api("deleteStickerFromSet", sticker=user.packs()[0]["stickers"][1]["file_id"])
    assert "уже нет" in user.press("2", shown)
    assert numbers(user.sees("2 стикера")) == [1, 2]


def test_emptied_pack_keeps_its_page(user: User, worker: Worker, sandbox: Sandbox) -> None:
    with_pack(user, worker, sandbox, 1)
    open_pack(user)
    user.press("1")
    assert "убран" in user.press("🗑", user.sees("Стикер 1 из 1"))
    shown = user.sees("ждёт первого стикера")
    assert numbers(shown) == []
    user.press("← Назад")
    user.press("Emojich", user.sees("Ваши наборы"))
    assert "photo" in user.sees("ждёт первого стикера")


def test_sticker_removed_from_several_devices_is_removed_once(
    user: User, worker: Worker, sandbox: Sandbox
) -> None:
    with_pack(user, worker, sandbox, 4)
    open_pack(user)
    user.press("2")
    shown = user.sees("Стикер 2 из 4")
    [data] = [b["callback_data"] for b in buttons_of(shown) if b["text"].startswith("🗑")]
    taps = [user.start_tap(data, shown["message_id"]) for _ in range(3)]
    said = [user.answer_to(tap)["text"] for tap in taps]
    assert ["убран" in text for text in said] == [True, False, False]
    assert all("уже нет" in text for text in said[1:])
    assert len(ids(user)) == 3
    assert len(user.messages()) == 2


def test_buttons_of_other_users_or_old_versions_change_nothing(
    new_user: NewUser, worker: Worker, sandbox: Sandbox
) -> None:
    owner, thief = new_user(), new_user("en")
    with_pack(owner, worker, sandbox, 2)
    sticker = ids(owner)[0]
    shown = open_pack(owner)
    thief.say("/start")
    for tap in (f"1:one:delete:{owner.id}:1:{sticker}", f"1:pack:open:{owner.id}:1:1"):
        assert "somebody else" in thief.tap(tap)
    assert "is gone" in thief.tap(f"1:one:delete:{thief.id}:1:{sticker}")
    assert "no longer works" in thief.tap(f"1:one:delete:{owner.id}:1")
    assert "no longer works" in thief.tap(f"0:one:delete:{owner.id}:1:{sticker}")
    assert len(ids(owner)) == 2
    assert "не работает" in owner.tap(f"1:one:explode:{owner.id}:1:{sticker}")
    assert "не работает" in owner.tap(f"1:pack:explode:{owner.id}:1")
    assert owner.tap(f"1:pack:open:{owner.id}:1:99", shown["message_id"]) == ""
    assert owner.tap(f"1:pack:open:{owner.id}:1", shown["message_id"]) == ""
    assert numbers(pages(owner)) == [1, 2]


def test_refusals_by_telegram_on_pack_pages_are_told(
    user: User, worker: Worker, sandbox: Sandbox
) -> None:
    with_pack(user, worker, sandbox, 2)
    shown = open_pack(user)
    sandbox.fault("deleteStickerFromSet", 400)
    user.press("1", shown)
    assert "не дал этого" in user.press("🗑", user.sees("Стикер 1 из 2"))
    sandbox.fault("editMessageMedia", 400)
    assert "не дал этого" in user.press("← Назад")
    assert user.press("← Назад") == ""
    assert len(ids(user)) == 2


def test_pack_page_is_shown_without_a_file_telegram_refuses(
    user: User, worker: Worker, sandbox: Sandbox
) -> None:
    with_pack(user, worker, sandbox, 1)
    fill(sandbox, user, user.packs()[0]["name"], range(900, 901))  # never downloaded before
    sandbox.fault("getFile", 400)
    assert numbers(open_pack(user)) == [1, 2]


def test_user_pages_through_many_packs(user: User, worker: Worker, sandbox: Sandbox) -> None:
    shown = with_pack(user, worker, sandbox, 1)
    for number in range(2, PACKS_A_PAGE + 2):
        user.say("/packs")
        user.sees("Ваши наборы")
        user.press("➕")
        user.reply(user.sees("Как назвать")["message_id"], f"{'Ы' * 60} {number}")
        user.sees("набор появится")
        user.press_button(shown, 1)
        sandbox.api("deleteStickerFromSet", sticker=user.packs()[-1]["stickers"][0]["file_id"])
        fill(sandbox, user, user.packs()[-1]["name"], range(number, number + 1))
    user.say("/packs")
    message = user.sees("1. Emojich", f"{PACKS_A_PAGE}. ")
    assert len(text_of(message)) <= 1024
    user.press("6 ▶")
    user.press("Ы", user.sees("6. ● Ы"))
    user.press("← Назад", user.sees("Чтобы изменить стикер"))
    user.sees("1. Emojich")


def test_unreadable_sticker_leaves_an_empty_cell() -> None:
    good = draw_sticker(7)
    for bad in (None, b"", b"not a picture", good[: len(good) // 2]):
        with Image.open(BytesIO(render_grid([good, bad], 2, 119))) as image:
            assert image.width > image.height


def test_animated_sticker_is_shown_by_its_thumbnail() -> None:
    measures = {"file_id": "a", "file_unique_id": "a", "width": 512, "height": 512}
    thumbnail = {"file_id": "t", "file_unique_id": "t", "width": 128, "height": 128}
    for animated, video in ((True, False), (False, True)):
        kind = {"type": "regular", "is_animated": animated, "is_video": video}
        assert still(Sticker.de_json({**measures, **kind})) is None
        moving = Sticker.de_json({**measures, **kind, "thumbnail": thumbnail})
        assert still(moving) == moving.thumbnail
    plain = Sticker.de_json({**measures, **kind, "is_video": False, "thumbnail": thumbnail})
    assert still(plain) is plain


def test_inaccessible_message_is_not_reachable() -> None:
    person = {"id": 7, "is_bot": False, "first_name": "x"}
    message = {"chat": {"id": 7, "type": "private"}, "message_id": 1}
    query = {"id": "1", "from": person, "chat_instance": "1", "data": "1:pack:list:7:0"}
    for date, reachable in ((0, False), (1_700_000_000, True)):
        tapped = CallbackQuery.de_json({**query, "message": {**message, "date": date}})
        assert is_reachable(tapped) == reachable
