"""The chat page in a real browser with the bot behind it: inline mode, and a group of two."""

import shutil
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect, sync_playwright

from tests.bot.conftest import NewUser
from tests.bot.parts import Sandbox, User, Worker, buttons_of

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("bot")]

CHROMIUM = shutil.which("chromium")


@pytest.fixture
def page() -> Iterator[Page]:
    if CHROMIUM is None:
        pytest.skip("no chromium is installed: apt-get install chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=CHROMIUM,
            args=["--no-sandbox", "--disable-gpu", "--disable-background-networking"],
        )
        page = browser.new_page(viewport={"width": 375, "height": 700}, locale="ru-RU")
        errors: list[str] = []
        page.on("pageerror", lambda error: errors.append(str(error)))
        yield page
        assert errors == []
        browser.close()


def test_a_word_becomes_a_sticker_in_a_chat(
    page: Page, user: User, worker: Worker, sandbox: Sandbox
) -> None:
    name = sandbox.api("getMe")["username"]
    user.say("/help")
    page.goto(f"{sandbox.url}/?user_id={user.id}")
    page.locator("#prompt").press_sequentially(f"@{name} кошки")
    page.click("#inline .start")
    page.locator(".message .keyboard button", has_text="🎨 Нарисовать").click()
    expect(page.locator(".message.in", has_text="Запрос сохранён")).to_be_visible()
    request = worker.take()
    assert request.prompt == "кошки"
    worker.finish(request, 1)
    page.locator(".message .keyboard button", has_text="1").click()
    expect(page.locator(".message .keyboard button", has_text="✓ 1")).to_be_visible()
    page.fill("#prompt", "")
    page.locator("#prompt").press_sequentially(f"@{name} кошка")
    page.click("#inline .sticker")
    sent = page.locator(".message.out.sticker-message .sender")
    expect(sent).to_have_text(f"через @{name}")


def test_an_edit_and_emoji_in_a_group(
    page: Page, new_user: NewUser, worker: Worker, sandbox: Sandbox
) -> None:
    anna, boris = new_user(), new_user()
    ids = [anna.id, boris.id]
    group = sandbox.post("/sandbox/group", title="Друзья", user_ids=ids)["id"]
    page.goto(f"{sandbox.url}/?user_id={anna.id}&chat_id={group}")
    page.fill("#prompt", "/sticker кто")
    page.press("#prompt", "Enter")
    bubble = page.locator(".message.in", has_text="Запрос сохранён")
    expect(bubble).to_contain_text("«кто»")
    page.locator(".message.out .text", has_text="кто").dblclick()
    page.fill("#prompt", "/sticker кот")
    page.click("#send")
    expect(bubble).to_contain_text("«кот»")
    expect(bubble).to_have_count(1)
    worker.finish(worker.take(), 2)
    expect(page.locator(".message.in", has_text="Готово")).to_be_visible()
    chat = sandbox.get("/sandbox/chat", user_id=anna.id, chat_id=group)
    shown = next(message for message in chat if buttons_of(message))["message_id"]
    boris.say("💩", chat_id=group, reply_to=shown)
    anna.say("🔥", chat_id=group, reply_to=shown)
    expect(page.locator(".message .keyboard button").first).to_have_text("1 🔥")
    expect(page.locator(".message.in", has_text="эмодзи")).to_have_count(1)
