"""Any value of a variable or option is read, or refused in one sentence that names the fix."""

import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from bot.config import Config
from bot.requests.limits import Blocklist
from emojich_core.bundles.published import published
from emojich_core.errors import BundleError, SetupError
from emojich_core.model_options import find_bundle, known_bundles
from tests.emojich_core.commands import command
from worker.config import Settings, read_engine_configs
from worker.queue.address import Address
from worker.queue.connection import connect
from worker.queue.environment import data_folder
from worker.queue.logs import start_logging
from worker.queue.metrics_server import read_address
from worker.queue.valkey import redis_url

ROOT = Path(__file__).parents[1]
TOKEN = "42:test-token"
VALUES = [
    "9" * 5000,
    "-" + "9" * 5000,
    "0." + "9" * 5000,
    "x" * 5000,
    "/" + "x/" * 2500,
    "я" * 5000,
    "nul\0byte",
    "line\nbreak",
    "tab\tand\x1b[31mcolour",
    "-1",
    "1e5",
    "nan",
    "-inf",
    "١٢",
    "½",
    "   ",
    "\udcff\udcfe",
    "http://",
    "http://user:s3cret@[::1/bot",
    "https://user:s3cret@host:99999999/bot",
    "https://user:s3cret@" + "a" * 5000 + "/bot",
    "https://user:s3cret@a b/bot",
    "https://user:s3cret@-/line\nbreak/bot",
    "redis://:s3cret@host:99999/0",
    "redis://:s3cret@" + "a" * 5000,
    "redis://:s3cret@127.0.0.1:1/" + "9" * 5000,
    "redis://:s3cret@127.0.0.1:1/0?socket_timeout=1e999",
    "redis://:s3cret@127.0.0.1:1/0?retry=x",
    "redis://:s3cret@127.0.0.1:1/0?decode_responses=1",
    "unix:///" + "x" * 5000,
]


def bot(name: str, text: str) -> None:
    config = Config.from_environment({"TELEGRAM_BOT_TOKEN": TOKEN, name: text})
    if config.blocked_words:
        Blocklist.read(config.blocked_words)


def token_file(name: str, text: str) -> None:
    if text.strip():
        Config.from_environment({name: text})


def worker(name: str, text: str) -> None:
    Settings.from_environment({name: text})
    read_engine_configs({name: text}, lambda: 0)
    if name in ("EMOJICH_MODEL", "EMOJICH_DEVICE"):
        read_engine_configs({name: f"{text},{text}x"}, lambda: 0)


def folder(name: str, text: str) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("os.environ", {name: text})
        patch.setattr(
            "worker.queue.valkey._start", lambda *arguments: pytest.skip("it can be made")
        )
        with redis_url(data_folder()):
            pass


def server(name: str, text: str) -> None:
    connect(text)


def secret_of_redis(name: str, text: str) -> None:
    Address.read("rediss://127.0.0.1:1", {name: text})


def models(name: str, text: str) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("os.environ", {name: text})
        known_bundles()
        find_bundle("mini")


def copies(name: str, text: str) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("os.environ", {name: text})
        published("emojich")


def metrics(name: str, text: str) -> None:
    read_address({name: text}, name)


def log(name: str, text: str) -> None:
    start_logging({name: text})


READERS: dict[str, Callable[[str, str], None]] = {
    "TELEGRAM_BOT_TOKEN": bot,
    "TELEGRAM_BOT_TOKEN_FILE": token_file,
    "TELEGRAM_API_URL": bot,
    "WEBHOOK_URL": bot,
    "WEBHOOK_PORT": bot,
    "EMOJICH_ADMINS": bot,
    "EMOJICH_ALLOWED_USERS": bot,
    "EMOJICH_BLOCKED_WORDS": bot,
    "EMOJICH_BOT_METRICS": bot,
    "EMOJICH_MAX_ACTIVE": bot,
    "EMOJICH_MAX_PER_MINUTE": bot,
    "EMOJICH_MAX_PER_DAY": bot,
    "EMOJICH_MAX_QUEUE": bot,
    "EMOJICH_MODEL": worker,
    "EMOJICH_DEVICE": worker,
    "EMOJICH_PRECISION": worker,
    "EMOJICH_SLOTS": worker,
    "EMOJICH_REQUESTS": worker,
    "EMOJICH_BEST_OF": worker,
    "EMOJICH_WORKER_METRICS": metrics,
    "EMOJICH_LOG": log,
    "EMOJICH_DATA": folder,
    "REDIS_URL": server,
    "REDIS_PASSWORD": secret_of_redis,
    "REDIS_PASSWORD_FILE": secret_of_redis,
    "REDIS_CA_FILE": secret_of_redis,
    "EMOJICH_MODELS": models,
    "EMOJICH_REPOS": copies,
}


def test_every_variable_of_the_documentation_is_tested_here() -> None:
    text = (ROOT / "docs/configuration.md").read_text().partition("## Docker Compose")[0]
    rows = [line.split("|")[1] for line in text.splitlines() if line.startswith("| `")]
    assert set(re.findall(r"`([A-Z_]+)`", "".join(rows))) - {"HF_TOKEN"} == READERS.keys()


SECRET = ("TELEGRAM_BOT_TOKEN", "TELEGRAM_API_URL", "WEBHOOK_URL", "REDIS_URL")


def check_sentence(message: str) -> None:
    """One line, short, that ends as a sentence does."""
    assert message.isprintable()
    assert len(message) < 500
    assert message.endswith(".")


