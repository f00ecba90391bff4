"""The chat page in a real browser: type, wait, tap, and see the sticker in the pack."""

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.e2e.conftest import DRAWN_WITHIN

pytestmark = pytest.mark.slow


@pytest.fixture
def page(browser: Browser, address: str) -> Page:
    page = browser.new_page(viewport={"width": 960, "height": 1000}, locale="ru-RU")
    page.goto(address)
    return page


def test_a_prompt_becomes_a_sticker_in_the_pack(page: Page) -> None:
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.fill("#prompt", "ракета")
    page.click("#send")
    first = page.locator(".message .keyboard button", has_text="1").first
    expect(first).to_be_visible(timeout=DRAWN_WITHIN)
    first.click()
    added = page.locator(".message .keyboard button", has_text="✓ 1")
    expect(added).to_be_visible(timeout=30_000)

    if not page.locator("#packs").is_visible():
        page.click("#toggle-packs")
    sticker = page.locator("#packs .pack .sticker img").first
    expect(sticker).to_be_visible()
    assert sticker.evaluate("image => image.complete && image.naturalWidth") == 512
    assert errors == []


def test_the_page_fits_a_phone(page: Page) -> None:
    page.set_viewport_size({"width": 375, "height": 700})
    expect(page.locator("#prompt")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= 375
