"""The chat page in a real browser with the bot behind it: inline mode, a group, narrow screens."""

from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.bot.conftest import NewUser
from tests.bot.harness import Sandbox, User, Worker, buttons_of, draw_sketch, wait_for

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("bot")]


def test_user_draws_and_sends_a_sticker_from_an_inline_query(
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


def test_user_watches_the_candidates_grow(
    phone: Page, user: User, worker: Worker, sandbox: Sandbox
) -> None:
    user.say("кот")
    request = worker.take()
    phone.goto(f"{sandbox.url}/?user_id={user.id}")
    message = phone.locator(".message.in", has_text="«кот»")
    picture = message.locator("img:not(.avatar)")
    worker.progress(request, 0.1)
    expect(message).to_contain_text("10")
    expect(picture).to_have_count(0)
    shown = ""
    for number in (1, 2):
        worker.sketch(request, number / 4, number, draw_sketch(number))
        expect(message).to_contain_text(f"{number * 25}")
        expect(picture).not_to_have_attribute("src", shown)  # the page loads it first
        expect(picture).to_have_js_property("naturalWidth", 512)
        shown = picture.get_attribute("src") or ""
    worker.finish(request, 4)
    user.sees("Готово")
    expect(message).to_contain_text("Готово")
    expect(picture).not_to_have_attribute("src", shown)
    expect(picture).to_have_count(1)
    expect(phone.locator(".message.in")).to_have_count(1)


def test_user_edits_a_command_and_changes_emoji_in_a_group(
    phone: Page, new_user: NewUser, worker: Worker, sandbox: Sandbox
) -> None:
    anna, boris = new_user(), new_user()
    group = sandbox.group(anna, boris)
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
    shown = next(m for m in anna.messages(group) if buttons_of(m))["message_id"]
    boris.say("💩", chat_id=group, reply_to=shown)
    anna.say("🔥", chat_id=group, reply_to=shown)
    expect(phone.locator(".message .keyboard button").first).to_have_text("1 🔥")
    expect(phone.locator(".message.in", has_text="эмодзи")).to_have_count(1)


@pytest.mark.parametrize("language", ["ru", "en"])
def test_button_labels_fit_on_a_narrow_phone(
    phone: Page, new_user: NewUser, worker: Worker, sandbox: Sandbox, language: str
) -> None:
    user = new_user(language)
    user.say("кот")
    worker.finish(worker.take())
    user.press("1", wait_for(lambda: shown_with(user, "🪄")))
    user.say("/packs")
    wait_for(lambda: shown_with(user, "➕"))
    phone.set_viewport_size({"width": 320, "height": 568})  # the narrowest there are
    phone.goto(f"{sandbox.url}/?user_id={user.id}")
    phone.click(f"[data-language={language}]")
    buttons = phone.locator(".message.in").last.locator(".keyboard button")

    def none_is_cut(of: str) -> None:
        expect(buttons.filter(has_text=of)).to_be_visible()
        cut = "all.filter(one => one.scrollWidth > one.clientWidth).map(one => one.innerText)"
        assert phone.locator(".keyboard button").evaluate_all(f"all => {cut}") == []

    none_is_cut("➕")
    buttons.first.click()
    none_is_cut("✏️")
    buttons.first.click()
    none_is_cut("⬆️")
    user.say("/settings")
    none_is_cut("● 4")
    for row in range(9, buttons.count()):  # each chosen in its turn, and so with a mark
        buttons.nth(row).click()
        expect(buttons.nth(row)).to_contain_text("●")
        none_is_cut("● 4")


def shown_with(user: User, label: str) -> dict[str, Any] | None:
    """The bot's newest message that has such a button."""
    found = [m for m in user.messages() if any(label in b["text"] for b in buttons_of(m))]
    return found[-1] if found else None
