"""`emojich data`: what the mini bundle is trained on."""

import argparse
from pathlib import Path

from emojich_core.cli.options import check_folder, file_path, number
from emojich_core.request import MAX_SEED


def add_data(parser: argparse.ArgumentParser) -> None:
    """Give the parser of `emojich data` its commands."""
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    build = commands.add_parser(
        "build",
        help="render and compose pictures, and write their captions",
        description="Make the training set from the emoji art that `make data` fetches.",
    )
    build.add_argument(
        "--data", type=file_path, default=Path(".data"), help="where the art is (.data)"
    )
    build.add_argument("--out", type=file_path, help="folder to write (DATA/dataset)")
    build.add_argument(
        "--seed", type=number(0, MAX_SEED), default=0, help="for the same choices again (0)"
    )
    build.set_defaults(command=_build)


def _build(arguments: argparse.Namespace) -> None:
    modules = arguments.data / "node_modules"
    if not (modules / "emojibase-data").exists() or not (modules / "@iconify-json").exists():
        raise FileNotFoundError(f"There is no emoji art in {modules}: run `make data`.")
    out = arguments.out or arguments.data / "dataset"
    check_folder(out.absolute().parent)
    try:
        import pymorphy3  # noqa: F401
        import resvg_py  # noqa: F401

        from emojich_core.training.data.build import build, summary
    except ImportError as error:
        raise OSError(f'{error.name} is missing: pip install "emojich[train]"') from error
    print(summary(build(modules, out, arguments.seed)))
    print(f"{out}: a page of it is in {out / 'sample.png'}")
