"""Files that users have sent are downloaded over real HTTP, and never more than 20 MB of one."""

import asyncio
import json
import threading
from collections.abc import Awaitable, Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from telegram import Bot
from telegram.error import NetworkError

from bot.pictures.downloads import FileGone, Files, TooLarge
from emojich_core.image_file import MAX_BYTES

TOKEN = "42:secret-token"
PART = b"x" * 2**16
Download = Callable[..., bytes]


class Telegram(BaseHTTPRequestHandler):
    """A Bot API whose file identifiers are the paths of its files."""

    sent = 0  # bytes of files

    def do_POST(self) -> None:
        """Answer getFile."""
        length = int(self.headers["Content-Length"])
        fields = dict(part.split("=") for part in self.rfile.read(length).decode().split("&"))
        path = fields.get("file_id", "").replace("%2F", "/")
        result: Any = {"file_id": "1", "file_unique_id": "1", "file_path": path}
        answer = {"ok": True, "result": result}
        if path == "refused":
            answer = {
                "ok": False,
                "error_code": 400,
                "description": "Bad Request: file is too big",
            }
        body = json.dumps(answer).encode()
        self.send_response(200 if answer["ok"] else 400)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self) -> None:
        """Send a file."""
        name = self.path.rpartition("/")[2]
        self.send_response({"small": 200, "endless": 200, "broken": 502}.get(name, 404))
        self.end_headers()
        parts = {"small": [b"a", b"b"], "endless": [PART] * 1000}.get(name, [])
        try:
            for part in parts:
                self.wfile.write(part)
                Telegram.sent += len(part)
        except ConnectionError:
            pass

    def log_message(self, *arguments: object) -> None:
        """Say nothing."""


@pytest.fixture
def download() -> Iterator[Download]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Telegram)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    address = f"http://127.0.0.1:{server.server_port}"

    async def fetch(file_id: str, size: int) -> bytes:
        bot = Bot(TOKEN, base_url=f"{address}/bot", base_file_url=f"{address}/file/bot")
        async with bot:
            return await Files(bot, trust_env=False).download(file_id, size)

    def run(file_id: str, size: int = 0) -> bytes:
        return asyncio.run(fetch(file_id, size))

    yield run
    server.shutdown()
    server.server_close()


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Calls that fail are not repeated, and nobody asks for the bot's name."""

    async def once(call: Callable[[], Awaitable[Any]]) -> Any:
        return await call()

    async def initialize(bot: Bot) -> None:
        await bot.request.initialize()

    monkeypatch.setattr("bot.pictures.downloads.with_retries", once)
    monkeypatch.setattr(Bot, "initialize", initialize)


def test_file_is_downloaded(download: Download) -> None:
    assert download("small") == b"ab"


@pytest.mark.parametrize(("file_id", "size"), [("small", MAX_BYTES + 1), ("refused", 0)])
def test_file_of_a_declared_size_over_the_limit_is_not_downloaded(
    download: Download, file_id: str, size: int
) -> None:
    Telegram.sent = 0
    with pytest.raises(TooLarge):
        download(file_id, size)
    assert Telegram.sent == 0


def test_download_of_a_file_larger_than_declared_stops_at_the_limit(download: Download) -> None:
    Telegram.sent = 0
    with pytest.raises(TooLarge):
        download("endless", 7)
    assert MAX_BYTES <= Telegram.sent < 2 * MAX_BYTES


def test_deleted_file_is_distinguished_from_an_outage(download: Download) -> None:
    with pytest.raises(FileGone):
        download("gone")
    with pytest.raises(NetworkError) as outage:
        download("broken")
    assert TOKEN not in repr(outage.value)
    assert outage.value.__cause__ is None


def test_file_of_a_local_bot_api_server_is_read(download: Download, tmp_path: Path) -> None:
    (tmp_path / "small").write_bytes(b"ab")
    (tmp_path / "large").write_bytes(bytes(MAX_BYTES + 1))
    assert download(str(tmp_path / "small")) == b"ab"
    with pytest.raises(TooLarge):
        download(str(tmp_path / "large"))
    with pytest.raises(FileGone):
        download(str(tmp_path / "none"))
