"""``python -m bot.sandbox``: run the sandbox until SIGINT or SIGTERM.

Prints its address on a line of its own as soon as it accepts connections.
"""

import argparse
import asyncio
import fcntl
import os
import signal
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from aiohttp import web

from bot.sandbox.flood import Flood
from bot.sandbox.sandbox import Sandbox
from bot.sandbox.server import build_app

PORTS_TO_TRY = 50
MAX_PORT = 65535
TOKEN = "EMOJICH_SANDBOX_TOKEN"  # the variable in which run.py tells it, for `ps` shows arguments


def main() -> None:
    """Parse the command line and run."""
    parser = argparse.ArgumentParser(prog="python -m bot.sandbox", description=__doc__)
    parser.add_argument("--port", type=_port, default=8081, help="taken: the next free one is used")
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on")
    parser.add_argument("--data", type=Path, default=Path(".data/sandbox"), help="folder to keep")
    parser.add_argument("--username", default="emojich_sandbox_bot", help="the bot's username")
    parser.add_argument(
        "--token",
        default=os.environ.get(TOKEN),
        help=f"the only bot token to accept, or {TOKEN}; any by default",
    )
    parser.add_argument("--limits", action="store_true", help="429 beyond Telegram's limits")
    arguments = parser.parse_args()
    with _alone(arguments.data):
        sandbox = Sandbox(arguments.data, arguments.username)
        sandbox.flood = Flood() if arguments.limits else None
        listener = _listen(arguments.host, arguments.port)
        asyncio.run(
            _serve(web.AppRunner(build_app(sandbox, arguments.token), access_log=None), listener)
        )


async def _serve(runner: web.AppRunner, listener: socket.socket) -> None:
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    await runner.setup()
    await web.SockSite(runner, listener).start()
    host, port = listener.getsockname()[:2]
    with suppress(OSError):  # the program that has started this one reads no more
        print(f"http://{'127.0.0.1' if host == '0.0.0.0' else host}:{port}", flush=True)
    await stop.wait()
    await runner.cleanup()


def _listen(host: str, port: int) -> socket.socket:
    """A socket on ``port`` or, if that is taken, on the next free one."""
    last = min(port + PORTS_TO_TRY - 1, MAX_PORT)
    for candidate in range(port, last + 1):
        try:
            return socket.create_server((host, candidate))
        except OSError:
            continue
        except UnicodeError:
            raise SystemExit("emojich: --host is no address: name one of this machine.") from None
    raise SystemExit(f"emojich: No free port from {port} to {last} on {host[:100]}.")


def _port(text: str) -> int:
    if not (text.isascii() and text.isdecimal() and len(text) <= 5 and int(text) <= MAX_PORT):
        raise argparse.ArgumentTypeError(f"must be a whole number, 0 to {MAX_PORT}")
    return int(text)


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Two sandboxes on one folder would overwrite each other's state: only one may run."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock = (folder / ".lock").open("w")
    except OSError as error:
        raise SystemExit(
            f"emojich: --data {str(folder)[:100]} cannot be written ({error.strerror}): "
            "make it yours, or choose another folder."
        ) from None
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise SystemExit(f"emojich: A sandbox is already running on {folder}.") from None
        yield


if __name__ == "__main__":
    main()
