"""Makes bundles of published files, which are downloaded, or copied by hand.

A previous bundle stays usable until the new one is complete.
"""

import fcntl
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import fields
from pathlib import Path
from typing import Any

import torch
from tqdm import tqdm

from emojich_core.bundles.bundle import (
    check_judge,
    load_bundle,
    save_bundle,
    sha256,
    size_of,
)
from emojich_core.bundles.convert import Tensors, convert
from emojich_core.bundles.description import JUDGE, MAX_BYTES, brief, read_json, to_config
from emojich_core.bundles.download import download
from emojich_core.bundles.published import JUDGE_CONFIG, JUDGE_TOKENIZER, Published, Source
from emojich_core.errors import BundleError, shown
from emojich_core.inference.sampling import Sampling
from emojich_core.model_options import models_folder
from emojich_core.networks.ruclip import RuCLIPConfig
from emojich_core.networks.tokenizer import check_bpe

TOKENIZER = "tokenizer"  # a role of a file, as each of STAGES is
Say = Callable[[str], None]
LFS_POINTER = b"version https://git-lfs"


def pull(
    model: Published,
    dtype: torch.dtype = torch.float16,
    *,
    transformer: Path | None = None,
    say: Say = lambda sentence: None,
) -> Path:
    """Fetch a published model and make its bundle; returns the bundle's folder.

    An interrupted pull continues.  `dtype` is the type in which the transformer is stored;
    `transformer` is a checkpoint that replaces the published one.  `say` is called with a sentence
    for each file: whether it is the published one.
    Raises BundleError.
    """
    own = _own_checkpoint(model, transformer)
    with _exclusive_lock(model.name), ExitStack() as held:
        wanted = {role: source for role, source in _sources(model).items() if role not in own}
        fetched = {role: held.enter_context(download(source)) for role, source in wanted.items()}
        files = own | {role: file.path for role, file in fetched.items()}
        origins = {role: file.name for role, file in own.items()}
        origins |= {role: file.origin for role, file in fetched.items()}
        return _install(model, files, origins, dtype, say)


def import_from(
    folder: Path,
    model: Published,
    dtype: torch.dtype = torch.float16,
    *,
    transformer: Path | None = None,
    say: Say = lambda sentence: None,
) -> Path:
    """Make a bundle of a published model's files in a folder; returns the bundle's folder.

    The arguments are those of `pull`.  Raises BundleError.
    """
    if not os.path.isdir(folder):
        raise BundleError(f"{shown(folder)} is no folder: name the one that the files are in.")
    own = _own_checkpoint(model, transformer)
    wanted = {role: source for role, source in _sources(model).items() if role not in own}
    files = own | {role: _find(folder, role, source) for role, source in wanted.items()}
    with _exclusive_lock(model.name):
        origins = {role: file.name for role, file in files.items()}
        return _install(model, files, origins, dtype, say)


def _own_checkpoint(model: Published, transformer: Path | None) -> dict[str, Path]:
    """The user's own checkpoint by its role, checked before the other files are downloaded."""
    if transformer is None:
        return {}
    _check_fetched(transformer)
    convert("transformer", model.parts["transformer"].config, transformer)
    return {"transformer": transformer}


def _sources(model: Published) -> dict[str, Source]:
    sources = {TOKENIZER: model.tokenizer}
    for stage, part in model.parts.items():
        sources |= part.files
        if part.source:
            sources[stage] = part.source
    return sources


def _find(folder: Path, role: str, source: Source) -> Path:
    """Find a file where `git clone` of its repository puts it, or directly in the folder.

    A judge's files must be in the first place, because other files have the same names.
    """
    places = [folder / Path(source.repo).name / source.file]
    if role not in (JUDGE, JUDGE_TOKENIZER, JUDGE_CONFIG):
        places.append(folder / source.file)
    for place in places:
        if place.is_file():
            return place
    message = f"{folder} has no {source.file} of {source.repo}"
    raise BundleError(f"{message}: put it at {' or '.join(map(str, places))}.")


def _check_fetched(file: Path) -> None:
    """Raise BundleError for a missing file, and for the pointer that git leaves without Git LFS."""
    if not file.is_file():
        raise BundleError(f"{file} is no file: name a checkpoint.")
    with file.open("rb") as opened:
        if opened.read(len(LFS_POINTER)) == LFS_POINTER:
            raise BundleError(f"{file} is only a pointer: run `git lfs pull` beside it.")


