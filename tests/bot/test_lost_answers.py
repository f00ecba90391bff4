"""A call takes effect and its answer is lost; Telegram refuses the repeated call: a success."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.bot.harness import Sandbox, User, Worker, text_of

pytestmark = pytest.mark.usefixtures("bot")

SAME = "Bad Request: STICKERSET_NOT_MODIFIED"
Lose = Callable[[str], None]
LOST = ({"error_code": 500}, {"cut": True})


@pytest.fixture(params=LOST, ids=["500", "cut"])
def lose(request: pytest.FixtureRequest, sandbox: Sandbox) -> Lose:
    """Have a method take effect without an answer that tells."""

    def order(method: str) -> None:
        sandbox.post("/sandbox/fault", method=method, after=True, **request.param)

    return order


@pytest.fixture
def shown(user: User, worker: Worker) -> dict[str, Any]:
    """A message with three stickers, the first two of which are in a pack."""
    user.say("кот")
    worker.finish(worker.take(), 3)
    message = user.sees("Готово")
    for number in range(2):
        user.press_button(message, number)
    return message


def ids(user: User) -> list[str]:
    return [sticker["file_unique_id"] for sticker in user.packs()[0]["stickers"]]


def menu_of(user: User, number: int) -> dict[str, Any]:
    """The menu of a sticker of the first pack."""
    user.say(sticker_file_id=user.packs()[0]["stickers"][number]["file_id"])
    return user.sees("Что сделать")


def pack_page(user: User) -> dict[str, Any]:
    user.say("/packs")
    user.press("Emojich", user.sees("Ваши наборы"))
    return user.sees("Чтобы изменить")


def test_lost_answer_to_create_adds_the_sticker_once(
    user: User, worker: Worker, lose: Lose
) -> None:
    user.say("кот")
    worker.finish(worker.take(), 1)
    message = user.sees("Готово")
    lose("uploadStickerFile")
    lose("createNewStickerSet")
    lose("answerCallbackQuery")
    assert "Стикер 1 в вашем наборе" in user.press_button(message, 0)
    assert len(ids(user)) == 1
    assert len(user.messages()) == 1


@pytest.mark.parametrize("lose", [*LOST, {"error_code": 502}], indirect=True, ids=str)
def test_lost_answer_to_add_adds_the_sticker_once(
    user: User, shown: dict[str, Any], lose: Lose
) -> None:
    lose("addStickerToSet")
    assert "Стикер 3 в вашем наборе" in user.press_button(shown, 2)
    assert len(ids(user)) == 3


def test_lost_answer_to_add_the_last_sticker_of_a_full_set_is_a_success(
    user: User, shown: dict[str, Any], lose: Lose, sandbox: Sandbox
) -> None:
    lose("addStickerToSet")
    sandbox.fault("addStickerToSet", 400, description="Bad Request: STICKERS_TOO_MUCH")
    assert "Стикер 3 в вашем наборе" in user.press_button(shown, 2)
    assert [len(pack["stickers"]) for pack in user.packs()] == [3]


def test_lost_answer_to_remove_is_a_success(user: User, shown: dict[str, Any], lose: Lose) -> None:
    _, second = ids(user)
    menu = menu_of(user, 0)
    lose("deleteStickerFromSet")
    assert "убран" in user.press("🗑", menu)
    assert ids(user) == [second]


def test_lost_answer_to_move_is_a_success(
    user: User, shown: dict[str, Any], lose: Lose, sandbox: Sandbox
) -> None:
    first, second = ids(user)
    menu = menu_of(user, 1)
    lose("setStickerPositionInSet")
    sandbox.fault("setStickerPositionInSet", 400, description=SAME)
    assert "первый" in user.press("⬆️", menu)
    assert ids(user) == [second, first]


def test_lost_answer_to_replace_is_a_success(user: User, shown: dict[str, Any], lose: Lose) -> None:
    first, second = ids(user)
    user.press("🔁", menu_of(user, 0))
    lose("replaceStickerInSet")
    assert "Стикер 3 встал на место прежнего" in user.press_button(shown, 2)
    third, remaining = ids(user)
    assert remaining == second
    assert third not in (first, second)


def test_lost_answer_to_rename_is_a_success(
    user: User, shown: dict[str, Any], lose: Lose, sandbox: Sandbox
) -> None:
    user.press("✏️", pack_page(user))
    question = user.sees("Как назвать")["message_id"]
    lose("setStickerSetTitle")
    sandbox.fault("setStickerSetTitle", 400, description=SAME)
    user.reply(question, "Коты")
    user.sees("Теперь набор называется «Коты»")
    assert [pack["title"] for pack in user.packs()] == ["Коты"]


def test_lost_answer_to_delete_set_is_a_success(
    user: User, shown: dict[str, Any], lose: Lose
) -> None:
    user.press("🗑", pack_page(user))
    user.sees("насовсем")
    lose("deleteStickerSet")
    assert user.press("🗑 Да") == "Набор удалён."
    assert user.packs() == []


def test_lost_answer_to_emoji_change_is_a_success(
    user: User, shown: dict[str, Any], lose: Lose, sandbox: Sandbox
) -> None:
    sent = user.say(sticker_file_id=user.packs()[0]["stickers"][0]["file_id"])
    user.sees("Что сделать")
    lose("setStickerEmojiList")
    sandbox.fault("setStickerEmojiList", 400, description=SAME)
    user.reply(sent["message_id"], "🔥")
    user.sees("такие эмодзи: 🔥")
    assert user.packs()[0]["stickers"][0]["emoji"] == "🔥"


def test_lost_answer_to_message_edit_is_a_success(user: User, worker: Worker, lose: Lose) -> None:
    user.say("кот")
    user.sees("«кот»")
    lose("editMessageMedia")
    worker.finish(worker.take(), 1)
    user.sees("Готово")
    assert len(user.messages()) == 1


def test_real_refusal_is_told_to_the_user(
    user: User, shown: dict[str, Any], sandbox: Sandbox
) -> None:
    before = ids(user)
    menu = menu_of(user, 1)
    for method, label in (("deleteStickerFromSet", "🗑"), ("setStickerPositionInSet", "⬆️")):
        sandbox.fault(method, 400, description="Bad Request: STICKER_INVALID")
        assert "не дал этого" in user.press(label, menu)
    assert ids(user) == before
    assert "Что сделать" in text_of(user.answer())
