"""REDIS_URL with TLS, Sentinels, and passwords in files."""

import asyncio
import os
import shutil
import signal
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import redis
from redis.asyncio.retry import Retry
from redis.backoff import ExponentialBackoff

from bot.config import Config
from emojich_core.errors import SetupError
from tests.bot.harness import wait_for
from tests.redis_servers import Server, behind_tls, free_port, make_certificates
from worker.queue.address import Address
from worker.queue.connection import connect
from worker.queue.environment import MAX_SECRET, secret
from worker.queue.valkey import redis_url

NAME = "TELEGRAM_BOT_TOKEN"
TOKEN = "42:test-token"


@pytest.fixture(autouse=True)
def clean(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("REDIS_URL", "REDIS_PASSWORD", "REDIS_PASSWORD_FILE", "REDIS_CA_FILE"):
        monkeypatch.delenv(name, raising=False)


# --- Secrets --------------------------------------------------------------------------------------


@pytest.mark.parametrize("text", [TOKEN, f"{TOKEN}\n", f"\n {TOKEN}\r\n"])
def test_secret_is_read_from_a_file_without_the_line_ends(tmp_path: Path, text: str) -> None:
    file = tmp_path / "token"
    file.write_text(text, "utf-8-sig", newline="")  # with Windows' mark, too
    assert secret({f"{NAME}_FILE": str(file)}, NAME) == TOKEN
    file.write_text(text, newline="")
    assert secret({f"{NAME}_FILE": str(file)}, NAME) == TOKEN
    assert Config.from_environment({f"{NAME}_FILE": str(file), NAME: " "}).token == TOKEN
    assert secret({NAME: TOKEN, f"{NAME}_FILE": ""}, NAME) == TOKEN


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (None, "cannot be read (No such file or directory)"),
        (b"", "is empty"),
        (b" \n", "is empty"),
        (b"x" * (MAX_SECRET + 1), f"has more than {MAX_SECRET} bytes"),
        (f"{TOKEN}\nhush".encode(), "holds more than one line"),
        (b"\xff\xfe", "is not UTF-8"),
        (f"{TOKEN}\0".encode(), "or signs that cannot be seen"),
    ],
)
def test_unusable_secret_file_is_one_sentence(
    tmp_path: Path, content: bytes | None, said: str
) -> None:
    file = tmp_path / "token"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(SetupError) as error:
        Config.from_environment({f"{NAME}_FILE": str(file)})
    message = str(error.value)
    assert message.startswith(f"{NAME}_FILE: ")
    assert said in message
    assert "hush" not in message
    assert message.count("\n") == 0


def test_folder_in_place_of_a_secret_file_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(SetupError, match=r"cannot be read \(Is a directory\)"):
        secret({f"{NAME}_FILE": str(tmp_path)}, NAME)


def test_secret_in_a_variable_and_a_file_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "token"
    file.write_text(TOKEN)
    with pytest.raises(SetupError, match=f"^{NAME} and {NAME}_FILE are both set: unset one"):
        secret({NAME: TOKEN, f"{NAME}_FILE": str(file)}, NAME)


def test_password_comes_from_a_file_unless_the_url_has_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = Server(tmp_path / "server", password="p@ss:w/rd")
    file = tmp_path / "password"
    file.write_text("p@ss:w/rd\n")
    url = f"redis://127.0.0.1:{server.port}"
    try:
        with pytest.raises(SetupError, match=r"rejects the password.*REDIS_PASSWORD_FILE"):
            connect(url)
        monkeypatch.setenv("REDIS_PASSWORD_FILE", str(file))
        connect(url).close()
        assert asyncio.run(ping(url))
        with pytest.raises(SetupError, match="rejects the password"):
            connect(f"redis://:wrong@127.0.0.1:{server.port}")
        file.write_text("wrong")
        connect(f"redis://:p%40ss%3Aw%2Frd@127.0.0.1:{server.port}").close()
    finally:
        server.stop()


