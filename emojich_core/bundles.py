"""Model bundles: one folder with everything that one model is.

    bundle.json              names, numbers of every stage, check sums
    bpe.model                the tokenizer
    transformer.safetensors  vqgan.safetensors  upscale.safetensors  matting.safetensors
    vocabulary.tsv           what it has learned, if it is not to draw everything

Where bundles lie: see choices.py.
"""

import dataclasses
import hashlib
import json
import os
import shutil
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import safetensors.torch
import torch
from safetensors import SafetensorError, safe_open
from torch import Tensor

from emojich_core.choices import find_bundle
from emojich_core.errors import BundleError
from emojich_core.generation import Sampling
from emojich_core.matting import MattingConfig
from emojich_core.transformer import TransformerConfig
from emojich_core.upscale import UpscaleConfig
from emojich_core.vocabulary import Vocabulary
from emojich_core.vqgan import VQGANConfig

FORMAT = 1
STAGES = ("transformer", "vqgan", "upscale", "matting")
TOKENIZER = "bpe.model"
VOCABULARY = "vocabulary.tsv"  # not every bundle has one
# Files of at most so many bytes are hashed whenever they are opened.  Of larger ones, 3 GB in the
# published models, only the size is checked then: hashing them takes seconds at every start, and
# what a disk breaks later, `emojich weights verify` finds.
HASHED_WHEN_OPENED = 64 * 2**20


@dataclass(frozen=True)
class Bundle:
    """The description of a model and where its files are."""

    path: Path
    name: str
    transformer: TransformerConfig
    vqgan: VQGANConfig
    upscale: UpscaleConfig
    matting: MattingConfig
    sampling: Sampling
    licence: str = ""
    vocabulary: Vocabulary | None = None  # None: it draws everything

    @property
    def tokenizer(self) -> Path:
        """The BPE model's file."""
        return self.path / TOKENIZER

    def weights(self, stage: str, dtype: torch.dtype | None = None) -> dict[str, Tensor]:
        """The parameters of one of STAGES, in `dtype` if given.

        Where they are stored so, they are mapped from the file: no memory is taken before they are
        used.  Else they are converted one by one, so that never two copies exist.
        """
        file = self.path / f"{stage}.safetensors"
        mapped = safetensors.torch.load_file(file)
        if dtype is None or all(t.dtype == dtype for t in mapped.values() if t.is_floating_point()):
            return mapped
        keys = list(mapped)
        del mapped
        # Read, not mapped: what has been read of a mapping stays in memory as long as it is open.
        with safe_open(file, "pt", backend="pread") as opened:
            tensors = {}
            for key in keys:
                tensor = opened.get_tensor(key)
                tensors[key] = tensor.to(dtype) if tensor.is_floating_point() else tensor
            return tensors


def load_bundle(model: str) -> Bundle:
    """Open a bundle by its path or name and check its files; see HASHED_WHEN_OPENED.

    Raises BundleError when it is missing, damaged, or of another format.
    """
    path = find_bundle(model)
    description = _read_description(path)
    for file, checksum in description["files"].items():
        _check_file(path / file, checksum)
    try:
        return Bundle(
            path=path,
            name=description["name"],
            transformer=_config(TransformerConfig, description["transformer"]),
            vqgan=_config(VQGANConfig, description["vqgan"]),
            upscale=_config(UpscaleConfig, description["upscale"]),
            matting=_config(MattingConfig, description["matting"]),
            sampling=_config(Sampling, description["sampling"]),
            licence=description.get("licence", ""),
            vocabulary=_vocabulary(path) if VOCABULARY in description["files"] else None,
        )
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        file = path / "bundle.json"
        raise BundleError(
            f"{file} is not as it was written ({error}): restore the bundle."
        ) from error


def verify_bundle(path: Path, progress: Callable[[int], None] = lambda size: None) -> None:
    """Hash every file of a bundle; `progress` is called with numbers of bytes read.

    Raises BundleError for the first that is damaged.
    """
    for file, checksum in _read_description(path)["files"].items():
        _check_sum(path / file, checksum, progress)


def save_bundle(
    path: Path,
    *,
    name: str,
    tokenizer: Path,
    configs: dict[str, Any],
    weights: dict[str, dict[str, Tensor]],
    licence: str = "",
    sources: dict[str, str] | None = None,
    vocabulary: Vocabulary | None = None,
) -> None:
    """Write a bundle: `weights` by stage, `configs` by stage and for "sampling".

    `sources` says for whoever asks later where each stage comes from.  Without a `vocabulary` the
    bundle draws everything.
    Raises BundleError when it cannot be written.
    """
    files = [TOKENIZER, *(f"{stage}.safetensors" for stage in STAGES)]
    with _written(path):
        path.mkdir(parents=True, exist_ok=True)
        (path / TOKENIZER).write_bytes(tokenizer.read_bytes())
        if vocabulary is not None:
            vocabulary.save(path / VOCABULARY)
            files.append(VOCABULARY)
        for stage in STAGES:
            tensors = {key: value.contiguous() for key, value in weights[stage].items()}
            safetensors.torch.save_file(tensors, path / f"{stage}.safetensors")
            # safetensors lets nobody else read what it writes: follow the umask instead.
            shutil.copymode(path / TOKENIZER, path / f"{stage}.safetensors")
        description = {
            "format": FORMAT,
            "name": name,
            "licence": licence,
            "sources": sources or {},
            **{key: dataclasses.asdict(config) for key, config in configs.items()},
            "files": {file: sha256(path / file) for file in files},
        }
        _write_description(path, description)


