"""A user changes the emoji of stickers by a reply."""

from typing import Any

import pytest

from tests.bot.conftest import NewUser
from tests.bot.harness import Sandbox, User, Worker, buttons_of, wait_for

pytestmark = pytest.mark.usefixtures("bot")


def drawn(user: User, worker: Worker) -> dict[str, Any]:
    user.say("две кошки в шляпах")
    worker.finish(worker.take(), 2)
    return user.sees("Готово")


def labels(user: User) -> list[str]:
    return [button["text"] for button in buttons_of(user.messages()[0])]


def test_emoji_and_search_words_come_from_the_prompt(
    user: User, worker: Worker, sandbox: Sandbox
) -> None:
    shown = drawn(user, worker)
    assert [b["text"] for b in buttons_of(shown)][:2] == ["1 🐱🎩", "2 🐱🎩"]
    user.press_button(shown, 0)
    [pack] = user.packs()
    assert pack["stickers"][0]["emoji_list"] == ["🐱", "🎩"]
    assert pack["stickers"][0]["keywords"][:3] == ["два", "кошка", "шляпа"]


def test_reply_with_emoji_changes_the_emoji_of_stickers(user: User, worker: Worker) -> None:
    shown = drawn(user, worker)
    user.press_button(shown, 0)
    user.reply(shown["message_id"], "🔥 👩‍🚀🔥")
    user.sees("такие эмодзи: 🔥 👩‍🚀")
    [pack] = user.packs()
    assert pack["stickers"][0]["emoji_list"] == ["🔥", "👩‍🚀"]
    wait_for(lambda: labels(user)[:2] == ["✓ 1", "2 🔥👩‍🚀"])
    user.press_button(shown, 1)
    [pack] = user.packs()
    assert pack["stickers"][1]["emoji_list"] == ["🔥", "👩‍🚀"]


def test_emoji_reply_succeeds_though_the_pack_was_deleted(
    user: User, worker: Worker, sandbox: Sandbox
) -> None:
    shown = drawn(user, worker)
    user.press_button(shown, 0)
    sandbox.api("deleteStickerSet", name=user.packs()[0]["name"])
    user.reply(shown["message_id"], "🔥")
    user.sees("такие эмодзи: 🔥")


def test_emoji_refused_by_telegram_are_reported(
    user: User, worker: Worker, sandbox: Sandbox
) -> None:
    shown = drawn(user, worker)
    user.press_button(shown, 0)
    sandbox.fault("setStickerEmojiList", 400)
    user.reply(shown["message_id"], "🔥")
    user.sees("не принял эти эмодзи")


def test_emoji_that_reply_to_no_stickers_get_a_hint(new_user: NewUser, worker: Worker) -> None:
    user = new_user("en")
    user.say("☆")
    user.sees("reply with them to my message")
    said = user.say("/help")
    user.sees("Write in Russian")
    user.reply(said["message_id"], "🔥")
    user.sees("To change emoji")
