"""Proxies, locales and closed streams of the environment break nothing."""

import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from tests.bot.conftest import start_sandbox, start_server
from tests.bot.harness import BotProcess, Sandbox, environment_of

ROOT = Path(__file__).parents[1]
EMOJICH = Path(sys.executable).parent / "emojich"
NOWHERE = "http://user:s3cret@127.0.0.1:9"
server = pytest.fixture(scope="module")(start_server)
sandbox = pytest.fixture(scope="module")(start_sandbox)


@pytest.fixture
def environment(sandbox: Sandbox, server: str) -> dict[str, str]:
    return environment_of(sandbox, server)


PROXIES = [
    {"HTTP_PROXY": NOWHERE},
    {"http_proxy": NOWHERE, "https_proxy": NOWHERE, "NO_PROXY": ""},
    {"ALL_PROXY": NOWHERE, "no_proxy": "example.org"},
    {"ALL_PROXY": "socks5://127.0.0.1:9"},
    {"HTTP_PROXY": "nonsense://\x7f", "HTTPS_PROXY": "http://[::1"},
    {"NO_PROXY": "[::1,*.", "HTTPS_PROXY": NOWHERE},
]


@pytest.mark.parametrize("proxies", PROXIES, ids=str)
def test_bot_uses_no_proxy_for_localhost(
    environment: dict[str, str], proxies: dict[str, str]
) -> None:
    bot = BotProcess(**environment | proxies)
    try:
        bot.wait_until_ready()
    finally:
        log = bot.end(15)
    assert "Traceback" not in log


class Proxy(BaseHTTPRequestHandler):
    """Answers every request in place of the server it is for."""

    asked: list[str] = []  # noqa: RUF012

    def do_POST(self) -> None:
        self.asked.append(self.path)
        self.send_response(401)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        pass


@pytest.fixture
def proxy() -> Iterator[str]:
    """The address of an HTTP proxy."""
    with HTTPServer(("127.0.0.1", 0), Proxy) as httpd:
        threading.Thread(target=httpd.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{httpd.server_port}"
        httpd.shutdown()


def test_bot_reaches_another_server_through_the_proxy(
    environment: dict[str, str], proxy: str
) -> None:
    elsewhere = {"TELEGRAM_API_URL": "http://telegram.invalid/bot", "HTTP_PROXY": proxy}
    bot = BotProcess(**environment | elsewhere)
    assert "Telegram refuses TELEGRAM_BOT_TOKEN" in last_line(bot)
    assert Proxy.asked[0].startswith("http://telegram.invalid/bot")


def last_line(bot: BotProcess) -> str:
    """The one line with which a bot that cannot start ends."""
    _, errors = bot.output(60)
    assert bot.returncode == 1
    [line] = errors.splitlines()
    assert "s3cret" not in line
    return str(line)


@pytest.mark.parametrize(
    ("proxies", "words"),
    [
        ({"HTTP_PROXY": NOWHERE}, "the proxy in HTTPS_PROXY, HTTP_PROXY or ALL_PROXY"),
        ({"ALL_PROXY": "socks5://u:s3cret@127.0.0.1:9"}, "SOCKS"),
        ({"HTTP_PROXY": "ftp://u:s3cret@127.0.0.1:9"}, "cannot be used: correct HTTPS_PROXY"),
        ({"HTTP_PROXY": "http://u:s3cret@127.0.0.1:port"}, "cannot be used: correct HTTPS_PROXY"),
        ({"HTTP_PROXY": "http://u:s3cret@[::1"}, "cannot be used: correct HTTPS_PROXY"),
        ({"ALL_PROXY": "x" * 5000}, "proxy in HTTPS_PROXY"),
        ({"SSL_CERT_FILE": "/nowhere"}, "SSL_CERT_FILE"),
        ({"SSL_CERT_FILE": str(Path(__file__))}, "SSL_CERT_FILE"),
    ],
    ids=str,
)
def test_unusable_proxy_is_one_sentence(
    environment: dict[str, str], proxies: dict[str, str], words: str
) -> None:
    elsewhere = {"TELEGRAM_API_URL": "http://telegram.invalid/bot"}
    assert words in last_line(BotProcess(**environment | elsewhere | proxies))


PLACES = [
    {"LANG": "C", "LC_ALL": "C"},
    {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"},
    {"PYTHONIOENCODING": "ascii"},
    {"PYTHONIOENCODING": "ascii:strict", "LC_ALL": "C", "PYTHONUTF8": "0"},
    {"LC_ALL": "xx_YY.UTF-8", "LANGUAGE": "xx"},
    {"PYTHONIOENCODING": "latin-1"},
    {"TERM": "dumb", "TZ": "Nowhere/At_All", "HOME": "", "TMPDIR": "/nowhere"},
    {"COLUMNS": "0", "LINES": "x"},
]
QUICK = [["--help"], ["generate", "--help"], ["generate", "Katze"]]
LIST = ["weights", "list"]  # it imports torch, like `generate`
DRAW = ["generate", "кот", "--count", "1", "--seed", "1", "--json"]
COMMANDS = [
    *[(command, place) for command in QUICK for place in PLACES],
    *zip((LIST, DRAW), PLACES[1:4:2], strict=True),
]


@pytest.mark.parametrize(("command", "place"), COMMANDS, ids=str)
def test_command_line_works_in_any_locale(
    command: list[str], place: dict[str, str], tiny_bundle: Path, tmp_path: Path
) -> None:
    env = os.environ | {"EMOJICH_MODEL": str(tiny_bundle), "PYTHONPATH": str(ROOT)} | place
    done = subprocess.run(
        [EMOJICH, *command], cwd=tmp_path, env=env, capture_output=True, check=False
    )
    errors = done.stderr.decode(errors="replace")
    assert "Traceback" not in errors
    if command == ["generate", "Katze"]:
        assert errors == "emojich: The model reads Russian only.\n"
    else:
        assert done.returncode == 0, errors
        assert done.stdout


@pytest.mark.parametrize("stream", [">&-", "| true", ">/dev/full", ">&- 2>&-", "<&- >&-"])
@pytest.mark.parametrize("command", QUICK[:2], ids=str)
def test_closed_output_causes_no_traceback(command: list[str], stream: str, tmp_path: Path) -> None:
    words = " ".join([str(EMOJICH), *command, stream])
    env = os.environ | {"PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        ["sh", "-c", words], cwd=tmp_path, env=env, capture_output=True, text=True, check=False
    )
    assert "Traceback" not in done.stderr
    assert "Exception ignored" not in done.stderr
