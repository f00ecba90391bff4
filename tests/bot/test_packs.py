"""/packs, and single stickers of a pack."""

from typing import Any

import pytest

from tests.bot.conftest import NewUser
from tests.bot.harness import RunningBot, Sandbox, User, Worker, buttons_of, text_of, wait_for

pytestmark = pytest.mark.usefixtures("bot")


def drawn(user: User, worker: Worker, count: int = 3) -> dict[str, Any]:
    user.say("кот")
    worker.finish(worker.take(), count)
    return user.sees("Готово")


def with_pack(user: User, worker: Worker, stickers: int = 2) -> dict[str, Any]:
    """Put stickers into the user's first pack; returns the message with the candidates."""
    shown = drawn(user, worker)
    for number in range(stickers):
        user.press_button(shown, number)
    return shown


def titles(user: User) -> list[str]:
    return [pack["title"] for pack in user.packs()]


def test_user_without_packs_can_only_create_one(user: User) -> None:
    user.say("/packs")
    shown = user.sees("пока нет наборов")
    assert [button["text"] for button in buttons_of(shown)] == [
        "➕ Новый набор", "😀 Новый набор эмодзи",
    ]  # fmt: skip


def test_packs_command_lists_counts_and_links(user: User, worker: Worker) -> None:
    with_pack(user, worker)
    [pack] = user.packs()
    user.say("/packs")
    user.sees(f"● {pack['title']}, 2 стикера", f"https://t.me/addstickers/{pack['name']}")


def test_user_creates_a_pack_with_an_own_title(user: User, worker: Worker) -> None:
    shown = with_pack(user, worker, 1)
    user.say("/packs")
    user.sees("Ваши наборы")
    user.press("➕")
    question = user.sees("Как назвать набор?")
    answer = user.reply(question["message_id"], " Мои\u200b коты ")
    user.sees("«Мои коты»: набор появится")
    user.edit(answer["message_id"], "Мои кошки")  # is no prompt
    user.say("/packs")
    user.sees("● Мои коты, ждёт первого стикера")
    user.press_button(shown, 1)
    assert titles(user)[1] == "Мои коты"
    assert [len(pack["stickers"]) for pack in user.packs()] == [1, 1]
    assert worker.queue.count_waiting() == 0


@pytest.mark.parametrize("title", ["к" * 300, "\u200b\u202e", "😀" * 33])
def test_invalid_title_is_asked_for_again(user: User, worker: Worker, title: str) -> None:
    user.say("/packs")
    user.press("➕")
    question = user.sees("Как назвать")
    user.reply(question["message_id"], title)
    again = user.sees("Так не получится")
    user.reply(again["message_id"], "Коты")  # Telegram's app begins this answer by itself
    user.sees("«Коты»")
    assert worker.queue.count_waiting() == 0


def test_message_that_is_no_reply_to_the_question_is_a_prompt(user: User, worker: Worker) -> None:
    user.say("/packs")
    user.press("➕")
    user.sees("Как назвать")
    user.say("кит")
    user.sees("«кит»")
    assert worker.take().prompt == "кит"


def test_question_for_a_title_survives_a_restart_of_the_bot(
    user: User, bot: RunningBot, worker: Worker
) -> None:
    with_pack(user, worker, 1)
    user.say("/packs")
    user.sees("Ваши наборы")
    user.press("Emojich")
    user.press("✏️", user.sees("Чтобы изменить стикер"))
    question = user.sees("Как назвать")
    bot.stop()
    bot.start()
    user.reply(question["message_id"], "Коты")
    user.sees("Теперь набор называется «Коты»")
    assert titles(user) == ["Коты"]


def test_user_chooses_the_current_pack(user: User, worker: Worker) -> None:
    shown = with_pack(user, worker, 1)
    user.say("/packs")
    user.sees("Ваши наборы")
    user.press("➕")
    user.reply(user.sees("Как назвать")["message_id"], "Коты")
    user.sees("«Коты»")
    user.press_button(shown, 1)
    user.say("/packs")
    user.sees("● Коты, 1 стикер")
    user.press("Emojich")
    user.sees("Чтобы изменить стикер")
    user.press("● Складывать сюда")
    user.sees("● Emojich", "Коты, 1 стикер")
    user.press_button(shown, 2)
    assert [len(pack["stickers"]) for pack in user.packs()] == [2, 1]


def test_empty_pack_waits_while_another_pack_is_filled(user: User, worker: Worker) -> None:
    shown = with_pack(user, worker, 1)
    for title in ("Коты", "Псы"):
        user.say("/packs")
        user.press("➕", user.sees("Ваши наборы"))
        user.reply(user.sees("Как назвать")["message_id"], title)
        user.sees(f"«{title}»")
    user.say("/packs")
    user.press("Псы", user.sees("Коты, ждёт первого стикера", "● Псы, ждёт первого стикера"))
    user.press("🗑", user.sees("● Псы"))
    user.press("🗑 Да", user.sees("насовсем"))
    user.press("Emojich", user.sees("● Emojich", "Коты, ждёт первого стикера"))
    user.press("← Назад", user.sees("Чтобы изменить"))
    user.press("Коты", user.sees("Ваши наборы"))
    user.press("● Складывать сюда", user.sees("Коты, ждёт первого"))
    user.sees("● Коты")
    user.press_button(shown, 1)
    assert [len(pack["stickers"]) for pack in user.packs()] == [1, 1]
    assert titles(user)[1] == "Коты"
    user.say("/packs")
    user.sees("● Коты, 1 стикер")


