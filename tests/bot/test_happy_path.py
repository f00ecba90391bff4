"""From a prompt to a sticker in a pack, over real HTTP."""

import pytest

from tests.bot.harness import User, Worker, buttons_of

pytestmark = pytest.mark.usefixtures("bot", "at_work")


def test_prompt_becomes_sticker(user: User, worker: Worker) -> None:
    user.say("кот  в космосе")
    message = user.sees("«кот в космосе»", "Вы следующий")
    request = worker.take()
    worker.progress(request, 0.42)
    user.sees("▰▰▰▰▱▱▱▱▱▱ 42\u00a0%")
    stickers = worker.finish(request)
    shown = user.sees("Готово, 4 стикера")
    assert shown["photo"]
    assert [button["text"] for button in buttons_of(shown)][:4] == [
        "1 🐱🌌",
        "2 🐱🌌",
        "3 🐱🌌",
        "4 🐱🌌",
    ]

    answer = user.press_button(shown, 2)
    [pack] = user.packs()
    assert answer == "Стикер 3 в вашем наборе. Откройте его и добавьте себе в Telegram."
    [sticker] = pack["stickers"]
    file = user.sandbox.http.get(f"/sandbox/file/{sticker['file_unique_id']}")
    assert file.content == stickers[2]
    assert sticker["emoji"] == "🐱"

    shown = user.sees(f"https://t.me/addstickers/{pack['name']}")
    labels = [button["text"] for button in buttons_of(shown)]
    assert [*labels[:4], labels[-1]] == ["1 🐱🌌", "2 🐱🌌", "✓ 3", "4 🐱🌌", "Открыть набор"]
    assert user.press_button(shown, 0) == "Стикер 1 в вашем наборе."
    assert [m["message_id"] for m in user.messages()] == [message["message_id"]]
