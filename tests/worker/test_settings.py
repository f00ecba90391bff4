"""Invalid variables of the worker are one line each, before anything starts."""

import os
import subprocess
import sys
import tempfile
from typing import get_args

import pytest

from emojich_core.errors import SetupError
from emojich_core.model_options import Precision
from tests.worker.harness import ROOT
from worker.config import REQUESTS, Settings
from worker.engines import engines

WRONG = [
    ("EMOJICH_MODEL", "nowhere", "name a folder with a bundle.json, or one of: "),
    ("EMOJICH_DEVICE", "gpu", "name cpu, cuda or cuda:1, here or in EMOJICH_DEVICE."),
    ("EMOJICH_DEVICE", "cuda:one", "name cpu, cuda or cuda:1, here or in EMOJICH_DEVICE."),
    ("EMOJICH_PRECISION", "half", "set one of float32, bfloat16, float16, int8"),
    ("EMOJICH_SLOTS", "0", "set a number from 1 to 999, or leave it unset."),
    ("EMOJICH_SLOTS", "many", "set a number from 1 to 999, or leave it unset."),
    ("EMOJICH_SLOTS", "1000000", "set a number from 1 to 999, or leave it unset."),
    ("EMOJICH_REQUESTS", "-1", "set a number from 1 to 999, or leave it unset."),
    ("EMOJICH_REQUESTS", "2.5", "set a number from 1 to 999, or leave it unset."),
]


@pytest.mark.parametrize(("name", "text", "cure"), WRONG)
def test_invalid_variable_says_what_to_set(name: str, text: str, cure: str) -> None:
    with pytest.raises(SetupError) as error:
        Settings.from_environment({name: text})
    assert name in str(error.value)
    assert repr(text) in str(error.value)
    assert cure in str(error.value)


def test_unset_or_empty_variables_have_defaults() -> None:
    assert Settings.from_environment({}) == Settings("mini", None, None, REQUESTS)
    empty = {name: "" for name, _, _ in WRONG}
    assert Settings.from_environment(empty) == Settings()


def test_valid_variables_are_read() -> None:
    wanted = {"EMOJICH_DEVICE": "cuda:1", "EMOJICH_SLOTS": "16", "EMOJICH_REQUESTS": "8"}
    assert Settings.from_environment(wanted) == Settings("mini", "cuda:1", 16, 8)
    for precision in get_args(Precision):
        Settings.from_environment({"EMOJICH_PRECISION": precision})


@pytest.mark.parametrize("part", [("worker",), ("worker.engine", "--socket", "unused")])
def test_invalid_variable_is_reported_without_redis_and_torch(part: tuple[str, ...]) -> None:
    # A process that imports torch now would end with an ImportError.
    code = (
        "import runpy, sys; sys.modules['torch'] = None; sys.argv = sys.argv[1:];"
        "runpy.run_module(sys.argv[0], run_name='__main__', alter_sys=True)"
    )
    wrong = {"REDIS_URL": "redis://localhost:1", "EMOJICH_SLOTS": "0"}
    result = subprocess.run(
        [sys.executable, "-c", code, *part],
        cwd=ROOT,
        env=os.environ | wrong,
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 1
    assert result.stderr.startswith("emojich: EMOJICH_SLOTS is '0'")
    assert result.stderr.count("\n") == 1


def test_folder_of_temporary_files_that_is_not_there_is_one_sentence(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", "/nowhere")
    said = r"\(No such file.*\): make room in /tmp, or set TMPDIR to"
    with pytest.raises(SetupError, match=said), engines([], "redis://127.0.0.1:1"):
        pass
