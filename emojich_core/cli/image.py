"""`emojich generate --image FILE --keep-up N`: stickers that begin with a picture."""

import argparse
import errno
import os
from pathlib import Path
from typing import TYPE_CHECKING

from emojich_core.cli.options import file_path, number
from emojich_core.errors import shown
from emojich_core.image_file import MAX_BYTES, BadImage, open_square

if TYPE_CHECKING:  # imports torch, which takes seconds, also for --help
    from PIL.Image import Image

    from emojich_core.bundles.bundle import Bundle

BORDERS = {"up": "rows", "down": "rows", "left": "columns", "right": "columns"}
MAX_KEPT = 1024  # more than any bundle has; `check_kept` checks the number for the chosen one


def add_image(parser: argparse.ArgumentParser) -> None:
    """Give a parser --image and --keep-up, --keep-down, --keep-left, --keep-right."""
    parser.add_argument(
        "--image", type=file_path, metavar="FILE", help="a JPEG, PNG or WebP to begin with"
    )
    for border, lines in BORDERS.items():
        parser.add_argument(
            f"--keep-{border}",
            type=number(0, MAX_KEPT),
            default=0,
            metavar="N",
            help=f"{lines} of the image's codes to keep",
        )


def kept(arguments: argparse.Namespace) -> dict[str, int]:
    """How many rows or columns of codes are kept along each border."""
    return {border: getattr(arguments, f"keep_{border}") for border in BORDERS}


def read_image(parser: argparse.ArgumentParser, arguments: argparse.Namespace) -> "Image | None":
    """The image on a white square; None without --image.

    Exits with 2 for options that do not fit each other.  Raises OSError and BadImage.
    """
    is_kept = any(kept(arguments).values())
    if arguments.image is None:
        if is_kept:
            parser.error("--keep-up and the like need an --image")
        return None
    if not is_kept:
        parser.error("--image needs --keep-up, --keep-down, --keep-left or --keep-right")
    try:
        return open_square(_read(arguments.image))
    except BadImage as error:
        raise BadImage(error.problem, f"{shown(arguments.image)} {error}.") from error


def check_kept(
    parser: argparse.ArgumentParser, arguments: argparse.Namespace, bundle: "Bundle"
) -> None:
    """Exit with 2 if no codes are left for the bundle to draw."""
    side = bundle.transformer.image_tokens_per_dim
    for first, second in (("up", "down"), ("left", "right")):
        if sum(kept(arguments)[border] for border in (first, second)) >= side:
            parser.error(
                f"--keep-{first} and --keep-{second} together must be below {side}: "
                f"{shown(bundle.name)} draws {side} {BORDERS[first]} of codes"
            )


def _read(file: Path) -> bytes:
    """The bytes of a file, at most one more than MAX_BYTES."""
    if file.exists() and not file.is_file():  # a pipe would be waited for, a device never ends
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(file))
    with file.open("rb") as opened:
        return opened.read(MAX_BYTES + 1)
