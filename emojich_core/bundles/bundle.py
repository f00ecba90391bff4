"""Model bundles: everything that belongs to one model, in one folder.

    bundle.json              the name, the configuration of every stage, check sums
    bpe.model                the tokenizer
    transformer.safetensors  vqgan.safetensors  upscale.safetensors  matting.safetensors
    vocabulary.tsv           the words that the model has learned; without it, it draws any prompt
    judge.safetensors  judge-bpe.model    ruCLIP, which ranks images; not every bundle has it

model_options.py knows the folders of bundles.
"""

import dataclasses
import hashlib
import json
import os
import re
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

from emojich_core.bundles.description import (
    FILES,
    FORMAT,
    JUDGE,
    JUDGE_FILES,
    JUDGE_TOKENIZER,
    STAGES,
    TOKENIZER,
    VOCABULARY,
    brief,
    check_readable,
    files_of,
    has_judge,
    read_description,
    to_config,
)
from emojich_core.errors import BundleError
from emojich_core.inference.sampling import Sampling
from emojich_core.model_options import find_bundle
from emojich_core.networks.matting import MattingConfig
from emojich_core.networks.ruclip import HEAD, RuCLIPConfig
from emojich_core.networks.tokenizer import check_bpe
from emojich_core.networks.transformer import TransformerConfig
from emojich_core.networks.upscale import UpscaleConfig
from emojich_core.networks.vqgan import VQGANConfig
from emojich_core.reading.vocabulary import Vocabulary

# Bytes.  Opening a bundle hashes files up to this size.  Of larger ones, 3 GB in published models,
# only the size is checked, because hashing would delay every start by seconds; `emojich weights
# verify` finds damage to them.
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
    vocabulary: Vocabulary | None = None  # None: the bundle draws any prompt
    judge: RuCLIPConfig | None = None  # None: perplexity alone ranks the images

    @property
    def tokenizer(self) -> Path:
        """The BPE model's file."""
        return self.path / TOKENIZER

    @property
    def judge_tokenizer(self) -> Path:
        """The file of the judge's BPE model."""
        return self.path / JUDGE_TOKENIZER

    def weights(self, stage: str, dtype: torch.dtype | None = None) -> dict[str, Tensor]:
        """The parameters of one of STAGES, or of the judge, in `dtype` if given.

        Parameters stored in `dtype` are mapped from the file: they take no memory before they are
        used.  Others are converted one by one, so that never two copies of all exist.
        """
        file = self.path / f"{stage}.safetensors"
        mapped = safetensors.torch.load_file(file)
        if dtype is None or all(t.dtype == dtype for t in mapped.values() if t.is_floating_point()):
            return mapped
        keys = list(mapped)
        del mapped
        # Read, not mapped: an open mapping keeps in memory all that has been read of it.
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
    description = read_description(path)
    for file in files_of(description):
        _check_file(path / file, description["files"][file])
    try:
        bundle = Bundle(
            path=path,
            name=description["name"],
            transformer=to_config(TransformerConfig, description.get("transformer")),
            vqgan=to_config(VQGANConfig, description.get("vqgan")),
            upscale=to_config(UpscaleConfig, description.get("upscale")),
            matting=to_config(MattingConfig, description.get("matting")),
            sampling=to_config(Sampling, description.get("sampling")),
            licence=description.get("licence", ""),
            vocabulary=_vocabulary(path) if VOCABULARY in description["files"] else None,
            judge=(
                to_config(RuCLIPConfig, description.get(JUDGE)) if has_judge(description) else None
            ),
        )
        _check_numbers(bundle)
    except ValueError as error:
        where = path / "bundle.json"
        raise BundleError(f"{where} is not as it was written ({error}): restore it.") from error
    return bundle


