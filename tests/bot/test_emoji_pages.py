"""Every page and answer about a pack of custom emoji says emoji, in both languages."""

from typing import Any

import pytest

from bot.requests.limits import MAX_EMOJI
from bot.texts import Texts, texts
from tests.bot.conftest import NewUser
from tests.bot.harness import Sandbox, User, Worker, buttons_of, text_of, wait_for

pytestmark = pytest.mark.usefixtures("bot")

OTHER_KIND = {"ru": "стикер", "en": "sticker"}
KIND = "custom_emoji"


class Walker:
    """Goes from page to page, and listens."""

    def __init__(self, user: User, language: str):
        self.user = user
        self.words: Texts = texts(language)
        self._other = OTHER_KIND[language]

    def sees(self, phrase: str) -> dict[str, Any]:
        """Wait for a page: neither its text nor its buttons are about stickers."""
        message = self.user.sees(phrase)
        for said in (text_of(message), *(button["text"] for button in buttons_of(message))):
            assert self._other not in said.lower()
        return message

    def hears(self, answer: str, text_id: str, **values: str | int) -> None:
        """It is this answer, and not about stickers."""
        assert answer == self.words(text_id, kind=KIND, **values)
        assert self._other not in answer.lower()

    def tells(self, text_id: str, **values: str | int) -> dict[str, Any]:
        """Wait for one of the bot's texts."""
        return self.sees(self.words(text_id, kind=KIND, **values))

    def button(self, text_id: str) -> str:
        """The label of a button."""
        return self.words(text_id, kind=KIND)

    def draw(self, worker: Worker) -> dict[str, Any]:
        self.user.say("кот")
        worker.finish(worker.take(), 3)
        return wait_for(lambda: [m for m in self.user.messages() if "photo" in m])[-1]

    def begin(self) -> None:
        """A pack that takes what is chosen from now on."""
        self.user.say("/packs")
        wait_for(self.user.messages)
        self.user.press(self.button("new-emoji-pack"))
        question = self.tells("ask-title-emoji", allowed=MAX_EMOJI)
        assert "Premium" in text_of(question)
        self.user.reply(question["message_id"], "Faces")
        self.tells("pack-begun", title="Faces")

    def open(self) -> dict[str, Any]:
        """The page of the pack."""
        self.user.say("/packs")
        self.user.press("Faces", self.tells("packs-list"))
        return self.tells("packs-hint")

    def ask(self, text_id: str, label: str) -> int:
        """A question; the id of its message."""
        assert self.user.press(self.button(label)) == ""
        return int(self.tells(text_id)["message_id"])


@pytest.fixture(params=["ru", "en"])
def walker(request: pytest.FixtureRequest, new_user: NewUser) -> Walker:
    return Walker(new_user(request.param), request.param)


def test_user_manages_one_custom_emoji_on_pack_pages(
    walker: Walker, worker: Worker, sandbox: Sandbox
) -> None:
    user = walker.user
    walker.begin()
    shown = walker.draw(worker)
    for number in (0, 1):
        answer = user.press_button(shown, number)
        link = f"https://t.me/addemoji/{user.packs()[0]['name']}"
        if number == 0:  # the pack is new
            answer = answer.removesuffix(f" {walker.words('added-to-new')}")
        walker.hears(answer, "added", number=number + 1, link=link)
    walker.hears(user.press_button(shown, 0), "already-added", number=1, link=link)
    page = walker.open()
    user.press("2", page)
    one = walker.tells("sticker-menu")
    walker.hears(user.press(walker.button("sticker-replace"), one), "sticker-replace-how")
    walker.hears(user.press_button(shown, 2), "sticker-replaced", number=3, link=link)
    walker.hears(user.press(walker.button("sticker-delete"), one), "sticker-gone")
    user.press("2", walker.tells("packs-hint"))
    sandbox.fault("setStickerPositionInSet", 400)
    one = walker.tells("sticker-menu")
    walker.hears(user.press(walker.button("sticker-first"), one), "not-changed")
    walker.hears(user.press(walker.button("sticker-first"), one), "sticker-is-first")
    walker.tells("packs-hint")
    user.press("1")
    walker.hears(
        user.press(walker.button("sticker-delete"), walker.tells("sticker-menu")), "sticker-deleted"
    )
    walker.tells("packs-hint")


def test_user_changes_the_emoji_of_a_custom_emoji(
    walker: Walker, worker: Worker, sandbox: Sandbox
) -> None:
    user = walker.user
    walker.begin()
    user.press_button(walker.draw(worker), 0)
    page = walker.open()
    user.press("1", page)
    walker.tells("sticker-menu")
    question = walker.ask("ask-emoji", "sticker-emoji")
    user.reply(question, "огонь")
    walker.tells("bad-emoji")
    sandbox.fault("setStickerEmojiList", 400)
    user.reply(question, "🔥")
    walker.tells("not-relabelled")
    user.say("/packs")
    user.press("Faces", walker.tells("packs-list"))
    user.press("1", walker.tells("packs-hint"))
    walker.tells("sticker-menu")
    user.reply(walker.ask("ask-emoji", "sticker-emoji"), "🔥🎉")
    walker.tells("relabelled-one", emoji="🔥 🎉")


def test_user_renames_and_deletes_an_emoji_pack(walker: Walker, worker: Worker) -> None:
    user = walker.user
    walker.begin()
    user.press_button(walker.draw(worker), 0)
    page = walker.open()
    user.reply(walker.ask("ask-title", "retitle"), "Masks")
    walker.tells("retitled", title="Masks")
    user.press(walker.button("delete-pack"), page)
    sure = wait_for(lambda: [m for m in user.messages() if "Masks»" in text_of(m)])[0]
    walker.hears(user.press(walker.button("yes-delete"), sure), "pack-deleted")
    walker.hears(user.press("1", page), "pack-gone")


def test_empty_emoji_pack_has_a_page_and_can_be_deleted(walker: Walker) -> None:
    user = walker.user
    walker.begin()
    user.say("/packs")
    page = walker.tells("packs-list")
    user.press("Faces", page)
    walker.tells("packs-premium", allowed=MAX_EMOJI)
    user.press(walker.button("delete-pack"))
    walker.tells("delete-pack-sure", title="Faces", count=0)


def test_user_cannot_manage_a_custom_emoji_of_another_user(
    walker: Walker, worker: Worker, new_user: NewUser
) -> None:
    other = Walker(new_user(), "ru")
    other.begin()
    other.user.press_button(other.draw(worker), 0)
    walker.user.say(sticker_file_id=other.user.packs()[0]["stickers"][0]["file_id"])
    walker.tells("foreign-sticker")
