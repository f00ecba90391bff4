"""A hub on loopback: what huggingface_hub needs to fetch files, and ways to go wrong."""

import hashlib
import re
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

COMMIT = "0123456789abcdef0123456789abcdef01234567"


class Hub:
    """Serves `folder`/REPOSITORY/FILE as /ORGANISATION/REPOSITORY/resolve/REVISION/FILE."""

    def __init__(self, folder: Path):
        self.folder = folder
        self.requests: list[tuple[str, str, str | None]] = []  # method, path, Range
        self.tokens: set[str | None] = set()
        self.corrupt: set[str] = set()  # files that arrive with a byte changed
        self.short: set[str] = set()  # files that end too early
        self.stall: str | None = None  # the file that stops half-way
        self.stalled = threading.Event()  # it has
        self.released = threading.Event()
        handler = type("Handler", (_Handler,), {"hub": self})
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server.server_port}"

    def gets(self, file: str) -> list[str | None]:
        """The Range of every GET of a file."""
        return [r for method, path, r in self.requests if method == "GET" and path.endswith(file)]

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
        hub, wanted = self.hub, self.headers.get("Range")
        hub.requests.append((self.command, self.path, wanted))
        hub.tokens.add(self.headers.get("Authorization"))
        match = re.fullmatch(r"/[^/]+/([^/]+)/resolve/([^/]+)/(.+)", self.path)
        file = hub.folder / match[1] / match[3] if match else hub.folder / "nothing"
        if match is None or match[2] not in ("main", COMMIT) or not file.is_file():
            self.send_response(404)
            self.send_header("X-Error-Code", "EntryNotFound")
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        data = file.read_bytes()
        body = self.damaged(match[3], data)
        start = int(wanted.removeprefix("bytes=").partition("-")[0]) if wanted else 0
        self.send_response(206 if start else 200)
        if start:
            self.send_header("Content-Range", f"bytes {start}-{len(body) - 1}/{len(body)}")
        length = len(data) if self.command == "HEAD" else len(body) - start
        self.send_header("Content-Length", str(length))
        self.send_header("ETag", f'"{etag(data, match[3])}"')
        self.send_header("X-Repo-Commit", COMMIT)
        self.send_header("Accept-Ranges", "bytes")
        self.end_headers()
        if self.command == "GET":
            self.send(match[3], body[start:])

    def damaged(self, name: str, data: bytes) -> bytes:
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
            self.close_connection = True
            return
        self.wfile.write(body)

    def log_message(self, *arguments: object) -> None:
        pass


def etag(data: bytes, name: str) -> str:
    """SHA-256 of what git-lfs would keep, git's own id of the rest."""
    if name == "bpe.model":
        return hashlib.sha1(b"blob %d\0" % len(data) + data).hexdigest()
    return hashlib.sha256(data).hexdigest()