@pytest.mark.parametrize("text", VALUES, ids=lambda text: ascii(text)[:40])
@pytest.mark.parametrize("name", READERS)
def test_any_value_of_a_variable_is_read_or_refused_in_one_sentence(
    name: str, text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    try:
        READERS[name](name, text)
    except (SetupError, BundleError) as error:
        message = str(error)
    else:
        return
    check_sentence(message)
    assert name in message
    assert name not in SECRET or "s3cret" not in message


NUMBERS = [name for name in READERS if "_MAX_" in name] + [
    "WEBHOOK_PORT",
    "EMOJICH_SLOTS",
    "EMOJICH_REQUESTS",
    "EMOJICH_BEST_OF",
]


@pytest.mark.parametrize("text", ["9" * 5000, "0" * 5000 + "1", "-1", "nan", "inf", "1e2", "١٢"])
@pytest.mark.parametrize("name", [*NUMBERS, "EMOJICH_ADMINS", "EMOJICH_ALLOWED_USERS"])
def test_variable_that_is_no_number_is_refused(name: str, text: str) -> None:
    with pytest.raises(SetupError, match=name):
        READERS[name](name, text)


OPTIONS = [
    "generate --count",
    "generate --seed",
    "generate --best-of",
    "generate --top-k",
    "generate --top-p",
    "generate --temperature",
    "generate --device",
    "generate --model",
    "generate --out",
    "generate --prompts",
    "generate",
    "generate кот --frobnicate",
    "evaluate --names",
    "evaluate --seed",
    "evaluate --data",
    "evaluate --page",
    "evaluate --model",
    "data --seed",
    "data --data",
    "finetune --steps",
    "finetune --batch-size",
    "finetune --lr",
    "finetune --seed",
    "finetune --train",
    "finetune --plan --base",
    "finetune --out out --data",
    "finetune --data data --out",
    "weights pull",
    "weights import --from",
    "weights pull emojich --dtype",
    "weights pull emojich --vqgan",
    "weights verify",
    "",
]


@pytest.mark.parametrize("text", VALUES, ids=lambda text: ascii(text)[:40])
@pytest.mark.parametrize("option", OPTIONS)
def test_any_value_of_an_option_is_read_or_refused_in_one_sentence(
    option: str,
    text: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    drawn = ["кот"] if option.startswith("generate -") and "--prompts" not in option else []
    named = ["emojich"] if option == "weights import --from" else []
    run = command([*option.split(), text, *drawn, *named], monkeypatch)
    if "--model" not in option:
        monkeypatch.setenv("EMOJICH_MODEL", "nowhere")
    with pytest.raises(SystemExit) as stopped:
        run()
    if stopped.value.code == 2:
        usage, _, message = capsys.readouterr().err.rstrip("\n").rpartition("\n")
        assert "error: " in message
        assert message.isprintable()
        assert len(message) < 500
        assert usage.startswith("usage: ")
    elif isinstance(stopped.value.code, str):
        check_sentence(stopped.value.code)
    else:
        assert stopped.value.code == 0


COMMANDS = [
    (["-m", "bot"], {"TELEGRAM_BOT_TOKEN": TOKEN, "EMOJICH_MAX_QUEUE": "9" * 5000}),
    (["-m", "bot"], {"TELEGRAM_BOT_TOKEN": TOKEN, "EMOJICH_ADMINS": "9" * 5000}),
    (["-m", "bot"], {"TELEGRAM_BOT_TOKEN": "s3cret:" + "x" * 5000}),
    (["-m", "worker"], {"EMOJICH_MODEL": "x" * 5000}),
    (["-m", "worker"], {"REDIS_URL": "redis://:s3cret@127.0.0.1:1/0?socket_timeout=1e999"}),
    (["-m", "worker.jobs.health"], {"REDIS_URL": "redis://:s3cret@" + "a" * 5000}),
    (["-m", "bot.telegram.leader"], {"REDIS_URL": "s3cret"}),
    (["run.py"], {"EMOJICH_DATA": "x" * 5000}),
    (["-m", "emojich_core.cli.main"], {"EMOJICH_DEVICE": "9" * 5000}),
    (["-m", "bot.sandbox", "--port", "9" * 5000], {}),
    (["-m", "bot.sandbox", "--port", "-1"], {}),
    (["-m", "bot.sandbox", "--port", "65536"], {}),
    (["-m", "bot.sandbox", "--host", "x" * 5000], {}),
    (["-m", "bot.sandbox", "--data", "x" * 5000], {}),
]


@pytest.mark.parametrize(("command", "more"), COMMANDS, ids=lambda value: ascii(value)[:50])
def test_process_with_an_invalid_setting_prints_one_line(
    command: list[str], more: dict[str, str], tmp_path: Path
) -> None:
    env = {name: value for name, value in os.environ.items() if name not in READERS}
    env |= {"PYTHONPATH": str(ROOT)} | more
    if command[0] == "run.py":
        command = [str(ROOT / "run.py")]
    if command[-1] == "emojich_core.cli.main":
        command = ["-c", "from emojich_core.cli.main import main; main()", "generate", "кот"]
    done = subprocess.run(
        [sys.executable, *command],
        cwd=tmp_path,
        env=env,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode in (1, 2)
    assert done.stdout == ""
    lines = done.stderr.splitlines()
    assert len([line for line in lines if "emojich: " in line or "error: " in line]) == 1
    assert "Traceback" not in done.stderr
    assert "s3cret" not in done.stderr
    assert len(lines[-1]) < 500


@pytest.mark.parametrize("host", ["[::1]", "[2001:db8::1]:8443", "[::ffff:127.0.0.1]"])
def test_webhook_with_an_ipv6_address_is_refused(host: str) -> None:
    with pytest.raises(SetupError, match="WEBHOOK_URL has an IPv6 address"):
        bot("WEBHOOK_URL", f"https://{host}/updates")
