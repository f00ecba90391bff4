"""A Hugging Face Hub on loopback, for huggingface_hub, with errors that tests can request."""

import contextlib
import hashlib
import re
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

COMMIT = "0123456789abcdef0123456789abcdef01234567"


class Hub:
    """Serves `folder`/REPOSITORY/FILE as /ORGANISATION/REPOSITORY/resolve/REVISION/FILE.

    Like the real hub, it serves small files itself (here `bpe.model`), and redirects requests for
    others to a storage on another host, which must not see the token.
    """

    def __init__(self, folder: Path):
        self.folder = folder
        self.requests: list[tuple[str, str, str | None]] = []  # method, REPOSITORY/FILE, Range
        self.tokens: set[str | None] = set()  # tokens in requests for files
        self.storage_tokens: set[str | None] = set()
        self.corrupt: set[str] = set()  # files that are sent with a changed byte
        self.short: set[str] = set()  # files that end too early
        self.pages: set[str] = set()  # files that are answered by a web page
        self.busy: dict[str, list[tuple[str, int]]] = {}  # by file: method and status, each once
        self.ranges = True  # whether the hub sends parts of files
        self.etag: Callable[[bytes], str] = git_id  # of small files
        self.stall: str | None = None  # the file that stops half-way until `released`
        self.stalled = threading.Event()  # set when that file has stopped
        self.released = threading.Event()
        handler = type("Handler", (_Handler,), {"hub": self})
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server.server_port}"

    def gets(self, file: str) -> list[str | None]:
        """The Range of every GET of a file."""
        return [r for method, path, r in self.requests if (method, path) == ("GET", file)]

    def close(self) -> None:
        self.released.set()
        self.server.shutdown()
        self.server.server_close()


class _Handler(BaseHTTPRequestHandler):
    hub: Hub
    protocol_version = "HTTP/1.1"

    def do_HEAD(self) -> None:
        self.answer()

    def do_GET(self) -> None:
        self.answer()

    def answer(self) -> None:
        token = self.headers.get("Authorization")
        if match := re.fullmatch(r"/storage/([^/]+)/(.+)", self.path):
            self.hub.storage_tokens.add(token)
            self.content(match[1], match[2])
            return
        match = re.fullmatch(r"/[^/]+/([^/]+)/resolve/([^/]+)/(.+)", self.path)
        if match is None or not (self.hub.folder / match[1] / match[3]).is_file():
            self.head(404, {"X-Error-Code": "EntryNotFound", "Content-Length": "0"})
            return
        self.hub.tokens.add(token)
        busy = self.hub.busy.get(match[3], [])
        if busy and busy[0][0] == self.command:
            self.head(busy.pop(0)[1], {"Content-Length": "0"})
            return
        if match[3] == "bpe.model":
            self.content(match[1], match[3])
            return
        data = (self.hub.folder / match[1] / match[3]).read_bytes()
        port = self.hub.server.server_port
        headers = {
            "Location": f"http://localhost:{port}/storage/{match[1]}/{match[3]}",
            "X-Linked-ETag": f'"{hashlib.sha256(data).hexdigest()}"',
            "X-Linked-Size": str(len(data)),
            "X-Repo-Commit": COMMIT,
            "Content-Length": "0",
        }
        self.head(302, headers)

    def content(self, repository: str, name: str) -> None:
        """A file, from where the client asks for it."""
        data = (self.hub.folder / repository / name).read_bytes()
        wanted = self.headers.get("Range") if self.hub.ranges else None
        self.hub.requests.append((self.command, f"{repository}/{name}", wanted))
        body = self.damaged(name, data)
        start = int(wanted.removeprefix("bytes=").partition("-")[0]) if wanted else 0
        headers = {
            "Content-Length": str(len(body) - start),
            "ETag": f'"{self.hub.etag(data)}"',
            "X-Repo-Commit": COMMIT,
        }
        if start:
            headers["Content-Range"] = f"bytes {start}-{len(body) - 1}/{len(body)}"
        self.head(206 if start else 200, headers)
        if self.command == "GET":
            self.send(name, body[start:])

    def head(self, status: int, headers: dict[str, str]) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()

    def damaged(self, name: str, data: bytes) -> bytes:
        if name in self.hub.pages:
            return b"<!doctype html><title>Sign in to the hotel's network</title>"
        if name in self.hub.short:
            return data[: len(data) // 2]
        if name in self.hub.corrupt:
            return data[:-1] + bytes([data[-1] ^ 1])
        return data

    def send(self, name: str, body: bytes) -> None:
        if name == self.hub.stall and not self.hub.released.is_set():
            self.wfile.write(body[: len(body) // 2])
            self.hub.stalled.set()
            self.hub.released.wait()
            with contextlib.suppress(ConnectionError):  # a test may have killed the client
                self.wfile.write(body[len(body) // 2 :])
            return
        self.wfile.write(body)

    def log_message(self, *arguments: object) -> None:
        pass


def git_id(data: bytes) -> str:
    return hashlib.sha1(b"blob %d\0" % len(data) + data).hexdigest()
