"""The command lines of emojich_core: `emojich`, and the two of training."""

from collections.abc import Callable, Sequence

import pytest

from emojich_core.cli.main import main
from emojich_core.training.data.__main__ import main as data
from emojich_core.training.evaluation.__main__ import main as evaluate

TRAINING = {"data": data, "evaluate": evaluate}


def command(words: Sequence[str], monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """Put a command line into sys.argv; returns the function that runs it.

    The words follow `emojich`, but for those that begin with a key of TRAINING.
    """
    if words and words[0] in TRAINING:
        monkeypatch.setattr("sys.argv", list(words))
        return TRAINING[words[0]]
    monkeypatch.setattr("sys.argv", ["emojich", *words])
    return main
