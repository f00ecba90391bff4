"""The arrows between the rooms: who may import whom."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
ROOMS = ("bot", "worker", "emojich_core")

# What each room may import of the others.  The bot's image has no torch, so it sees the queue's
# side of the worker, the request, and modules that need nothing.
ALLOWED = {
    "emojich_core": (),
    "worker": ("emojich_core",),
    "bot": (
        "emojich_core.errors",
        "emojich_core.lexicon",
        "emojich_core.request",
        "worker.decoding",
        "worker.embedded",
        "worker.environment",
        "worker.errors",
        "worker.events",
        "worker.logs",
        "worker.pace",
        "worker.queue",
        "worker.results",
        "worker.tally",
    ),
}


def imports(path: Path) -> list[str]:
    """Every module that a file imports, also inside functions."""
    names = []
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            names += [f"{node.module}.{alias.name}" for alias in node.names]
    return names


@pytest.mark.parametrize("room", ROOMS)
def test_a_room_imports_only_what_it_may(room: str) -> None:
    others = [other for other in ROOMS if other != room]
    wrong = [
        f"{path.relative_to(ROOT)}: {name}"
        for path in (ROOT / room).rglob("*.py")
        for name in imports(path)
        if name.split(".")[0] in others and not name.startswith(ALLOWED[room])
    ]
    assert wrong == []


@pytest.mark.parametrize("room", ["bot", "worker"])
def test_torch_is_imported_by_the_model_side_only(room: str) -> None:
    wrong = [
        f"{path.relative_to(ROOT)}: {name}"
        for path in (ROOT / room).rglob("*.py")
        for name in imports(path)
        if name.split(".")[0] in ("torch", "torchvision")
    ]
    assert wrong == []


@pytest.mark.parametrize("room", ROOMS)
def test_what_cannot_be_built_for_every_python_is_imported_by_parity_only(room: str) -> None:
    wrong = [
        f"{path.relative_to(ROOT)}: {name}"
        for path in (ROOT / room).rglob("*.py")
        for name in imports(path)
        if name.split(".")[0] in ("basicsr", "realesrgan")
    ]
    assert wrong == []
