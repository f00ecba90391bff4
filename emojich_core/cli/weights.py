"""`emojich weights`: the published models on this machine."""

import argparse
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from emojich_core.cli.options import file_path
from emojich_core.model_options import find_bundle, known_bundles

if TYPE_CHECKING:  # imports torch, which takes seconds, also for --help
    from emojich_core.bundles.published import Published


def add_weights(parser: argparse.ArgumentParser) -> None:
    """Give the parser of `emojich weights` its commands."""
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    listing = commands.add_parser("list", help="what there is, its size, its licence")
    listing.set_defaults(command=_list)

    pull = commands.add_parser("pull", help="fetch a published model and make its bundle")
    _add_model(pull)
    pull.set_defaults(command=_pull)

    importing = commands.add_parser(
        "import", help="make the bundle from files copied by hand, or with another transformer"
    )
    _add_model(importing)
    importing.add_argument(
        "--from", type=file_path, dest="folder", metavar="DIR", help="where they are"
    )
    importing.add_argument(
        "--transformer",
        type=file_path,
        metavar="FILE",
        help="a checkpoint in the place of the published one; without --from the rest is fetched",
    )
    importing.set_defaults(command=lambda arguments: _import(importing, arguments))

    verify = commands.add_parser("verify", help="read every file of a bundle and check it")
    verify.add_argument("name", help="a name of `emojich weights list`, or a folder")
    verify.set_defaults(command=_verify)


def _add_model(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("name", help="emojich, malevich, malevich-v2 or surrealist")
    parser.add_argument("--vqgan", help="dwt: 512 pixels (default), or plain: 256")
    parser.add_argument("--upscale", help="x2 (default), x4, x8 or none")
    parser.add_argument("--matting", help="effnetb5 (default), or effnetb7, of the model card")
    parser.add_argument("--judge", help="none (default), or ruclip, which ranks the images")
    parser.add_argument(
        "--dtype",
        choices=("float16", "bfloat16"),
        default="float16",
        help="of the transformer; float16 (default) is as published, "
        "bfloat16 opens without a conversion where EMOJICH_PRECISION is bfloat16",
    )


def _published(arguments: argparse.Namespace) -> "Published":
    from emojich_core.bundles.published import published

    stages = ("vqgan", "upscale", "matting", "judge")
    return published(arguments.name, **{stage: getattr(arguments, stage) for stage in stages})


def _pull(arguments: argparse.Namespace) -> None:
    import torch

    from emojich_core.bundles.install import pull

    print(pull(_published(arguments), getattr(torch, arguments.dtype), say=_say))


def _import(parser: argparse.ArgumentParser, arguments: argparse.Namespace) -> None:
    if not arguments.folder and not arguments.transformer:
        parser.error("name the folder with --from, or a checkpoint with --transformer")
    import torch

    from emojich_core.bundles.install import import_from, pull

    make = partial(import_from, arguments.folder) if arguments.folder else pull
    dtype = getattr(torch, arguments.dtype)
    print(make(_published(arguments), dtype, transformer=arguments.transformer, say=_say))


def _say(sentence: str) -> None:
    """Print a sentence above the progress bars."""
    from tqdm import tqdm

    tqdm.write(sentence, file=sys.stderr)


def _verify(arguments: argparse.Namespace) -> None:
    from tqdm import tqdm

    from emojich_core.bundles.bundle import verify_bundle

    path = find_bundle(arguments.name)
    with tqdm(total=_size(path), unit="B", unit_scale=True, desc=arguments.name) as bar:
        verify_bundle(path, bar.update)
    print(f"{path} is whole.")


def _list(arguments: argparse.Namespace) -> None:
    from emojich_core.bundles.published import LICENCE, MODELS

    row: Callable[..., str] = "{:<14}{:>9}  {:<37}  {}".format
    print(row("NAME", "SIZE", "LICENCE", "STATE"))
    known = known_bundles()
    for name, path in sorted(known.items()):
        print(row(name, f"{_size(path) / 1e9:.2f} GB", *_state(path)))
    for name in MODELS:
        if name not in known:
            print(row(name, "", LICENCE, f"not here: emojich weights pull {name}"))


def _state(path: Path) -> tuple[str, str]:
    """A bundle's licence, and its folder or the error that it has."""
    from emojich_core.bundles.bundle import BundleError, load_bundle

    try:
        return load_bundle(str(path)).licence, str(path)
    except BundleError as error:
        return "", str(error)


def _size(path: Path) -> int:
    return sum(file.stat().st_size for file in path.iterdir() if file.is_file())