def test_password_is_not_sent_to_the_embedded_server(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REDIS_PASSWORD", "abc")
    with redis_url(tmp_path) as url:
        connect(url).close()


async def ping(url: str) -> bool:
    async with redis.asyncio.Redis.from_pool(Address.read(url).async_pool(timeout=5)) as client:
        return bool(await client.ping())  # type: ignore[misc]


# --- TLS ------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Path:
    if not shutil.which("openssl"):
        pytest.skip("openssl makes the certificates")
    return make_certificates(tmp_path_factory.mktemp("tls") / "certificates")


@pytest.fixture
def secure_port(tmp_path: Path, certificates: Path) -> Iterator[int]:
    with (
        redis_url(tmp_path / "data") as url,
        behind_tls(urlsplit(url).path, certificates) as port,
    ):
        yield port


def test_server_behind_tls_is_trusted_by_its_authority(
    secure_port: int, certificates: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = f"rediss://127.0.0.1:{secure_port}/0"
    said = r"^Redis at rediss://127.0.0.1:\d+ shows a certificate that .* trust \(.*certificate\):"
    with pytest.raises(SetupError, match=f"{said} name that of its authority in REDIS_CA_FILE"):
        connect(url)
    monkeypatch.setenv("REDIS_CA_FILE", str(certificates / "ca.crt"))
    with connect(url) as connection:
        connection.set("emojich:x", "1")
        assert connection.get("emojich:x") == b"1"
    assert asyncio.run(ping(url))
    with pytest.raises(SetupError, match=r"not valid for 'localhost'.*a host in REDIS_URL"):
        connect(f"rediss://localhost:{secure_port}")


def test_server_with_tls_and_client_without_are_told_apart(
    secure_port: int, tmp_path: Path
) -> None:
    with pytest.raises(
        SetupError, match=r"correct REDIS_URL \(rediss:// if it takes TLS only\)\.$"
    ):
        connect(f"redis://127.0.0.1:{secure_port}")
    plain = Server(tmp_path / "plain")
    try:
        with pytest.raises(
            SetupError, match=r"correct REDIS_URL \(redis:// if it takes no TLS\)\.$"
        ):
            connect(
                f"rediss://127.0.0.1:{plain.port}?socket_connect_timeout=0.5&socket_timeout=0.5"
            )
    finally:
        plain.stop()
    with pytest.raises(SetupError, match=r"start it, or correct REDIS_URL\.$"):
        connect(f"redis://127.0.0.1:{free_port()}")


def test_authority_that_cannot_be_read_is_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REDIS_CA_FILE", "/nowhere/ca.crt")
    with pytest.raises(SetupError, match=r"^REDIS_CA_FILE: /nowhere/ca.crt cannot be read"):
        connect("rediss://127.0.0.1:1")


@pytest.mark.parametrize("content", [b"", b"\xff\x00", b"-----BEGIN CERTIFICATE-----\nAAAA\n"])
def test_authority_without_a_certificate_is_one_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: bytes
) -> None:
    file = tmp_path / "ca.crt"
    file.write_bytes(content)
    monkeypatch.setenv("REDIS_CA_FILE", str(file))
    with pytest.raises(SetupError, match=r"^REDIS_CA_FILE: .*ca.crt holds no certificate: name"):
        connect("rediss://127.0.0.1:1")


# --- Servers that take no keys --------------------------------------------------------------------


def has_failed_to_save(server: Server) -> bool:
    return bool(server.client.info()["rdb_last_bgsave_status"] == "err")


def test_server_that_takes_no_keys_says_what_helps(tmp_path: Path) -> None:
    refused = {
        "raise its maxmemory": ("maxmemory 1",),
        "connect to its primary": (f"replicaof 127.0.0.1 {free_port()}",),
        "make room on its disk": ("save 1 1",),
        "let this user run all commands on all keys": ("user default on nopass ~* +@read +ping",),
    }
    for number, (cure, settings) in enumerate(refused.items()):
        server = Server(tmp_path / str(number), *settings)
        try:
            if cure.endswith("disk"):
                server.client.set("x", "")
                shutil.rmtree(tmp_path / str(number))  # its working folder
                server.client.bgsave()
                wait_for(partial(has_failed_to_save, server))
            with pytest.raises(SetupError, match=rf"takes nothing \(.*\): {cure}, or correct"):
                connect(f"redis://127.0.0.1:{server.port}")
        finally:
            server.stop(kill=True)  # it will not end without room to save


# --- Sentinels ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("redis+sentinel://:hush@a,b:1/m/2", "redis+sentinel://a:26379,b:1/m"),
        ("rediss+sentinel://u:hush@a:5/m?sentinel_password=hush", "rediss+sentinel://a:5/m"),
        ("redis+sentinel://[::1]:7,b/m", "redis+sentinel://::1:7,b:26379/m"),
        ("redis://:hush@a/0", "redis://a:6379"),
        ("rediss://:hush@a:1?db=3", "rediss://a:1"),
        ("unix://:hush@/run/redis.sock", "unix:///run/redis.sock"),
    ],
)
def test_address_is_shown_without_its_password(url: str, shown: str) -> None:
    assert str(Address.read(url, {})) == shown


