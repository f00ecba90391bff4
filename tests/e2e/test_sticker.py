"""From a Russian prompt to stickers in the pack, over HTTP alone."""

import os
import signal
import time
from base64 import b64encode
from collections.abc import Callable
from io import BytesIO
from typing import Any

import httpx
import numpy as np
import pytest
from PIL import Image, ImageDraw

from tests.e2e.conftest import SCREENSHOTS, Running
from tests.worker.harness import find, wait_until

pytestmark = pytest.mark.slow

STILL = 120  # seconds that a chat may stay unchanged, on a busy machine


class Person:
    """Someone with the chat page open."""

    def __init__(self, running: Running, user_id: int):
        self.token = running.token
        self.http = httpx.Client(base_url=running.address, timeout=30)
        self.user_id = user_id

    def say(self, text: str = "", **content: str) -> int:
        """Send a message; returns its id."""
        body = {"text": text, "user_id": self.user_id, **content}
        answer = self.http.post("/sandbox/message", json=body)
        return int(answer.raise_for_status().json()["message_id"])

    def tap(self, message: dict[str, Any], label: str) -> None:
        """Press the button with this label, whatever emoji stand behind it."""
        [data] = [b["callback_data"] for b in buttons(message) if b["text"].split()[0] == label]
        body = {"message_id": message["message_id"], "data": data, "user_id": self.user_id}
        self.http.post("/sandbox/tap", json=body).raise_for_status()

    def answers(self, to: int) -> list[dict[str, Any]]:
        """The bot's messages after this one."""
        chat = self.http.get("/sandbox/chat", params={"user_id": self.user_id}).json()
        return [m for m in chat if m["message_id"] > to and m["from"]["is_bot"]]

    def wait(self, look: Callable[[], Any], seconds: float = STILL) -> Any:
        """The result of `look` once it is true; fails if the chat does not change."""
        before, deadline = [], time.monotonic() + seconds
        while not (found := look()):
            if before != (before := self.answers(0)):
                deadline = time.monotonic() + seconds
            assert time.monotonic() < deadline, f"no change in {seconds} s: {before}"
            time.sleep(0.05)
        return found

    def call(self, method: str, **parameters: Any) -> Any:
        """A Bot API call, as the bot would make it."""
        answer = self.http.post(f"/bot{self.token}/{method}", json=parameters).json()
        assert answer["ok"], answer
        return answer["result"]

    def packs(self) -> list[dict[str, Any]]:
        """The person's sticker sets."""
        return self.http.get("/sandbox/packs", params={"user_id": self.user_id}).json()


def buttons(message: dict[str, Any]) -> list[dict[str, Any]]:
    """The buttons under a message."""
    return [b for row in message.get("reply_markup", {}).get("inline_keyboard", []) for b in row]


def preview(person: Person, prompt: int) -> dict[str, Any] | None:
    """The bot's answer once it offers the candidates; a sketch offers only to stop."""
    found = [m for m in person.answers(prompt) if "photo" in m and len(buttons(m)) > 1]
    return found[0] if found else None


def test_three_users_at_once_get_stickers(running: Running) -> None:
    """They see how it goes on, and one of them keeps two of the candidates."""
    people = [Person(running, 6000 + i) for i in range(3)]  # more images than slots
    prompts = ("кот и пицца", "ракета", "красное сердце")  # no two of the first are alike
    said = [person.say(text) for person, text in zip(people, prompts, strict=True)]
    person, prompt = people[0], said[0]
    seen: set[str] = set()

    def look() -> dict[str, Any] | None:
        for each, prompt_id in zip(people, said, strict=True):
            seen.update(m.get("text", "") for m in each.answers(prompt_id))
        return preview(person, prompt)

    message = person.wait(look)
    assert any("%" in text for text in seen), f"no progress among {seen}"

    for label in ("1", "2"):
        person.tap(preview(person, prompt) or message, label)
        done = f"✓ {label}"
        person.wait(lambda done=done: done in [b["text"] for b in buttons(preview(person, prompt))])

    [pack] = person.packs()
    stickers = person.call("getStickerSet", name=pack["name"])["stickers"]
    assert len(stickers) == 2
    for sticker in stickers:
        path = person.call("getFile", file_id=sticker["file_id"])["file_path"]
        data = person.http.get(f"/file/bot{person.token}/{path}").raise_for_status().content
        check_sticker(data)

    for person, prompt in zip(people, said, strict=True):
        person.wait(lambda person=person, prompt=prompt: preview(person, prompt))
        assert len(person.answers(prompt)) == 1, "one message a prompt"


def check_sticker(data: bytes) -> None:
    """WebP of 512×512 with transparent corners around an opaque subject."""
    assert len(data) <= 512 * 1024
    image = Image.open(BytesIO(data))
    assert (image.format, image.size, image.mode) == ("WEBP", (512, 512), "RGBA")
    alpha = np.asarray(image)[..., 3]
    assert [alpha[y, x] for y in (0, -1) for x in (0, -1)] == [0, 0, 0, 0]
    share = (alpha > 250).mean()
    assert 0.05 < share < 0.95, f"{share:.0%} of the sticker is opaque"


def test_upper_half_of_a_photo_stays_and_the_rest_is_drawn(running: Running) -> None:
    person = Person(running, 6100)
    photo = Image.new("RGB", (900, 600), "white")
    ImageDraw.Draw(photo).ellipse((200, 50, 700, 550), fill="#f5a623")
    file = BytesIO()
    photo.save(file, "JPEG")
    said = person.say(file=b64encode(file.getvalue()).decode(), caption="кот в шляпе")
    message = person.wait(lambda: preview(person, said))
    assert message["caption"].startswith("«кот в шляпе», сверху половина картинки")
    person.tap(message, "1")
    [pack] = person.wait(person.packs)
    [sticker] = person.call("getStickerSet", name=pack["name"])["stickers"]
    path = person.call("getFile", file_id=sticker["file_id"])["file_path"]
    data = person.http.get(f"/file/bot{person.token}/{path}").raise_for_status().content
    if SCREENSHOTS:
        (SCREENSHOTS / "photo-sticker.webp").write_bytes(data)
    drawn = Image.open(BytesIO(data)).convert("RGBA")
    page = Image.new("RGBA", drawn.size, "white")
    page.alpha_composite(drawn)
    square = Image.new("RGB", (900, 900), "white")
    square.paste(photo, (0, 150))
    sent, got = (
        np.asarray(image.convert("RGB").resize((64, 64)), np.float32) / 255
        for image in (square, page)
    )
    apart = np.abs(sent - got).mean(axis=(1, 2))  # row by row
    assert apart[:30].mean() < 0.05
    assert apart[34:].mean() > 2 * apart[:30].mean()  # where it is not the photo


@pytest.mark.parametrize("text", ["cat in space", "🚀🚀", "к" * 3000])
def test_prompt_that_cannot_be_drawn_is_answered_with_a_text(running: Running, text: str) -> None:
    person = Person(running, 7001)
    prompt = person.say(text)
    [answer] = person.wait(lambda: person.answers(prompt), seconds=20)
    assert answer["text"]
    assert "photo" not in answer


def test_killed_bot_is_replaced(running: Running) -> None:
    """The last of all: it is a while until the new one answers."""
    bot = find(running.pid, "-m bot")
    assert bot
    os.kill(bot, signal.SIGKILL)
    wait_until(lambda: find(running.pid, "-m bot") not in (None, bot))
