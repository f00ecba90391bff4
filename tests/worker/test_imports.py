"""Only the engine imports torch, with its scheduler, and only once it loads its models."""

import subprocess
import sys

from tests.worker.harness import ROOT


def test_only_the_scheduler_imports_torch() -> None:
    files = {path.relative_to(ROOT) for path in (ROOT / "worker").rglob("*.py")}
    names = {".".join(file.with_suffix("").parts).removesuffix(".__init__") for file in files}
    modules = ", ".join(names - {"worker.engine.scheduler"})
    code = f"import sys, run, {modules}; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=False).returncode == 0


def test_queue_loads_only_light_modules() -> None:
    files = (ROOT / "worker" / "queue").glob("*.py")
    modules = ", ".join(f"worker.queue.{file.stem}" for file in files)
    code = (
        f"import sys, {modules}\n"
        "ours = [name for name in sys.modules if name.startswith(('bot', 'worker', 'emojich'))]\n"
        "print(*sorted(name for name in ours if not name.startswith('worker.queue')))"
    )
    result = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    light = ["emojich_core", "emojich_core.errors", "emojich_core.request"]
    assert result.stdout.split() == [*light, "worker"]
