"""The checks of Redis in `emojich doctor`: versions, rights, replicas; and no Valkey is started."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.bot.harness import wait_for
from tests.redis_servers import Server
from worker.queue import doctor
from worker.queue.valkey import redis_url


def lines() -> list[str]:
    """The findings of the doctor about Redis."""
    groups: Iterator[doctor.Finding] = doctor.with_errors(doctor.check_redis())
    return [f"{finding.mark} {finding.sentence}" for finding in groups]


def test_embedded_valkey_is_asked_if_it_runs_and_not_started(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("REDIS_URL", raising=False)
    monkeypatch.setenv("EMOJICH_DATA", str(tmp_path))
    with redis_url(tmp_path):
        assert [line[0] for line in lines()] == ["✓"] * 3
    [line] = lines()
    assert line.startswith("– not checked: REDIS_URL is not set")


def test_old_version_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("REDIS_URL", raising=False)
    monkeypatch.setenv("EMOJICH_DATA", str(tmp_path))
    monkeypatch.setattr(doctor, "LEAST_VERSION", (99, 0))
    with redis_url(tmp_path):
        first = lines()[0]
    assert first.startswith("✗ Redis at unix://")
    assert first.endswith(": update it to 99.0 or newer.")


@pytest.mark.parametrize(
    "user",
    ["user default on nopass ~* +@all -eval", "user default on nopass ~emojich:* +@all"],
)
def test_user_without_rights_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, user: str
) -> None:
    server = Server(tmp_path / "redis", user)
    monkeypatch.setenv("REDIS_URL", f"redis://127.0.0.1:{server.port}")
    try:
        [line] = lines()
    finally:
        server.stop()
    assert line.startswith("✗ Redis at redis://127.0.0.1:")
    assert "let this user run all commands on all keys" in line


def test_replica_stands_in_for_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    server = Server(tmp_path / "redis")
    replica = Server(tmp_path / "replica", f"replicaof 127.0.0.1 {server.port}")
    monkeypatch.setenv("REDIS_URL", f"redis://127.0.0.1:{server.port}")
    try:
        wait_for(lambda: server.client.info()["connected_slaves"])
        assert "✓ Redis has no append-only file, but a replica." in lines()
    finally:
        replica.stop()
        server.stop()
