"""The embedded Valkey or REDIS_URL, and the errors when neither answers."""

import socket
import subprocess
import sys
from pathlib import Path

import pytest
import redis

from emojich_core.errors import SetupError
from tests.worker.harness import ROOT, is_alive, wait_until
from worker.queue.connection import connect
from worker.queue.valkey import redis_url


@pytest.fixture(autouse=True)
def _no_redis_url(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("REDIS_URL", raising=False)


def test_redis_url_replaces_the_embedded_valkey(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("REDIS_URL", "redis://elsewhere")
    with redis_url(tmp_path) as url:
        assert url == "redis://elsewhere"
    assert not list(tmp_path.iterdir())


def test_data_survives_a_restart_of_valkey(tmp_path: Path) -> None:
    with redis_url(tmp_path) as url:
        connect(url).set("key", "value")
    with pytest.raises(SetupError):
        connect(url)
    with redis_url(tmp_path) as url:
        assert connect(url).get("key") == b"value"


def test_valkey_listens_on_a_private_socket_only(tmp_path: Path) -> None:
    with redis_url(tmp_path) as url:
        config = connect(url).config_get("port", "unixsocket")
        assert config["port"] == "0"
        assert Path(str(config["unixsocket"])).parent.stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("folder", ["deep/" * 40, "with a space", "a=b"])
def test_valkey_works_in_a_folder_of_any_name(tmp_path: Path, folder: str) -> None:
    with redis_url(tmp_path / folder) as url:
        assert connect(url).client_info()
        assert (tmp_path / folder / "valkey" / "appendonlydir").is_dir()


def test_second_process_shares_the_valkey(tmp_path: Path) -> None:
    with redis_url(tmp_path) as url:
        with redis_url(tmp_path) as same:
            assert same == url
        connect(url).ping()


def test_valkey_ends_with_the_process_that_started_it(tmp_path: Path) -> None:
    code = (
        "import sys, pathlib\n"
        "from worker.queue.connection import connect\n"
        "from worker.queue.valkey import redis_url\n"
        "with redis_url(pathlib.Path(sys.argv[1])) as url:\n"
        "    connect(url).set('key', 'value'); print(url, flush=True); input()"
    )
    command = [sys.executable, "-c", code, str(tmp_path)]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, cwd=ROOT, stdin=pipe, stdout=pipe, text=True) as starter:
        assert starter.stdout
        url = starter.stdout.readline().strip()
        orphan = connect(url).info("server")["process_id"]
        starter.kill()
    with redis_url(tmp_path) as same:
        assert same == url
        assert connect(same).get("key") == b"value"
        assert connect(same).info("server")["process_id"] != orphan
    wait_until(lambda: not is_alive(orphan))


@pytest.mark.parametrize("name", ["lock", "valkey.log"])
def test_unwritable_file_is_one_sentence(tmp_path: Path, name: str) -> None:
    (tmp_path / "valkey" / name).mkdir(parents=True)
    (tmp_path / "valkey").chmod(0o700)
    with pytest.raises(SetupError, match=f"{name} cannot be written"), redis_url(tmp_path):
        pass


def test_impossible_folder_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(SetupError, match="EMOJICH_DATA"), redis_url(tmp_path / "file"):
        pass


def test_folder_open_to_other_users_is_refused(tmp_path: Path) -> None:
    (tmp_path / "valkey").mkdir()
    (tmp_path / "valkey").chmod(0o755)
    with pytest.raises(SetupError, match="chmod 700"), redis_url(tmp_path):
        pass


@pytest.mark.parametrize(
    ("url", "names"),
    [
        ("redis://:secret@localhost:1/0", "redis://localhost:1 "),
        ("unix:///nowhere/valkey.sock", "unix:///nowhere/valkey.sock "),
        ("redis://:sec/ret@localhost:6379", "REDIS_URL"),
        ("localhost:6379", "REDIS_URL"),
        ("redis://:secret@localhost:1/0?nonsense=1", "REDIS_URL"),
    ],
)
def test_unreachable_redis_is_one_line_without_the_password(url: str, names: str) -> None:
    with pytest.raises(SetupError) as error:
        connect(url)
    message = str(error.value)
    assert names in message
    assert "sec" not in message
    assert "\n" not in message


@pytest.mark.parametrize("user", ["", ":wrong@"])
def test_wrong_password_is_one_line_without_the_password(tmp_path: Path, user: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with redis_url(tmp_path) as url, connect(url) as connection:
        connection.config_set("requirepass", "secret")
        connection.config_set("port", port)
        with pytest.raises(SetupError, match="password") as error:
            connect(f"redis://{user}127.0.0.1:{port}")
    message = str(error.value)
    assert f"redis://127.0.0.1:{port} " in message
    assert "wrong" not in message


def test_log_says_that_the_queue_is_in_the_embedded_server(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    with redis_url(tmp_path):
        pass
    assert [record.getMessage() for record in caplog.records] == [
        f"REDIS_URL is not set: the queue is in the embedded Valkey of {tmp_path}"
    ]


def test_redis_that_refuses_writes_is_one_sentence(tmp_path: Path) -> None:
    with redis_url(tmp_path) as url, connect(url) as connection:
        connection.config_set("maxmemory", 1)
        with pytest.raises(SetupError, match="takes nothing"):
            connect(url)


def test_connection_survives_a_restart_of_redis(tmp_path: Path) -> None:
    with redis_url(tmp_path) as url:
        connection = connect(url)
        connection.set("key", "value")
    with redis_url(tmp_path):
        assert connection.get("key") == b"value"
        assert isinstance(connection, redis.Redis)
