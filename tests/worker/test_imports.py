"""Only the engine imports torch, with its scheduler, and only once it loads its models."""

import subprocess
import sys

from tests.worker.parts import ROOT


def test_nothing_but_the_engine_imports_torch() -> None:
    names = {path.stem for path in (ROOT / "worker").glob("*.py")} - {"__init__", "scheduler"}
    modules = ", ".join(f"worker.{name}" for name in names)
    code = f"import sys, run, {modules}; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=False).returncode == 0