def derive_bundle(
    base: Bundle,
    path: Path,
    transformer: dict[str, Tensor],
    source: str,
    captions: Iterable[str] = (),
) -> None:
    """Write a bundle with another transformer, whose `source` it names; all else is the base's.

    `captions` that it has learned besides: their words join the vocabulary, if there is one.
    The other files are hard links where the disk can do that.  `path` appears when it is whole.
    Raises BundleError when it cannot be written, or is there already.
    """
    description = _read_description(base.path)
    staged = path.with_name(f".{path.name}.new")
    changed = staged / "transformer.safetensors"
    vocabulary = base.vocabulary and base.vocabulary.with_captions(captions)
    shutil.rmtree(staged, ignore_errors=True)
    try:
        with _written(path):
            staged.mkdir(parents=True)
            for file in description["files"]:
                if file not in (changed.name, VOCABULARY):
                    _link(base.path / file, staged / file)
            if vocabulary:
                vocabulary.save(staged / VOCABULARY)
                description["files"][VOCABULARY] = sha256(staged / VOCABULARY)
            safetensors.torch.save_file(transformer, changed)
            shutil.copymode(staged / TOKENIZER, changed)
            description["name"] = path.name
            description["sources"] = {**description.get("sources", {}), "transformer": source}
            description["files"][changed.name] = sha256(changed)
            _write_description(staged, description)
            staged.rename(path)
    finally:
        shutil.rmtree(staged, ignore_errors=True)


def _link(file: Path, copy: Path) -> None:
    try:
        os.link(file.resolve(), copy)
    except OSError:  # another disk, or one that has no links
        shutil.copy2(file, copy)


@contextmanager
def _written(path: Path) -> Iterator[None]:
    """Turn what goes wrong while writing into a BundleError."""
    try:
        yield
    except (OSError, SafetensorError) as error:
        message = f"{path} cannot be written ({error}): make room for it, or take another folder."
        raise BundleError(message) from error


def _vocabulary(path: Path) -> Vocabulary:
    try:
        return Vocabulary.load(path / VOCABULARY)
    except (OSError, ValueError) as error:
        message = f"{path / VOCABULARY} cannot be read ({error}): restore the bundle."
        raise BundleError(message) from error


def _read_description(path: Path) -> dict[str, Any]:
    file = path / "bundle.json"
    try:
        description = json.loads(file.read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise BundleError(f"{file} cannot be read ({error}): restore the bundle.") from error
    if not isinstance(description, dict) or description.get("format") != FORMAT:
        raise BundleError(f"{file} is not of bundle format {FORMAT}: update Emojich or the bundle.")
    if not isinstance(description.get("files"), dict):
        raise BundleError(f"{file} does not name its files: restore the bundle.")
    return description


def _write_description(path: Path, description: dict[str, Any]) -> None:
    text = json.dumps(description, indent=2, ensure_ascii=False)
    (path / "bundle.json").write_text(text + "\n", "utf-8")


def _check_file(file: Path, checksum: str) -> None:
    """What can be checked of a file at every start."""
    tensors = file.suffix == ".safetensors" and file.exists()
    if tensors and file.stat().st_size > HASHED_WHEN_OPENED:
        try:
            with safe_open(file, "pt"):  # reads the header, which says how long the file must be
                return
        except (OSError, SafetensorError) as error:
            raise BundleError(f"{file} cannot be opened ({error}): restore it.") from error
    _check_sum(file, checksum)


def _check_sum(
    file: Path, checksum: str, progress: Callable[[int], None] = lambda size: None
) -> None:
    try:
        found = sha256(file, progress)
    except OSError as error:
        raise BundleError(f"{file} is missing or unreadable: restore the bundle.") from error
    if found != checksum:
        raise BundleError(f"{file} is damaged (wrong check sum): restore the bundle.")


def sha256(path: Path, progress: Callable[[int], None] = lambda size: None) -> str:
    """The check sum of a file; `progress` is called with numbers of bytes read."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(2**22):
            digest.update(chunk)
            progress(len(chunk))
    return digest.hexdigest()


def _config(kind: type, values: dict[str, Any]) -> Any:
    """A configuration from JSON, where tuples have become lists."""
    return kind(**{k: tuple(v) if isinstance(v, list) else v for k, v in values.items()})
