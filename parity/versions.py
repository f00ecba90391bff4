"""Libraries of two ages in one process."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def libraries(folder: Path, *names: str) -> Iterator[None]:
    """Within it, packages are imported from `folder` first, and so are `names` anew.

    What was imported under these names before has them again afterwards.
    """

    def imported() -> list[str]:
        return [module for module in sys.modules if module.partition(".")[0] in names]

    before = {module: sys.modules.pop(module) for module in imported()}
    sys.path.insert(0, str(folder))
    try:
        yield
    finally:
        sys.path.remove(str(folder))
        for module in imported():
            del sys.modules[module]
        sys.modules.update(before)