@pytest.mark.parametrize(
    "url",
    ["redis+sentinel://a:1", "redis+sentinel:///m", "redis+sentinel://a:x/m", "sentinel://a/m"],
)
def test_malformed_address_of_sentinels_is_one_sentence(url: str) -> None:
    with pytest.raises(SetupError, match=r"^REDIS_URL is not a Redis address"):
        connect(url)


def test_options_of_an_address_reach_the_server_and_its_sentinels(certificates: Path) -> None:
    authority = str(certificates / "ca.crt")
    address = Address.read(
        "rediss+sentinel://u:p%40w@a:5/m/2?sentinel_password=s&ssl_cert_reqs=none",
        {"REDIS_CA_FILE": authority, "REDIS_PASSWORD": "unused"},
    )
    pool = address.client().connection_pool
    options = pool.connection_kwargs
    wanted = {"username": "u", "password": "p@w", "db": 2, "ssl_ca_certs": authority}
    assert wanted.items() <= options.items()
    assert issubclass(pool.connection_class, redis.SSLConnection)
    [sentinel] = pool.sentinel_manager.sentinels
    own = sentinel.connection_pool.connection_kwargs
    assert {"host": "a", "port": 5, "password": "s", "ssl_cert_reqs": "none"}.items() <= own.items()


def test_no_sentinel_is_one_sentence_without_a_password() -> None:
    url = f"redis+sentinel://:hush@127.0.0.1:{free_port()}/m?sentinel_password=hush"
    with pytest.raises(SetupError) as error:
        connect(url)
    assert "does not answer (no Sentinel answers and knows a master 'm')" in str(error.value)
    assert "hush" not in str(error.value)


def test_refusal_of_a_sentinel_is_named(tmp_path: Path, secure_port: int) -> None:
    sentinel = Server(tmp_path / "sentinel", sentinel=True, password="hush")
    try:
        with pytest.raises(SetupError, match=r"^A Sentinel of .* append \?sentinel_password=…"):
            connect(f"redis+sentinel://127.0.0.1:{sentinel.port}/m")
    finally:
        sentinel.stop()
    with pytest.raises(SetupError, match=r"does not trust .* in REDIS_CA_FILE"):
        connect(f"rediss+sentinel://127.0.0.1:{secure_port}/m")


def test_connections_follow_a_failover(tmp_path: Path) -> None:
    """A thread and a task have connections to a master that is killed; the first Sentinel too."""
    master = Server(tmp_path / "a", "repl-diskless-sync-delay 0")
    replica = Server(tmp_path / "b", f"replicaof 127.0.0.1 {master.port}")
    wait_for(lambda: replica.client.info("replication")["master_link_status"] == "up")
    sentinel = Server(
        tmp_path / "c",
        f"sentinel monitor m 127.0.0.1 {master.port} 1",
        "sentinel down-after-milliseconds m 500",
        "sentinel failover-timeout m 5000",
        sentinel=True,
    )
    url = f"redis+sentinel://127.0.0.1:{free_port()},127.0.0.1:{sentinel.port}/m/0"
    try:
        wait_for(lambda: sentinel.client.sentinel_slaves("m"))
        with connect(url) as client:
            asyncio.run(survive(url, client, master))
        assert replica.client.mget("thread", "task") == [b"2", b"2"]
    finally:
        for server in (sentinel, replica, master):
            server.stop()


async def survive(url: str, client: redis.Redis, master: Server) -> None:
    retry = Retry(ExponentialBackoff(cap=2, base=0.1), 10)
    pool = Address.read(url).async_pool(retry=retry, max_connections=2, timeout=None)
    async with redis.asyncio.Redis.from_pool(pool) as other:
        client.set("thread", 1)
        await other.set("task", 1)
        client.wait(1, 1000)
        os.kill(master.process.pid, signal.SIGKILL)
        await asyncio.gather(asyncio.to_thread(client.incr, "thread"), other.incr("task"))
