"""`python -m worker.doctor` and `emojich doctor`: a line for each check, with the fix."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from emojich_core.inference import kernels
from tests.worker.harness import ROOT, Server
from worker import doctor
from worker.jobs import health


@pytest.fixture(autouse=True)
def environment(
    server: Server, tiny_bundle: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("TELEGRAM_BOT_TOKEN", "TELEGRAM_BOT_TOKEN_FILE", "EMOJICH_PRECISION"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("REDIS_URL", server.url)
    monkeypatch.setenv("EMOJICH_MODEL", str(tiny_bundle))
    monkeypatch.setenv("EMOJICH_MODELS", str(tmp_path / "models"))
    monkeypatch.setenv("EMOJICH_DEVICE", "cpu")


def examine(capsys: pytest.CaptureFixture[str], status: int) -> str:
    """The output of the doctor."""
    with pytest.raises(SystemExit) as ended:
        doctor.main()
    out, errors = capsys.readouterr()
    assert ended.value.code == status, out
    assert errors == ""
    return out


def test_working_installation_passes_every_check(
    capsys: pytest.CaptureFixture[str], tiny_bundle: Path, judged_bundle: Path, tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.setenv("TORCHINDUCTOR_CACHE_DIR", str(tmp_path))
    monkeypatch.setenv("EMOJICH_MODEL", f"{judged_bundle},mini")
    out = examine(capsys, 0)
    assert {line[0] for line in out.splitlines()} == {"✓"}
    for phrase in (
        "✓ Redis at unix://",
        "✓ This machine's clock is that of Redis.",
        f"✓ {tmp_path}/models can be written, and has ",
        f"✓ {tmp_path} can be written, and has ",
        "✓ Python 3.",
        f" in {judged_bundle} is whole; a judge ranks its images.",
        "✓ The model mini in ",
        "is whole; it has no judge.",
        "✓ The CPU draws.",
    ):
        assert phrase in out
    assert not (tmp_path / "models").exists()


def test_missing_and_damaged_bundle_are_named_and_others_checked(
    capsys: pytest.CaptureFixture[str], tiny_bundle: Path, tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    damaged = shutil.copytree(tiny_bundle, tmp_path / "damaged")
    with open(damaged / "vqgan.safetensors", "r+b") as file:
        file.seek(-4, os.SEEK_END)
        file.write(b"\x7f" * 4)
    text = (damaged / "bundle.json").read_text()
    (damaged / "bundle.json").write_text(text.replace('"tiny"', '"damaged"'))
    monkeypatch.setenv("EMOJICH_MODEL", f"nowhere,{damaged},{tiny_bundle}")
    out = examine(capsys, 1)
    assert "✗ There is no model bundle 'nowhere': name a folder with a bundle.json" in out
    assert f"✗ {damaged}/vqgan.safetensors is damaged (wrong check sum): restore the bundle." in out
    assert f"✓ The model tiny in {tiny_bundle} is whole" in out
    assert out.count("✗") == 2


@pytest.mark.parametrize(
    ("name", "value", "line"),
    [
        ("EMOJICH_MODEL", "nowhere", "✗ There is no model bundle 'nowhere'"),
        ("EMOJICH_DEVICE", "tpu", "✗ 'tpu' is no device: name cpu, cuda"),
        (
            "EMOJICH_DEVICE",
            "cuda:99,cpu",
            "✗ There is no 'cuda:99' here: leave --device or EMOJICH_DEV",
        ),
        ("EMOJICH_SLOTS", "many", "✗ EMOJICH_SLOTS is 'many': set a number from 1"),
        ("EMOJICH_LOG", "loud", "✗ EMOJICH_LOG must be json or text"),
        ("REDIS_URL", "redis://127.0.0.1:9", "✗ Redis at redis://127.0.0.1:9 does not answer"),
        ("TORCHINDUCTOR_CACHE_DIR", "/dev/null/x", "✗ /dev/null/x cannot be written (Not a direct"),
        ("EMOJICH_MODELS", "/dev/null/x", "✗ /dev/null/x cannot be written (Not a directory): mak"),
    ],
)
def test_failed_check_is_one_line(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch,
    name: str, value: str, line: str,
) -> None:  # fmt: skip
    monkeypatch.setenv(name, value)
    wrong = [found for found in examine(capsys, 1).splitlines() if found[0] == "✗"]
    assert [found[: len(line)] for found in wrong] == [line]


def test_full_disk_wrong_clock_and_old_package_are_reported(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(doctor, "LEAST_ROOM", 2**70)
    monkeypatch.setattr(health, "MAX_DIFFERENCE", -1)
    monkeypatch.setattr(doctor.metadata, "version", lambda name: "0.1")
    out = examine(capsys, 1)
    assert "MiB left: make room." in out
    assert "✗ This machine's clock and that of Redis differ by" in out
    assert "torch 0.1, not <3,>=2.6" in out


def test_missing_compiler_is_named(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not torch.cpu._is_vnni_supported():
        pytest.skip("this CPU has no int8")
    monkeypatch.setattr(kernels, "are_useful", lambda: True)  # also with AMX
    monkeypatch.setenv("EMOJICH_PRECISION", "int8")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setenv("PATH", "")
    assert "✗ The C kernels of int8 cannot be built" in (out := examine(capsys, 1))
    assert "install a C compiler" in out


@pytest.mark.slow
def test_emojich_doctor_prints_the_lines_of_bot_and_worker_once() -> None:
    ended = emojich_doctor(TELEGRAM_BOT_TOKEN="hush")
    assert (ended.stderr, ended.returncode) == ("", 1)
    lines = ended.stdout.splitlines()
    assert lines[0].startswith("✗ TELEGRAM_BOT")
    assert "✓ The CPU draws." in lines
    assert len(lines) == len(set(lines))
    assert "hush" not in ended.stdout


def test_emojich_doctor_exits_with_0_if_all_checks_pass() -> None:
    """Only the bot's part of it: the worker's takes seconds."""
    ended = emojich_doctor("from emojich_core.cli import doctor; doctor.PACKAGES = ('bot',)")
    assert (ended.stderr, ended.returncode) == ("", 0)
    assert ended.stdout.startswith("– not checked: TELEGRAM")


def emojich_doctor(first: str = "", **more: str) -> subprocess.CompletedProcess[str]:
    """Run `emojich doctor`, after some code."""
    code = f"{first}\nfrom emojich_core.cli import main; main()"
    return subprocess.run(
        [sys.executable, "-c", code, "doctor"],
        cwd=ROOT,
        env=os.environ | more,
        capture_output=True,
        text=True,
        check=False,
    )
