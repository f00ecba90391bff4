"""`run.py` in a folder that another one uses."""

import os
import subprocess
import sys
from pathlib import Path

from run import alone
from tests.worker.harness import ROOT


def test_second_run_py_in_a_folder_says_so_and_leaves_the_logs(tmp_path: Path) -> None:
    log = tmp_path / "logs" / "worker.log"
    log.parent.mkdir()
    log.write_text("of the first run")
    with alone(tmp_path):
        second = subprocess.run(
            [sys.executable, ROOT / "run.py"],
            env=os.environ | {"EMOJICH_DATA": str(tmp_path)},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
    assert second.returncode == 1
    assert second.stderr.startswith(f"emojich: Emojich runs in {tmp_path} already: ")
    assert second.stderr.count("\n") == 1
    assert log.read_text() == "of the first run"
