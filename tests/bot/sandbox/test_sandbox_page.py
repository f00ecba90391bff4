"""The chat page in a real browser, at the width of a phone; the test is the bot."""

import io
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from PIL import Image
from playwright.sync_api import Page, Route, expect

from .conftest import TOKEN, USERNAME

pytestmark = pytest.mark.slow

SASHA, ANYA = 1001, 1002
NAME = f"cats_by_{USERNAME}"
LONG_PRESS_MS = 600


class Box:
    """A sandbox, called as a bot and as users."""

    def __init__(self, address: str):
        self.address = address
        self.http = httpx.Client(base_url=address, timeout=30)

    def call(self, method: str, files: dict[str, Any] | None = None, **parameters: Any) -> Any:
        """A Bot API call."""
        texts = {k: v if isinstance(v, str) else json.dumps(v) for k, v in parameters.items()}
        answer = self.http.post(f"/bot{TOKEN}/{method}", data=texts, files=files).json()
        assert answer["ok"], answer
        return answer["result"]

    def updates(self, kind: str) -> list[dict[str, Any]]:
        """The pending updates of one kind."""
        return [update[kind] for update in self.call("getUpdates") if kind in update]

    def post(self, path: str, **body: Any) -> Any:
        """An action of a user."""
        return self.http.post(f"/sandbox/{path}", json=body).raise_for_status().json()

    def chat(self, chat_id: int) -> list[dict[str, Any]]:
        """The messages of a chat."""
        messages: list[dict[str, Any]] = self.http.get(f"/sandbox/chat?chat_id={chat_id}").json()
        return messages

    def make_pack(self, kind: str = "regular", side: int = 512) -> None:
        """A pack of two for Sasha."""
        members = [
            {
                "sticker": f"attach://{colour}",
                "format": "static",
                "emoji_list": ["🐱"],
                "keywords": ["кот"],
            }
            for colour in ("red", "green")
        ]
        files = {colour: (f"{colour}.webp", picture(colour, side)) for colour in ("red", "green")}
        self.call(
            "createNewStickerSet",
            files,
            user_id=SASHA,
            name=NAME,
            title="Мои коты",
            sticker_type=kind,
            stickers=members,
        )


def picture(colour: str, side: int) -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (side, side), colour).save(file, "WEBP", lossless=True)
    return file.getvalue()