def test_user_confirms_the_deletion_of_a_pack(user: User, worker: Worker) -> None:
    with_pack(user, worker)
    user.say("/packs")
    user.sees("Ваши наборы")
    user.press("Emojich")
    user.sees("Чтобы изменить стикер")
    user.press("🗑")
    user.sees("насовсем? Там 2 стикера")
    user.press("← Назад")
    user.sees("Чтобы изменить стикер")
    user.press("🗑")
    user.sees("насовсем")
    assert user.press("🗑 Да") == "Набор удалён."
    user.sees("пока нет наборов")
    assert user.packs() == []


def test_pack_deleted_outside_the_bot_leaves_the_list(
    user: User, worker: Worker, sandbox: Sandbox
) -> None:
    shown = with_pack(user, worker)
    user.say("/packs")
    menu = user.sees("Ваши наборы")
    sandbox.api("deleteStickerSet", name=user.packs()[0]["name"])
    assert user.press("Emojich", menu) == "Этого набора уже нет."
    user.sees("пока нет наборов")
    user.press_button(shown, 2)
    assert [len(pack["stickers"]) for pack in user.packs()] == [1]


def test_pack_buttons_of_other_users_change_nothing(new_user: NewUser, worker: Worker) -> None:
    owner, thief = new_user(), new_user("en")
    with_pack(owner, worker)
    thief.say("/start")
    for tap in (f"1:pack:sure:{owner.id}:1", f"1:sticker:delete:{owner.id}:1:abc"):
        assert "somebody else" in thief.tap(tap)
    assert "pack is gone" in thief.tap(f"1:sticker:delete:{thief.id}:7:abc")
    assert "no longer works" in thief.tap("1:pack:sure")
    assert "is gone" in thief.tap(f"1:pack:explode:{thief.id}:1")
    assert len(owner.packs()[0]["stickers"]) == 2


def send_sticker(user: User, number: int) -> dict[str, Any]:
    """Send the bot a sticker of the user's first pack."""
    sticker = user.packs()[0]["stickers"][number]
    return user.say(sticker_file_id=sticker["file_id"])


def ids(user: User) -> list[str]:
    return [sticker["file_unique_id"] for sticker in user.packs()[0]["stickers"]]


def test_user_moves_and_removes_a_sent_sticker(user: User, worker: Worker) -> None:
    with_pack(user, worker, 3)
    first, second, third = ids(user)
    send_sticker(user, 2)
    menu = user.sees("Что сделать")
    assert "первый" in user.press("⬆️", menu)
    assert ids(user) == [third, first, second]
    assert "убран" in user.press("🗑", menu)
    user.sees("убран")
    assert ids(user) == [first, second]
    assert "уже нет" in user.press_button(menu, 0)


def test_user_changes_the_emoji_of_a_sent_sticker(user: User, worker: Worker) -> None:
    with_pack(user, worker, 2)
    sent = send_sticker(user, 1)
    assert "Ответьте" in user.press("😀", user.sees("Что сделать"))
    user.reply(sent["message_id"], "🔥🎉")
    user.sees("такие эмодзи: 🔥 🎉")
    assert [sticker["emoji"] for sticker in user.packs()[0]["stickers"]] == ["🐱", "🔥"]


def test_user_cannot_change_a_sticker_of_another_user(new_user: NewUser, worker: Worker) -> None:
    owner, thief = new_user(), new_user()
    with_pack(owner, worker, 1)
    sent = thief.say(sticker_file_id=owner.packs()[0]["stickers"][0]["file_id"])
    thief.sees("не из ваших наборов")
    thief.reply(sent["message_id"], "🔥")
    wait_for(lambda: len(thief.messages()) == 2)
    thief.sees("не из ваших наборов")
    assert owner.packs()[0]["stickers"][0]["emoji"] == "🐱"


def test_user_replaces_a_sent_sticker_by_a_candidate(user: User, worker: Worker) -> None:
    shown = with_pack(user, worker, 2)
    first, second = ids(user)
    send_sticker(user, 0)
    assert "нажмите номер" in user.press("🔁", user.sees("Что сделать"))
    answer = user.press_button(shown, 2)
    assert "Стикер 3 встал на место прежнего" in answer
    assert len(ids(user)) == 2
    assert ids(user)[1] == second
    assert ids(user)[0] != first
    marked = wait_for(lambda: [m for m in user.messages() if "✓ 3" in str(buttons_of(m))])
    assert "Готово" in text_of(marked[0])


def test_bot_answers_a_sticker_whose_message_was_deleted(
    user: User, bot: RunningBot, sandbox: Sandbox
) -> None:
    user.say("/start")
    user.sees("Привет")
    bot.stop()
    sent = user.say(foreign_sticker=True)
    sandbox.api("deleteMessage", chat_id=user.id, message_id=sent["message_id"])
    bot.start()
    user.sees("не из ваших наборов")
