"""The chat page in a real browser with the bot behind it: inline mode, and a group of two."""

import pytest
from playwright.sync_api import Page, expect

from tests.bot.conftest import NewUser
from tests.bot.parts import Sandbox, User, Worker, buttons_of

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("bot")]


def test_a_word_becomes_a_sticker_in_a_chat(
    phone: Page, user: User, worker: Worker, sandbox: Sandbox
) -> None:
    name = sandbox.api("getMe")["username"]
    user.say("/help")
    phone.goto(f"{sandbox.url}/?user_id={user.id}")
    phone.locator("#prompt").press_sequentially(f"@{name} кошки")
    phone.click("#inline .start")
    phone.locator(".message .keyboard button", has_text="🎨 Нарисовать").click()
    expect(phone.locator(".message.in", has_text="Запрос сохранён")).to_be_visible()
    request = worker.take()
    assert request.prompt == "кошки"
    worker.finish(request, 1)
    phone.locator(".message .keyboard button", has_text="1").click()
    expect(phone.locator(".message .keyboard button", has_text="✓ 1")).to_be_visible()
    phone.fill("#prompt", "")
    phone.locator("#prompt").press_sequentially(f"@{name} кошка")
    phone.click("#inline .sticker")
    sent = phone.locator(".message.out.sticker-message .sender")
    expect(sent).to_have_text(f"через @{name}")


def test_an_edit_and_emoji_in_a_group(
    phone: Page, new_user: NewUser, worker: Worker, sandbox: Sandbox
) -> None:
    anna, boris = new_user(), new_user()
    ids = [anna.id, boris.id]
    group = sandbox.post("/sandbox/group", title="Друзья", user_ids=ids)["id"]
    phone.goto(f"{sandbox.url}/?user_id={anna.id}&chat_id={group}")
    phone.fill("#prompt", "/sticker кто")
    phone.press("#prompt", "Enter")
    bubble = phone.locator(".message.in", has_text="Запрос сохранён")
    expect(bubble).to_contain_text("«кто»")
    phone.locator(".message.out .text", has_text="кто").dblclick()
    phone.fill("#prompt", "/sticker кот")
    phone.click("#send")
    expect(bubble).to_contain_text("«кот»")
    expect(bubble).to_have_count(1)
    worker.finish(worker.take(), 2)
    expect(phone.locator(".message.in", has_text="Готово")).to_be_visible()
    chat = sandbox.get("/sandbox/chat", user_id=anna.id, chat_id=group)
    shown = next(message for message in chat if buttons_of(message))["message_id"]
    boris.say("💩", chat_id=group, reply_to=shown)
    anna.say("🔥", chat_id=group, reply_to=shown)
    expect(phone.locator(".message .keyboard button").first).to_have_text("1 🔥")
    expect(phone.locator(".message.in", has_text="эмодзи")).to_have_count(1)
