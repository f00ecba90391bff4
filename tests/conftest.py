"""The order of all tests, and fixtures for them: a tiny bundle of the real classes, a browser."""

import gc
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

# Spinning OpenMP threads take most of their time where other tests use the same cores.  It is read
# when torch is imported, which is later.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
# Else PyTorch's compiler starts a process for each core, each of which imports PyTorch anew.
os.environ.setdefault("TORCHINDUCTOR_COMPILE_THREADS", "1")

CHROMIUM = shutil.which("chromium")
# Long files come first, so that short files fill up the end of a run.
ORDER = (
    "tests/e2e/",
    "tests/chaos/",
    "tests/worker/",
    "tests/emojich_core/",
    "tests/test_install.py",
    "tests/bot/test_updates.py",
    "tests/test_benchmarks.py",
    "tests/bot/test_process.py",
    "tests/bot/test_leader.py",
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Sort them so."""
    items.sort(key=lambda item: [not item.nodeid.startswith(folder) for folder in ORDER])


# Modules loaded during collection, such as PyTorch, live as long as the process: searching
# it for garbage would take each process of a run three seconds.
gc.disable()


def pytest_collection_finish() -> None:
    """Take it out of garbage collection."""
    gc.freeze()
    gc.enable()


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """In that order; the files of tests/e2e together, since their common processes start slowly."""
    from xdist.scheduler import LoadFileScheduling

    class Scheduling(LoadFileScheduling):
        def _split_scope(self, nodeid: str) -> str:
            together = ORDER[0]
            return together if nodeid.startswith(together) else super()._split_scope(nodeid)

    if config.getoption("dist") != "loadfile":
        return None
    config.option.loadscopereorder = False  # files with many tests are not those that take long
    return Scheduling(config, log)


@pytest.fixture(scope="module")  # not longer: its event loop would be in the way of others
def browser() -> Iterator[Browser]:
    """The system's Chromium, without a window."""
    if CHROMIUM is None:
        pytest.skip("no chromium is installed: apt-get install chromium")
    with sync_playwright() as playwright:
        yield playwright.chromium.launch(
            executable_path=CHROMIUM,
            args=["--no-sandbox", "--disable-gpu", "--disable-background-networking"],
        )


@pytest.fixture
def phone(browser: Browser) -> Iterator[Page]:
    """A page of a phone's width, which must fit it and end without an error."""
    page = browser.new_page(  # with cookies and a storage of its own
        viewport={"width": 375, "height": 812}, device_scale_factor=2, locale="ru-RU"
    )
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    yield page
    assert page.evaluate("document.documentElement.scrollWidth") <= 375
    assert errors == []
    page.close()


@pytest.fixture(scope="session")
def tiny_bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A bundle folder that draws noise within a fraction of a second: 4×4 codes, 2 layers."""
    from tests.tiny_bundle import save_tiny_bundle  # imports torch

    return save_tiny_bundle(tmp_path_factory.mktemp("bundle"))


@pytest.fixture(scope="session")
def judged_bundle(tiny_bundle: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The tiny bundle with a judge of random weights."""
    from tests.emojich_core.tiny import add_judge

    folder = tmp_path_factory.mktemp("judged") / "judged"
    add_judge(tiny_bundle, folder)
    return folder
