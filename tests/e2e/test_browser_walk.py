"""A phone in a real browser: pick, rename, custom emoji, inline mode, delete, a group."""

from io import BytesIO

import pytest
from PIL import Image
from playwright.sync_api import Locator, Page, expect

from tests.e2e.conftest import DRAWN_WITHIN, SCREENSHOTS

pytestmark = pytest.mark.slow


class Phone:
    """The chat page, and how people use it."""

    def __init__(self, page: Page):
        self.page = page

    def say(self, text: str) -> None:
        """Write to the chat."""
        self.page.fill("#prompt", text)
        self.page.click("#send")

    @property
    def newest(self) -> Locator:
        """The bot's newest message."""
        return self.page.locator(".message.in").last

    def button(self, label: str) -> Locator:
        """A button of that message."""
        return self.newest.locator(".keyboard button", has_text=label)

    def tap(self, label: str) -> None:
        """Press it."""
        self.button(label).click()

    def sees(self, text: str) -> None:
        """Wait until that message says it."""
        expect(self.newest).to_contain_text(text)

    def draw(self, prompt: str) -> None:
        """Wait for what is drawn."""
        self.say(prompt)
        expect(self.newest).to_contain_text("Готово", timeout=DRAWN_WITHIN)

    def settings(self, count: str) -> None:
        """Set the number of candidates."""
        self.say("/settings")
        self.sees("обводка")
        self.tap(count)
        expect(self.button(f"● {count}")).to_be_visible()

    def packs(self) -> None:
        """Ask for the packs."""
        self.say("/packs")
        self.sees("Ваши наборы")

    def answer(self, question: str, text: str) -> None:
        """Answer what the bot asks."""
        about = self.page.locator("#about:visible")  # hidden, it still holds the last question
        expect(about).to_contain_text(question)
        self.say(text)

    def width_of_a_sticker_in_the_panel(self) -> int:
        """Look at the packs in the panel, too, which on a wide page stands beside the chat."""
        phone = self.page.viewport_size
        self.page.set_viewport_size({"width": 960, "height": 1000})
        self.page.click("#toggle-packs")
        sticker = self.page.locator("#packs .pack .sticker img").first
        expect(sticker).to_be_visible()
        expect(sticker).to_have_js_property("complete", True)
        expect(self.newest).to_be_visible()
        self.page.click("#toggle-packs")
        self.page.set_viewport_size(phone)
        return int(sticker.evaluate("image => image.naturalWidth"))

    def shoot(self, name: str) -> None:
        """Keep how it looks, if that is wanted: it takes until nothing floats above the chat."""
        if SCREENSHOTS is None:
            return
        expect(self.page.locator("#toast")).to_be_hidden(timeout=15_000)
        self.page.locator("#scroll").evaluate("chat => chat.scrollTo(0, chat.scrollHeight)")
        taken = Image.open(BytesIO(self.page.screenshot())).convert("RGB")
        # 256 colours: a quarter of the bytes, and small coloured details pale a little.
        taken.quantize(256).save(SCREENSHOTS / f"{name}.png", optimize=True)


@pytest.fixture
def anna(phone: Page, address: str) -> Phone:
    phone.goto(f"{address}/?user_id=1002")
    return Phone(phone)


def test_user_visits_packs_emoji_inline_and_a_group(anna: Phone) -> None:
    page = anna.page
    anna.draw("кот")
    anna.tap("1")
    expect(anna.button("✓ 1")).to_be_visible()
    anna.shoot("drawn")
    assert anna.width_of_a_sticker_in_the_panel() == 512
    anna.settings("1")  # of the next ones there is nothing to choose

    anna.packs()
    anna.tap("Emojich · ")
    anna.tap("Название")
    anna.answer("Как назвать набор", "Мои звери")
    anna.sees("Теперь набор называется «Мои звери»")
    anna.draw("собака")
    anna.tap("1")
    expect(anna.button("✓ 1")).to_be_visible()

    anna.packs()
    anna.tap("Новый набор эмодзи")
    anna.answer("Как назвать", "Погода")
    anna.sees("«Погода»")
    anna.draw("солнце")
    anna.tap("1")
    expect(anna.button("✓ 1")).to_be_visible()
    anna.packs()
    anna.tap("Погода")
    anna.sees("Telegram Premium")
    anna.shoot("emoji")

    anna.tap("Назад")
    anna.sees("Ваши наборы")
    anna.tap("Мои звери")
    anna.tap("Складывать сюда")
    anna.sees("● Мои звери")
    anna.tap("Мои звери")
    anna.sees("Чтобы изменить стикер")
    anna.shoot("pack")

    page.locator("#prompt").press_sequentially("@emojich_sandbox_bot коты")
    expect(page.locator("#inline .sticker")).to_be_visible()
    anna.shoot("inline")
    page.click("#inline .sticker")
    expect(page.locator(".message.out.sticker-message .sender")).to_be_visible()
    anna.sees("Что сделать с этим стикером")

    anna.settings("4")
    anna.shoot("settings")

    anna.packs()
    anna.tap("Мои звери")
    anna.tap("Удалить")
    anna.tap("Да, удалить")
    anna.sees("Ваши наборы")
    expect(anna.newest).not_to_contain_text("Мои звери")

    page.click("#open-chats")
    page.click("#chats >> text=Новая группа")
    expect(page.locator("#title")).to_have_text("Друзья")
    anna.draw("/sticker клубника")
    anna.tap("1")
    expect(anna.button("✓ 1")).to_be_visible()
    anna.shoot("group")