def _check_numbers(bundle: Bundle) -> None:
    """Raise ValueError for configurations of stages that do not fit each other."""
    transformer, vqgan = bundle.transformer, bundle.vqgan
    if transformer.hidden_size % transformer.num_attention_heads:
        raise ValueError("its heads do not share hidden_size evenly")
    codes = transformer.image_tokens_per_dim, transformer.image_vocab_size
    if codes != (vqgan.codes_per_side, vqgan.n_embed):
        raise ValueError("transformer and vqgan speak of other codes")
    words = transformer.vocab_size - transformer.text_seq_length
    if check_bpe(bundle.tokenizer) > words:
        raise ValueError(f"{TOKENIZER} has more tokens than the transformer knows")
    if bundle.upscale.scale not in (1, 2, 4, 8):
        raise ValueError(f"scale is {bundle.upscale.scale}")
    # For a name with a colon or slash, timm would download a model.
    if not re.fullmatch(r"[\w.-]+", bundle.matting.encoder_name, re.ASCII):
        raise ValueError("encoder_name is no name")
    if bundle.judge:
        check_judge(bundle.judge)
        if check_bpe(bundle.judge_tokenizer) > bundle.judge.vocab_size:
            raise ValueError(f"{JUDGE_TOKENIZER} has more tokens than the judge knows")


def check_judge(judge: RuCLIPConfig) -> None:
    """Raise ValueError for numbers of a judge that do not fit each other."""
    if judge.vision_width % HEAD or judge.transformer_width % judge.transformer_heads:
        raise ValueError("the judge's heads do not share its width evenly")
    if judge.vision_patch_size > judge.image_resolution:
        raise ValueError("a patch of the judge's is larger than its picture")
    if not len(judge.mean) == len(judge.std) == 3 or min(judge.std) <= 0:
        raise ValueError("mean and std of the judge are not those of three channels")


def verify_bundle(path: Path, progress: Callable[[int], None] = lambda size: None) -> None:
    """Hash every file of a bundle; `progress` is called with numbers of bytes read.

    Raises BundleError for the first damaged file.
    """
    description = read_description(path)
    for file in files_of(description):
        _check_sum(path / file, description["files"][file], progress)


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
    judge_tokenizer: Path | None = None,
    progress: Callable[[int], None] = lambda size: None,
) -> None:
    """Write a bundle: `weights` by stage, `configs` by stage and for "sampling".

    `sources` says where each stage comes from.  A bundle without a `vocabulary` draws any prompt.
    One with a `judge_tokenizer` has a judge, a stage of `weights` and `configs`.
    `progress` is called with numbers of bytes: the weights count twice, written and hashed.
    Raises BundleError when the bundle cannot be written.
    """
    files, stages = [*FILES], [*STAGES]
    if vocabulary is not None:
        files.append(VOCABULARY)
    if judge_tokenizer is not None:
        files += JUDGE_FILES
        stages.append(JUDGE)
    with _write_errors(path):
        path.mkdir(parents=True, exist_ok=True)
        (path / TOKENIZER).write_bytes(tokenizer.read_bytes())
        if vocabulary is not None:
            vocabulary.save(path / VOCABULARY)
        if judge_tokenizer is not None:
            (path / JUDGE_TOKENIZER).write_bytes(judge_tokenizer.read_bytes())
        for stage in stages:
            tensors = {key: value.contiguous() for key, value in weights[stage].items()}
            safetensors.torch.save_file(tensors, path / f"{stage}.safetensors")
            # safetensors makes its files private: follow the umask instead.
            shutil.copymode(path / TOKENIZER, path / f"{stage}.safetensors")
            progress(size_of(tensors))
        description = {
            "format": FORMAT,
            "name": name,
            "licence": licence,
            "sources": sources or {},
            **{key: dataclasses.asdict(config) for key, config in configs.items()},
            "files": {file: sha256(path / file, progress) for file in files},
        }
        _write_description(path, description)


