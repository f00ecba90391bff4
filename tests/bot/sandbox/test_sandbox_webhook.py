"""A webhook gets updates in order, with its secret, until the bot accepts them."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest
from aiohttp import web
from telegram.error import BadRequest, Conflict

from bot.sandbox import webhook

from .conftest import Launch


@dataclass
class Listener:
    """A bot's side of a webhook."""

    url: str = ""
    status: int = 200
    calls: asyncio.Queue[tuple[str | None, dict[str, Any]]] = field(default_factory=asyncio.Queue)

    async def take(self, request: web.Request) -> web.Response:
        """Answer a call."""
        secret = request.headers.get("X-Telegram-Bot-Api-Secret-Token")
        self.calls.put_nowait((secret, await request.json()))
        return web.Response(status=self.status)

    async def heard(self) -> tuple[str | None, str]:
        """The secret and the text of the next call."""
        secret, update = await asyncio.wait_for(self.calls.get(), 5)
        return secret, update["message"]["text"]


@asynccontextmanager
async def listen() -> AsyncIterator[Listener]:
    """A listener on a free port."""
    listener = Listener()
    app = web.Application()
    app.router.add_post("/hook", listener.take)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    listener.url = f"http://127.0.0.1:{runner.addresses[0][1]}/hook"
    yield listener
    await runner.cleanup()


async def test_webhook_gets_updates_with_the_secret(launch: Launch) -> None:
    async with listen() as listener:
        async with launch() as box:
            await box.say("раньше")
            await box.bot.set_webhook(listener.url, secret_token="s3cret_-")
            await box.say("кот")
            assert [await listener.heard() for _ in range(2)] == [
                ("s3cret_-", "раньше"),
                ("s3cret_-", "кот"),
            ]
            info = await box.bot.get_webhook_info()
            assert (info.url, info.pending_update_count) == (listener.url, 0)
            with pytest.raises(Conflict, match="can't use getUpdates method while webhook"):
                await box.bot.get_updates()
        async with launch() as box:
            await box.say("после перезапуска")
            assert await listener.heard() == ("s3cret_-", "после перезапуска")
            await box.bot.delete_webhook()
            await box.say("пёс")
            (update,) = await box.bot.get_updates()
            assert update.message
            assert update.message.text == "пёс"
            assert listener.calls.empty()


@pytest.mark.parametrize(("status", "reason"), [(500, "Internal Server Error"), (302, "Found")])
async def test_update_the_webhook_refused_is_sent_again(
    launch: Launch, monkeypatch: pytest.MonkeyPatch, status: int, reason: str
) -> None:
    monkeypatch.setattr(webhook, "FIRST_PAUSE", 0.05)
    async with listen() as listener, launch() as box:
        listener.status = status
        await box.bot.set_webhook(listener.url)
        await box.say("кот")
        await box.say("пёс")
        assert [await listener.heard() for _ in range(2)] == [(None, "кот")] * 2
        info = await box.bot.get_webhook_info()
        assert info.pending_update_count == 2
        assert info.last_error_message == f"Wrong response from the webhook: {status} {reason}"
        listener.status = 200
        while (await listener.heard())[1] != "пёс":
            pass


async def test_setting_a_webhook_ends_a_long_poll(launch: Launch) -> None:
    async with listen() as listener, launch() as box:
        poll = asyncio.create_task(box.bot.get_updates(timeout=5))
        await asyncio.sleep(0.1)
        await box.call("setWebhook", url=listener.url)
        with pytest.raises(Conflict, match="terminated by setWebhook"):
            await poll


@pytest.mark.parametrize(
    ("url", "secret", "error"),
    [
        ("ftp://127.0.0.1/", "", "Invalid webhook url specified"),
        ("http://", "", "Invalid webhook url specified"),
        ("https://example.com/", "", "Bad webhook"),
        ("http://127.0.0.1/", "кот", "Secret token contains unallowed characters"),
        ("http://127.0.0.1/", "x" * 257, "Secret token is too long"),
    ],
)
async def test_invalid_webhook_is_refused(
    launch: Launch, url: str, secret: str, error: str
) -> None:
    async with launch() as box:
        with pytest.raises(BadRequest, match=f"(?i){error}"):
            await box.bot.set_webhook(url, secret_token=secret)
        assert (await box.bot.get_webhook_info()).url == ""
