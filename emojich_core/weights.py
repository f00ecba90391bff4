"""Bundles from published files: fetched, or copied by hand.

Whatever was there before stays usable until the new bundle is whole.
"""

import fcntl
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import torch

from emojich_core.bundles import load_bundle, save_bundle
from emojich_core.choices import models_folder
from emojich_core.convert import convert
from emojich_core.download import download
from emojich_core.errors import BundleError, shown
from emojich_core.generation import Sampling
from emojich_core.published import Published, Source
from emojich_core.tokenizer import Tokenizer

TOKENIZER = "tokenizer"  # beside the stages, wherever files are named by what they are for
LFS_POINTER = b"version https://git-lfs"


def pull(model: Published, dtype: torch.dtype = torch.float16) -> Path:
    """Fetch a published model and make its bundle; returns the bundle's folder.

    A pull that was interrupted goes on where it was.  `dtype` is what the transformer is stored in.
    Raises BundleError.
    """
    with _alone(model.name):
        fetched = {role: download(source) for role, source in _sources(model).items()}
        files = {role: file.path for role, file in fetched.items()}
        origins = {role: file.origin for role, file in fetched.items()}
        bundle = _install(model, files, origins, dtype)
        for file in files.values():  # all of it is in the bundle now
            file.unlink(missing_ok=True)
        return bundle


def import_from(folder: Path, model: Published, dtype: torch.dtype = torch.float16) -> Path:
    """Make a bundle of a published model's files in a folder; returns the bundle's folder.

    Raises BundleError.
    """
    if not os.path.isdir(folder):
        raise BundleError(f"{shown(folder)} is no folder: name the one that the files are in.")
    files = {role: _find(folder, source) for role, source in _sources(model).items()}
    with _alone(model.name):
        return _install(model, files, {role: file.name for role, file in files.items()}, dtype)


def _sources(model: Published) -> dict[str, Source]:
    parts = {stage: part.source for stage, part in model.parts.items()}
    return {TOKENIZER: model.tokenizer} | {s: source for s, source in parts.items() if source}


def _find(folder: Path, source: Source) -> Path:
    """A file where `git clone` of its repository puts it, or without the repository's folder."""
    places = [folder / Path(source.repo).name / source.file, folder / source.file]
    for place in places:
        if place.is_file():
            _check_fetched(place)
            return place
    message = f"{folder} has no {source.file} of {source.repo}"
    raise BundleError(f"{message}: put it at {places[0]} or {places[1]}.")


def _check_fetched(file: Path) -> None:
    """Raise BundleError for what git leaves in the place of a large file without Git LFS."""
    with file.open("rb") as opened:
        if opened.read(len(LFS_POINTER)) == LFS_POINTER:
            raise BundleError(f"{file} is only a pointer: run `git lfs pull` beside it.")


def _install(
    model: Published, files: dict[str, Path], origins: dict[str, str], dtype: torch.dtype
) -> Path:
    """Convert the files into a bundle and put it in place of what was there."""
    target = models_folder() / model.name
    staged, previous = (target.with_name(f".{model.name}.{end}") for end in ("new", "previous"))
    if previous.exists() and not target.exists():  # killed in the middle of a swap
        previous.rename(target)
    shutil.rmtree(staged, ignore_errors=True)
    try:
        _convert(model, files, origins, dtype, staged)
        load_bundle(str(staged))
        _swap(staged, target, previous)
    finally:
        shutil.rmtree(staged, ignore_errors=True)
    return target


def _swap(staged: Path, target: Path, previous: Path) -> None:
    """Put a folder in place of another, or leave that where it is."""
    shutil.rmtree(previous, ignore_errors=True)
    if target.exists():
        target.rename(previous)
    try:
        staged.rename(target)
    except OSError:
        if previous.exists():
            previous.rename(target)
        raise
    shutil.rmtree(previous, ignore_errors=True)


def _convert(
    model: Published,
    files: dict[str, Path],
    origins: dict[str, str],
    dtype: torch.dtype,
    out: Path,
) -> None:
    weights = {
        stage: convert(stage, part.config, files[stage]) if part.source else {}
        for stage, part in model.parts.items()
    }
    # The other networks are a tenth of it, and sensitive: they stay as they were published.
    weights["transformer"] = {k: v.to(dtype) for k, v in weights["transformer"].items()}
    _check_tokenizer(files[TOKENIZER], model)
    save_bundle(
        out,
        name=model.name,
        tokenizer=files[TOKENIZER],
        configs={**{s: p.config for s, p in model.parts.items()}, "sampling": Sampling()},
        weights=weights,
        licence=model.licence,
        sources=origins,
    )


def _check_tokenizer(file: Path, model: Published) -> None:
    """Raise BundleError unless the BPE has as many tokens as the transformer knows."""
    config = model.parts["transformer"].config
    expected = config.vocab_size - config.text_seq_length
    try:
        found = Tokenizer(file).vocab_size
    except ValueError as error:
        raise BundleError(f"{file} is no BPE model: fetch the right file.") from error
    if found != expected:
        message = f"{file} has {found} tokens and not {expected}"
        raise BundleError(f"{message}: fetch the one that belongs to the model.")


@contextmanager
def _alone(name: str) -> Iterator[None]:
    """Keep two processes from making the same bundle at once; the lock ends with its process."""
    folder = models_folder()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        file = (folder / f".{name}.lock").open("w")
    except OSError as error:
        message = f"{folder} cannot be written ({error.strerror}): set EMOJICH_MODELS to a folder"
        raise BundleError(f"{message} of yours.") from error
    with file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            message = f"Another process is making the bundle {name!r}: wait until it has ended."
            raise BundleError(message) from None
        yield
