"""Types and checks of options, without torch: they run before a model is loaded."""

import argparse
import errno
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, NoReturn

from emojich_core.errors import BundleError, shown
from emojich_core.model_options import ALL, check_device

MAX_SENTENCE = 400  # characters


class Parser(argparse.ArgumentParser):
    """A parser whose errors are one short line, even for a long value."""

    def error(self, message: str) -> NoReturn:
        """Exit with 2."""
        super().error(shown(message, MAX_SENTENCE))


def file_path(text: str) -> Path:
    """A type for `add_argument`: a file or folder."""
    if "\0" in text:
        raise argparse.ArgumentTypeError("must be a file's name")
    return Path(text)


def number(low: float, high: float, kind: type = int) -> Callable[[str], Any]:
    """A type for `add_argument`: an int or float from `low` to `high`."""
    what = "a whole number" if kind is int else "a number"

    def parse(text: str) -> Any:
        try:
            value = kind(text)
        except ValueError:
            value = float("nan")
        if not low <= value <= high:
            raise argparse.ArgumentTypeError(f"must be {what}, {low} to {high}")
        return value

    return parse


def add_model(parser: argparse.ArgumentParser) -> None:
    """Give a parser --model, by default the first one of EMOJICH_MODEL."""
    default = os.environ.get("EMOJICH_MODEL", "").partition(",")[0].strip() or "mini"
    parser.add_argument("--model", default=default, help="name or folder of a bundle (mini)")


def add_device(parser: argparse.ArgumentParser) -> None:
    """Give a parser --device, by default the first one of EMOJICH_DEVICE, or None."""
    default = os.environ.get("EMOJICH_DEVICE", "").partition(",")[0].strip()
    parser.add_argument(
        "--device",
        type=_device,
        default=None if default in ("", ALL) else default,
        help="cpu, cuda, cuda:1; a GPU if there is one",
    )


def _device(name: str) -> str:
    try:
        check_device(name)
    except BundleError as error:
        raise argparse.ArgumentTypeError(str(error)) from error
    return name


def check_file(file: Path) -> None:
    """Raise OSError unless a file can be written; its folder need not exist yet."""
    if file.is_dir():
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(file))
    check_folder(file.parent)


def check_folder(folder: Path) -> None:
    """Raise OSError unless files can be written into a folder, which need not exist yet."""
    there = next(path for path in (folder, *folder.absolute().parents) if path.exists())
    if not there.is_dir():
        raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), str(there))
    if not os.access(there, os.W_OK | os.X_OK):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(there))
