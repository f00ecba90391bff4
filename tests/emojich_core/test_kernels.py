"""The kernels are built once, and nothing else is loaded; without a compiler there are none."""

import logging
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from emojich_core.inference import kernels

library = kernels.library.__wrapped__  # as a new process finds it


@pytest.fixture(autouse=True)
def empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    if not torch.cpu._is_vnni_supported() or torch.cpu._is_amx_tile_supported():
        pytest.skip("this CPU has no use for kernels")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))


def test_the_second_process_needs_no_compiler(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if library() is None:
        pytest.skip("this machine has no C compiler")
    [built] = (tmp_path / "emojich").iterdir()
    monkeypatch.setenv("PATH", "")
    assert library() is not None
    assert [built] == list((tmp_path / "emojich").iterdir())


def test_cpu_without_vnni_does_not_load_kernels_of_another_cpu(
    built: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert library() is not None
    monkeypatch.setattr(torch.cpu, "_is_vnni_supported", lambda: False)
    assert library() is None


def test_missing_compiler_leaves_no_kernels_and_is_logged(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("PATH", "")
    with caplog.at_level(logging.WARNING):
        assert library() is None
    assert "no C kernels" in caplog.text


def test_unwritable_cache_folder_leaves_no_kernels(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    assert library() is None


@pytest.fixture(scope="module")
def once_built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The library; to build it takes a second."""
    folder = tmp_path_factory.mktemp("built")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(folder))
        if library() is None:
            pytest.skip("this machine has no C compiler")
    [path] = (folder / "emojich").iterdir()
    return path


@pytest.fixture
def built(once_built: Path, tmp_path: Path) -> Path:
    """The library, where this test's own folder has it."""
    (tmp_path / "emojich").mkdir(mode=0o700)
    return Path(shutil.copy(once_built, tmp_path / "emojich"))


# In a process of its own, which ends when it loads a part of a library.
LOADS = """
import os, sys
from emojich_core.inference import kernels
for folder in sys.argv[1:]:
    print(folder, flush=True)
    os.environ["XDG_CACHE_HOME"] = folder
    assert kernels.library.__wrapped__() is not None
"""


def test_a_library_of_which_a_part_was_written_is_built_anew(
    once_built: Path, tmp_path: Path
) -> None:
    whole = once_built.read_bytes()
    parts = [tmp_path / str(size) / "emojich" / once_built.name for size in (0, 100, 5000, -1)]
    for part in parts:
        part.parent.mkdir(parents=True, mode=0o700)
        part.write_bytes(whole[: int(part.parts[-3])])
    folders = [str(part.parents[1]) for part in parts]
    ended = subprocess.run([sys.executable, "-c", LOADS, *folders], stdout=subprocess.PIPE)
    assert ended.returncode != -signal.SIGBUS, ended.stdout
    assert ended.returncode == 0
    assert [part.read_bytes() for part in parts] == [whole] * len(parts)


def test_library_writable_by_other_users_is_rebuilt_in_a_private_folder(built: Path) -> None:
    built.chmod(0o777)
    built.parent.chmod(0o777)
    inode = built.stat().st_ino
    assert library() is not None
    assert built.stat().st_ino != inode
    assert not (built.stat().st_mode | built.parent.stat().st_mode) & 0o022


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files away")
def test_library_of_another_user_is_not_loaded(
    built: Path, caplog: pytest.LogCaptureFixture
) -> None:
    os.chown(built, 65534, -1)
    assert library() is not None
    assert built.stat().st_uid == 0
    os.chown(built.parent, 65534, -1)
    assert library() is None
    assert "belongs to user 65534" in caplog.text


@pytest.mark.parametrize(
    "script",
    [
        "echo no such option >&2; exit 1",
        "exit 0",
        'while [ "$1" != -o ]; do shift; done; echo garbage > "$2"',
        'while [ "$1" != -o ]; do shift; done; echo | /usr/bin/cc -xc - -shared -o "$2"',
    ],
    ids=["fails", "writes nothing", "writes garbage", "forgets the functions"],
)
def test_broken_compiler_counts_as_missing(
    script: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    compiler = tmp_path / "bin/cc"
    compiler.parent.mkdir()
    compiler.write_text(f"#!/bin/sh\n{script}\n")
    compiler.chmod(0o755)
    monkeypatch.setenv("PATH", str(compiler.parent), prepend=os.pathsep)
    assert library() is None
    assert "no C kernels" in caplog.text
    assert ("no such option" in caplog.text) == script.startswith("echo")
    compiler.unlink()  # repaired, if there is another
    assert (library() is None) == (shutil.which("cc") is None)


def test_relative_cache_folder_is_ignored(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CACHE_HOME", "cache")
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    if library() is not None:
        assert list((tmp_path / "home/.cache/emojich").iterdir())
    monkeypatch.setenv("HOME", "nowhere")  # as "~" stays "~" for a user without a home
    assert library() is None
    assert not {"cache", "nowhere"} & {each.name for each in tmp_path.iterdir()}
