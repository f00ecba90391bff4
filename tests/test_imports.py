"""Each package imports only allowed packages."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
ROOMS = ("bot", "worker", "emojich_core")

# The packages that each package may import.  The bot's image has no torch, so the bot imports the
# queue and modules that need nothing.
ALLOWED = {
    "emojich_core": (),
    "worker": ("emojich_core",),
    "bot": (
        "emojich_core.errors",
        "emojich_core.image_file",
        "emojich_core.reading.latin",
        "emojich_core.reading.lexicon",
        "emojich_core.request",
        "emojich_core.reading.spelling",
        "emojich_core.reading.words",
        "worker.queue",
    ),
}
# Rooms for developers: no image holds them, so nothing that a user runs may import them.
DEVELOPERS_ROOMS = {"bot/sandbox": "bot.sandbox", "emojich_core/training": "emojich_core.training"}
# The modules that the queue may import.  (The embedded Valkey is a child process.)
QUEUE = ("emojich_core.errors", "emojich_core.request", "worker.queue")


def imports(path: Path) -> list[str]:
    """Every module that a file imports, also inside functions."""
    names = []
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            names += [f"{node.module}.{alias.name}" for alias in node.names]
    return names


def is_within(name: str, modules: tuple[str, ...]) -> bool:
    """Whether a module or something in it has this name."""
    return any(f"{name}.".startswith(f"{module}.") for module in modules)


@pytest.mark.parametrize("room", ROOMS)
def test_package_imports_only_allowed_packages(room: str) -> None:
    others = [other for other in ROOMS if other != room]
    wrong = [
        f"{path.relative_to(ROOT)}: {name}"
        for path in (ROOT / room).rglob("*.py")
        for name in imports(path)
        if name.split(".")[0] in others and not is_within(name, ALLOWED[room])
    ]
    assert wrong == []


@pytest.mark.parametrize("folder", DEVELOPERS_ROOMS)
def test_product_imports_no_developer_package(folder: str) -> None:
    wrong = [
        f"{path.relative_to(ROOT)}: {name}"
        for room in ROOMS
        for path in (ROOT / room).rglob("*.py")
        if not path.is_relative_to(ROOT / folder)
        for name in imports(path)
        if is_within(name, (DEVELOPERS_ROOMS[folder],))
    ]
    assert wrong == []
    assert folder in (ROOT / ".dockerignore").read_text().splitlines()


def test_queue_imports_nothing_else_of_the_worker() -> None:
    wrong = [
        f"{path.relative_to(ROOT)}: {name}"
        for path in (ROOT / "worker" / "queue").rglob("*.py")
        for name in imports(path)
        if name.split(".")[0] in ROOMS and not is_within(name, QUEUE)
    ]
    assert wrong == []


def test_callers_use_no_internals_of_the_queue() -> None:
    wrong = [
        f"{path.relative_to(ROOT)}: {ast.unparse(node)}"
        for room in ROOMS
        for path in (ROOT / room).rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Attribute)
        and node.attr in ("rq", "connection", "_rq", "_connection")
        and re.fullmatch(r"(.*\.)?_?(queue|requests)", ast.unparse(node.value))
    ]
    assert wrong == []


@pytest.mark.parametrize("room", ["bot", "worker"])
def test_bot_and_worker_files_import_no_torch(room: str) -> None:
    wrong = [
        f"{path.relative_to(ROOT)}: {name}"
        for path in (ROOT / room).rglob("*.py")
        for name in imports(path)
        if name.split(".")[0] in ("torch", "torchvision")
    ]
    assert wrong == []


@pytest.mark.parametrize("room", ROOMS)
def test_only_parity_imports_basicsr_and_realesrgan(room: str) -> None:
    wrong = [
        f"{path.relative_to(ROOT)}: {name}"
        for path in (ROOT / room).rglob("*.py")
        for name in imports(path)
        if name.split(".")[0] in ("basicsr", "realesrgan")
    ]
    assert wrong == []


@pytest.mark.parametrize(
    "contents",
    [
        p
        for room in ("bot", "worker", "emojich_core")
        for p in (ROOT / room).rglob("__init__.py")
        if "- `" in p.read_text()
    ],
    ids=lambda path: str(path.parent.relative_to(ROOT)),
)
def test_package_docstring_lists_every_module(contents: Path) -> None:
    named = set(re.findall(r"^- `(\w+)`", contents.read_text(), re.MULTILINE))
    modules = {path.stem for path in contents.parent.glob("*.py")}
    assert named | {"__init__", "__main__"} == modules | {"__init__", "__main__"}
