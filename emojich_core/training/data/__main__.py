"""`python -m emojich_core.training.data`: make the training set of the mini bundle."""

import argparse
from pathlib import Path

from emojich_core.cli.main import run
from emojich_core.cli.options import Parser, check_folder, file_path, number
from emojich_core.request import MAX_SEED


def main() -> None:
    """Render and compose pictures, and write their captions."""
    parser = Parser(
        prog="python -m emojich_core.training.data",
        description="Make the training set from the emoji art that `make data` fetches.",
    )
    parser.add_argument(
        "--data", type=file_path, default=Path(".data"), help="where the art is (.data)"
    )
    parser.add_argument("--out", type=file_path, help="folder to write (DATA/dataset)")
    parser.add_argument(
        "--seed", type=number(0, MAX_SEED), default=0, help="for the same choices again (0)"
    )
    parser.set_defaults(command=_build)
    run(parser)


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


if __name__ == "__main__":
    main()