def _install(
    model: Published,
    files: dict[str, Path],
    origins: dict[str, str],
    dtype: torch.dtype,
    say: Say,
) -> Path:
    """Convert the files into a bundle, which replaces the previous one."""
    for file in files.values():
        _check_fetched(file)
    _compare(model, files, origins, say)
    target = models_folder() / model.name
    staged, previous = (target.with_name(f".{model.name}.{end}") for end in ("new", "previous"))
    if previous.exists() and not target.exists():  # an earlier process was killed in `_swap`
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
    """Replace the folder `target` by `staged`; if that fails, `target` stays."""
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
    _check_tokenizer(files[TOKENIZER], model)
    configs = {stage: part.config for stage, part in model.parts.items()}
    if JUDGE in configs:
        configs[JUDGE] = _judge_config(files[JUDGE_CONFIG], files[JUDGE_TOKENIZER])
    weights = {
        stage: convert(stage, configs[stage], files[stage]) if part.source else {}
        for stage, part in model.parts.items()
    }
    # The other networks are a tenth of the transformer's size and sensitive, so they keep their
    # precision.
    halved = {"transformer": dtype, JUDGE: torch.float16}
    with _bar("converting", sum(size_of(weights.get(stage, {})) for stage in halved)) as bar:
        for stage, kind in halved.items():
            _cast(weights.get(stage, {}), kind, bar.update)
    with _bar("writing", 2 * sum(map(size_of, weights.values()))) as bar:
        save_bundle(
            out,
            name=model.name,
            tokenizer=files[TOKENIZER],
            configs={**configs, "sampling": Sampling()},
            weights=weights,
            licence=model.licence,
            sources=origins,
            judge_tokenizer=files.get(JUDGE_TOKENIZER),
            progress=lambda size: bar.update(min(size, bar.total - bar.n)),  # headers, too
        )


def _cast(tensors: Tensors, dtype: torch.dtype, progress: Callable[[int], None]) -> None:
    """Convert tensors in place, one by one, so that never two copies of all exist."""
    for key, tensor in tensors.items():
        tensors[key] = tensor.to(dtype)
        progress(tensor.nbytes)


def _compare(model: Published, files: dict[str, Path], origins: dict[str, str], say: Say) -> None:
    """Tell the user for each file whether it is the published one."""
    sizes = {role: file.stat().st_size for role, file in files.items()}
    with _bar("checking", sum(sizes.values())) as bar:
        for role, source in _sources(model).items():
            verdict = _verdict(source, files[role], bar.update)
            del sizes[role]
            bar.update(bar.total - sum(sizes.values()) - bar.n)  # it may have been skipped
            say(f"{role}: {origins[role]} {verdict}")


def _verdict(source: Source, file: Path, progress: Callable[[int], None]) -> str:
    if source.sha256 is None:
        return "is taken as it is: no check sum of the published file is known."
    size = file.stat().st_size
    if source.size not in (None, size):
        return f"is not the published file ({size} bytes, not {source.size}): taken all the same."
    found = sha256(file, progress)
    if found != source.sha256:
        return f"is not the published file (its SHA-256 is {found}): taken all the same."
    return "is the published file."


def _bar(what: str, size: int) -> Any:
    return tqdm(total=size, unit="B", unit_scale=True, desc=what)


def _check_tokenizer(file: Path, model: Published) -> None:
    """Raise BundleError unless the BPE has as many tokens as the transformer knows."""
    config = model.parts["transformer"].config
    expected = config.vocab_size - config.text_seq_length
    try:
        found = check_bpe(file)
    except ValueError as error:
        raise BundleError(f"{file} is no BPE model ({error}): fetch the right file.") from error
    if found != expected:
        message = f"{file} has {found} tokens and not {expected}"
        raise BundleError(f"{message}: fetch the one that belongs to the model.")


def _judge_config(file: Path, tokenizer: Path) -> RuCLIPConfig:
    """The numbers of a judge, from its config.json, which may have other values, too.

    Raises BundleError when one is missing or wrong, or the BPE does not fit them.
    """
    try:
        if file.stat().st_size > MAX_BYTES["bundle.json"]:
            raise ValueError("it is too large")
        values = read_json(file)
        if not isinstance(values, dict):
            raise ValueError("it is no object")
        names = {field.name for field in fields(RuCLIPConfig)}
        # As in ruCLIP's own processor, null means that a value is not given.
        known = {k: v for k, v in values.items() if k in names and v is not None}
        config: RuCLIPConfig = to_config(RuCLIPConfig, known)
        check_judge(config)
    except ValueError as error:
        message = f"{file} is no configuration of a ruCLIP ({brief(error)})"
        raise BundleError(f"{message}: fetch the right file.") from error
    try:
        if check_bpe(tokenizer) > config.vocab_size:
            raise ValueError(f"it has more than {config.vocab_size} tokens")
    except ValueError as error:
        message = f"{tokenizer} is no BPE model of the judge ({error})"
        raise BundleError(f"{message}: fetch the right file.") from error
    return config


@contextmanager
def _exclusive_lock(name: str) -> Iterator[None]:
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
