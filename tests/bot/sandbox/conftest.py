"""A real sandbox over real HTTP, with python-telegram-bot as the bot and aiohttp as the user."""

import asyncio
import inspect
import io
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from aiohttp import ClientSession, web
from PIL import Image
from telegram import Bot

from bot.sandbox.actions import DEFAULT_USER
from bot.sandbox.sandbox import Sandbox
from bot.sandbox.server import build_app

TOKEN = "42:TEST-token_1"
USERNAME = "emojich_sandbox_bot"


def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> bool | None:
    """Run a coroutine test in a loop of its own."""
    if not inspect.iscoroutinefunction(pyfuncitem.obj):
        return None
    names = inspect.signature(pyfuncitem.obj).parameters
    asyncio.run(pyfuncitem.obj(**{name: pyfuncitem.funcargs[name] for name in names}))
    return True


@dataclass
class Running:
    """A sandbox that accepts connections."""

    url: str
    bot: Bot
    http: ClientSession
    user: int = DEFAULT_USER
    token: str = TOKEN

    async def say(self, text: str = "/start", **more: Any) -> dict[str, Any]:
        """The user writes to the bot."""
        return await self.post("/sandbox/message", text=text, **more)

    async def tap(self, message_id: int, data: str, **more: Any) -> dict[str, Any]:
        """The user presses an inline button."""
        return await self.post("/sandbox/tap", message_id=message_id, data=data, **more)

    async def fault(self, method: str, error_code: int, **more: Any) -> None:
        """The next call of the method fails."""
        await self.post("/sandbox/fault", method=method, error_code=error_code, **more)

    async def post(self, path: str, **body: Any) -> dict[str, Any]:
        """The answer to a POST of JSON."""
        async with self.http.post(self.url + path, json=body) as response:
            assert response.status == 200, await response.text()
            answer: dict[str, Any] = await response.json()
            return answer

    async def refused(self, path: str, **body: Any) -> str:
        """Why a POST of JSON is refused."""
        async with self.http.post(self.url + path, json=body) as response:
            assert response.status == 400, await response.text()
            return str((await response.json())["description"])

    async def get(self, path: str) -> Any:
        """The JSON at a path."""
        async with self.http.get(self.url + path) as response:
            assert response.status == 200, await response.text()
            return await response.json()

    async def call(self, method: str, **parameters: Any) -> dict[str, Any]:
        """A Bot API call without a client library: the whole answer, good or bad."""
        async with self.http.post(f"{self.url}/bot{TOKEN}/{method}", json=parameters) as response:
            answer: dict[str, Any] = await response.json()
            assert response.status == (200 if answer["ok"] else answer["error_code"])
            return answer


Launch = Callable[..., AbstractAsyncContextManager[Running]]


@pytest.fixture
def launch(tmp_path: Path) -> Launch:
    """Start a sandbox; again with the same folder, and it is a restart."""

    @asynccontextmanager
    async def start(token: str | None = None) -> AsyncIterator[Running]:
        runner = web.AppRunner(build_app(Sandbox(tmp_path, USERNAME), token), access_log=None)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        url = f"http://127.0.0.1:{runner.addresses[0][1]}"
        bot = Bot(TOKEN, base_url=f"{url}/bot", base_file_url=f"{url}/file/bot")
        async with AsyncExitStack() as stack:
            stack.push_async_callback(runner.cleanup)
            http = await stack.enter_async_context(ClientSession())
            yield Running(url, await stack.enter_async_context(bot), http)

    return start


@pytest.fixture(scope="session")
def picture() -> Callable[..., bytes]:
    """Make an image file: of any size and format, and of a colour that tells it from others."""

    def draw(size: tuple[int, int] = (512, 512), kind: str = "WEBP", colour: int = 0) -> bytes:
        buffer = io.BytesIO()
        lossless = {"lossless": True} if kind == "WEBP" else {}
        Image.new("RGB", size, (colour, 90, 90)).save(buffer, kind, **lossless)
        return buffer.getvalue()

    return draw