def derive_bundle(
    base: Bundle,
    path: Path,
    transformer: dict[str, Tensor],
    source: str,
    captions: Iterable[str] = (),
) -> None:
    """Write a bundle with another transformer, which comes from `source`; all else is the base's.

    The words of `captions`, which the transformer has learned, join the vocabulary, if there is
    one.  All candidates of the new bundle have the style that was learned.  The other files become
    hard links where the file system has them.  `path` appears only when the bundle is complete.
    Raises BundleError when the bundle cannot be written, or is there already.
    """
    description = read_description(base.path)
    staged = path.with_name(f".{path.name}.new")
    changed = staged / "transformer.safetensors"
    vocabulary = base.vocabulary and base.vocabulary.with_captions(captions)
    shutil.rmtree(staged, ignore_errors=True)
    try:
        with _write_errors(path):
            staged.mkdir(parents=True)
            for file in files_of(description):
                if file not in (changed.name, VOCABULARY):
                    _link(base.path / file, staged / file)
            if vocabulary:
                vocabulary.save(staged / VOCABULARY)
                description["files"][VOCABULARY] = sha256(staged / VOCABULARY)
            safetensors.torch.save_file(transformer, changed)
            shutil.copymode(staged / TOKENIZER, changed)
            description["name"] = path.name
            description.pop("title", None)
            # Fine-tuning teaches neither style words nor the images without a prompt of guidance.
            own = {"styles": [], "guidance": 1.0}
            description["sampling"] = {**description["sampling"], **own}
            description["sources"] = {**description.get("sources", {}), "transformer": source}
            checksums = {file: description["files"][file] for file in files_of(description)}
            description["files"] = {**checksums, changed.name: sha256(changed)}
            _write_description(staged, description)
            staged.rename(path)
    finally:
        shutil.rmtree(staged, ignore_errors=True)


def replace_vocabulary(path: Path, vocabulary: Vocabulary) -> None:
    """Write another vocabulary into a bundle that has one."""
    description = read_description(path)
    with _write_errors(path):
        vocabulary.save(path / VOCABULARY)
        description["files"][VOCABULARY] = sha256(path / VOCABULARY)
        _write_description(path, description)


def _link(file: Path, copy: Path) -> None:
    try:
        os.link(file.resolve(), copy)
    except OSError:  # another file system, or one without hard links
        shutil.copy2(file, copy)


@contextmanager
def _write_errors(path: Path) -> Iterator[None]:
    """Turn an error while writing into a BundleError."""
    try:
        yield
    except (OSError, SafetensorError) as error:
        message = f"{path} cannot be written ({error}): make room for it, or take another folder."
        raise BundleError(message) from error


def _vocabulary(path: Path) -> Vocabulary:
    try:
        return Vocabulary.load(path / VOCABULARY)
    except (OSError, ValueError) as error:
        message = f"{path / VOCABULARY} cannot be read ({brief(error)}): restore the bundle."
        raise BundleError(message) from error


def _write_description(path: Path, description: dict[str, Any]) -> None:
    text = json.dumps(description, indent=2, ensure_ascii=False)
    (path / "bundle.json").write_text(text + "\n", "utf-8")


def _check_file(file: Path, checksum: str) -> None:
    """Check a file as fast as every start requires; see HASHED_WHEN_OPENED."""
    check_readable(file)
    is_weights = file.suffix == ".safetensors"
    if not is_weights or file.stat().st_size <= HASHED_WHEN_OPENED:
        _check_sum(file, checksum)
    if is_weights:
        try:
            with safe_open(file, "pt"):  # reads the header, which says how long the file must be
                pass
        except (OSError, SafetensorError) as error:
            raise BundleError(f"{file} cannot be opened ({brief(error)}): restore it.") from error


def _check_sum(
    file: Path, checksum: str, progress: Callable[[int], None] = lambda size: None
) -> None:
    check_readable(file)
    try:
        found = sha256(file, progress)
    except OSError as error:
        raise BundleError(f"{file} is unreadable: restore the bundle.") from error
    if found != checksum:
        raise BundleError(f"{file} is damaged (wrong check sum): restore the bundle.")


def size_of(tensors: dict[str, Tensor]) -> int:
    """The size of all tensors together, in bytes."""
    return sum(tensor.nbytes for tensor in tensors.values())


def sha256(path: Path, progress: Callable[[int], None] = lambda size: None) -> str:
    """The check sum of a file; `progress` is called with numbers of bytes read."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(2**22):
            digest.update(chunk)
            progress(len(chunk))
    return digest.hexdigest()
