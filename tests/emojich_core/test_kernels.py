"""The kernels are built once; without a compiler there are none."""

import logging
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


def test_without_a_compiler_there_are_none_and_the_operator_reads_why(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("PATH", "")
    with caplog.at_level(logging.WARNING):
        assert library() is None
    assert "no C kernels" in caplog.text


def test_without_a_folder_to_write_to_there_are_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    assert library() is None