@pytest.fixture
def box(tmp_path: Path) -> Iterator[Box]:
    command = [sys.executable, "-m", "bot.sandbox", "--port", "18181", "--data", str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        running = Box(process.stdout.readline().strip())
        running.post("message", text="/start")
        yield running
        running.http.close()
        process.terminate()


@pytest.fixture
def page(phone: Page, box: Box) -> Page:
    phone.goto(box.address)
    expect(phone.locator(".message").first).to_be_visible()
    return phone


def test_user_edits_and_replies_on_the_page(box: Box, page: Page) -> None:
    page.fill("#prompt", "кто в космосе")
    page.press("#prompt", "Enter")
    own = page.locator(".message.out", has_text="в космосе")
    own.locator(".text").dblclick()
    expect(page.locator("#prompt")).to_have_value("кто в космосе")
    page.fill("#prompt", "кот в космосе")
    page.click("#send")
    expect(own.locator(".time")).to_contain_text("изменено")
    (edited,) = box.updates("edited_message")
    assert edited["text"] == "кот в космосе"

    asked = box.call("sendMessage", chat_id=SASHA, text="Как назвать набор?")
    bubble = page.locator(".message.in .bubble")
    at = {"pointerType": "touch", "clientX": 60, "clientY": 400, "bubbles": True}
    bubble.dispatch_event("pointerdown", at)
    page.wait_for_timeout(LONG_PRESS_MS)
    page.click("#message-menu >> text=Ответить")
    expect(page.locator("#about")).to_contain_text("Как назвать набор?")
    page.fill("#prompt", "Коты")
    page.click("#send")
    expect(page.locator("#about")).to_be_hidden()
    expect(page.locator(".message.out .reply", has_text="Как назвать набор?")).to_be_visible()
    assert box.chat(SASHA)[-1]["reply_to_message"]["message_id"] == asked["message_id"]

    force = {"force_reply": True, "input_field_placeholder": "Например, Псы"}
    box.call("sendMessage", chat_id=SASHA, text="А этот?", reply_markup=force)
    expect(page.locator("#about")).to_contain_text("А этот?")
    assert page.get_attribute("#prompt", "placeholder") == "Например, Псы"


def test_question_that_arrives_during_an_answer_is_still_asked(box: Box, page: Page) -> None:
    def hold_up(route: Route) -> None:
        response = route.fetch()
        box.call("sendMessage", chat_id=SASHA, text="А второй?", reply_markup={"force_reply": True})
        expect(page.locator("#about")).to_contain_text("А второй?")
        route.fulfill(response=response)

    box.call("sendMessage", chat_id=SASHA, text="Как назвать?", reply_markup={"force_reply": True})
    expect(page.locator("#about")).to_contain_text("Как назвать?")
    page.route("**/sandbox/message", hold_up)
    page.fill("#prompt", "Коты")
    with page.expect_response("**/sandbox/message"):
        page.click("#send")
    page.unroute("**/sandbox/message")
    page.fill("#prompt", "Псы")
    page.click("#send")
    expect(page.locator(".message.out .reply", has_text="А второй?")).to_be_visible()


def test_page_shows_own_packs_and_packs_of_others(box: Box, page: Page) -> None:
    box.make_pack()
    expect(page.locator("#sticker-count")).to_have_text("2")
    page.click("#toggle-packs")
    expect(page.locator("#packs .pack")).to_contain_text("2 стикера из 120")
    page.locator("#packs .sticker").nth(1).click()
    expect(page.locator("#viewer .keywords")).to_have_text("кот")
    page.click("#viewer >> text=Отправить")
    expect(page.locator(".message.out.sticker-message")).to_be_visible()
    assert box.updates("message")[-1]["sticker"]["set_name"] == NAME

    page.click("#attach")
    page.click("#attachments >> text=Чужой стикер")
    foreign = page.locator(".message.out.sticker-message").nth(1)
    foreign.click(button="right")
    page.click("#message-menu >> text=Показать набор")
    expect(page.locator("#packs .pack", has_text="чужой набор")).to_be_visible()


def test_page_sends_a_photo_of_the_user_with_the_words_in_the_box(
    box: Box, page: Page, tmp_path: Path
) -> None:
    Image.new("RGB", (300, 200), "red").save(tmp_path / "cat.png")
    page.fill("#prompt", "в шляпе")
    page.set_input_files("#file", tmp_path / "cat.png")
    expect(page.locator(".message.out.photo-message")).to_contain_text("в шляпе")
    expect(page.locator("#prompt")).to_have_value("")
    assert box.updates("message")[-1]["caption"] == "в шляпе"


def test_page_of_an_emoji_pack_says_emoji_not_stickers(box: Box, page: Page) -> None:
    box.make_pack("custom_emoji", 100)
    page.click("#toggle-packs")
    expect(page.locator("#packs")).to_contain_text("2 эмодзи из 200")
    page.locator("#packs .sticker").first.click()
    expect(page.get_by_role("dialog", name="Эмодзи")).to_be_visible()
    for part in ("#packs", "#viewer"):
        assert "стикер" not in page.locator(part).inner_text().lower()


def test_two_users_share_a_group_on_the_page(box: Box, page: Page) -> None:
    page.click("#open-chats")
    page.click("#chats >> text=Новая группа")
    expect(page.locator("#title")).to_have_text("Друзья")
    expect(page.locator(".service")).to_have_text("Саша добавляет Эмоджич")
    group = int(page.evaluate("new URLSearchParams(location.search).get('chat_id')"))
    keyboard = {"inline_keyboard": [[{"text": "Беру", "callback_data": "take"}]]}
    box.call("sendMessage", chat_id=group, text="Готово", reply_markup=keyboard)
    box.post("message", user_id=ANYA, chat_id=group, text="ух ты")
    expect(page.locator(".message.in", has_text="ух ты").locator(".sender b")).to_have_text("Аня")

    page.click("#open-chats")
    page.click("#chats .people >> text=Аня")
    expect(page.locator(".message.out", has_text="ух ты")).to_be_visible()
    button = page.locator(".keyboard button", has_text="Беру")
    button.click()
    expect(button).to_have_attribute("aria-busy", "true")
    (query,) = box.updates("callback_query")
    assert (query["from"]["id"], query["message"]["chat"]["id"]) == (ANYA, group)
    answer = {"text": "Это кнопка Саши", "show_alert": True}
    box.call("answerCallbackQuery", callback_query_id=query["id"], **answer)
    expect(page.locator("#alert")).to_contain_text("Это кнопка Саши")
    page.click("#alert button")
    expect(button).to_have_attribute("aria-busy", "false")


def test_user_sends_an_inline_result_on_the_page(box: Box, page: Page) -> None:
    box.make_pack()
    cats = box.call("getStickerSet", name=NAME)["stickers"]
    keyboard = {"inline_keyboard": [[{"text": "Найти", "switch_inline_query_current_chat": "ко"}]]}
    box.call("sendMessage", chat_id=SASHA, text="Ваши стикеры", reply_markup=keyboard)
    page.click("text=Найти")
    expect(page.locator("#prompt")).to_have_value(f"@{USERNAME} ко")
    page.locator("#prompt").press_sequentially("т")
    page.wait_for_timeout(LONG_PRESS_MS)
    query = box.updates("inline_query")[-1]
    assert query["query"] == "кот"
    results = [
        {"type": "sticker", "id": str(number), "sticker_file_id": cat["file_id"]}
        for number, cat in enumerate(cats)
    ]
    button = {"text": "Нарисовать «кот»", "start_parameter": "draw"}
    box.call("answerInlineQuery", inline_query_id=query["id"], results=results, button=button)
    expect(page.locator("#inline .start")).to_have_text("Нарисовать «кот»")
    page.locator("#inline .sticker").nth(1).click()
    expect(page.locator(".message.out.sticker-message .sender")).to_have_text(f"через @{USERNAME}")
    expect(page.locator("#inline")).to_be_hidden()
    assert page.input_value("#prompt") == ""
    sent = box.updates("message")[-1]
    assert sent["sticker"]["file_unique_id"] == cats[1]["file_unique_id"]
