"""Model bundles: one folder with everything that one model is.

    bundle.json              names, numbers of every stage, check sums
    bpe.model                the tokenizer
    transformer.safetensors  vqgan.safetensors  upscale.safetensors  matting.safetensors

`mini` ships with the project; any other bundle is named by its folder.
"""

import dataclasses
import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import safetensors.torch
import torch
from safetensors import safe_open
from torch import Tensor

from emojich_core.generation import Sampling
from emojich_core.matting import MattingConfig
from emojich_core.transformer import TransformerConfig
from emojich_core.upscale import UpscaleConfig
from emojich_core.vqgan import VQGANConfig

SHIPPED = Path(__file__).parent / "models"
FORMAT = 1
STAGES = ("transformer", "vqgan", "upscale", "matting")
TOKENIZER = "bpe.model"


class BundleError(Exception):
    """A bundle cannot be used; the message is one sentence that names the file and the cure."""


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
    """Open a bundle by its name or folder and check every file of it.

    Raises BundleError when it is missing, damaged, or of another format.
    """
    path = Path(model) if Path(model).is_dir() else SHIPPED / model
    description = _read_description(path, model)
    _check_files(path, description["files"])
    try:
        return Bundle(
            path=path,
            name=description["name"],
            transformer=_config(TransformerConfig, description["transformer"]),
            vqgan=_config(VQGANConfig, description["vqgan"]),
            upscale=_config(UpscaleConfig, description["upscale"]),
            matting=_config(MattingConfig, description["matting"]),
            sampling=_config(Sampling, description["sampling"]),
        )
    except (KeyError, TypeError) as error:
        file = path / "bundle.json"
        raise BundleError(f"{file} lacks something ({error}): restore the bundle.") from error


def save_bundle(
    path: Path,
    *,
    name: str,
    tokenizer: Path,
    configs: dict[str, Any],
    weights: dict[str, dict[str, Tensor]],
) -> None:
    """Write a bundle: `weights` by stage, `configs` by stage and for "sampling"."""
    path.mkdir(parents=True, exist_ok=True)
    (path / TOKENIZER).write_bytes(tokenizer.read_bytes())
    for stage in STAGES:
        tensors = {key: value.contiguous() for key, value in weights[stage].items()}
        safetensors.torch.save_file(tensors, path / f"{stage}.safetensors")
    files = [TOKENIZER, *(f"{stage}.safetensors" for stage in STAGES)]
    description = {
        "format": FORMAT,
        "name": name,
        **{key: dataclasses.asdict(config) for key, config in configs.items()},
        "files": {file: _sha256(path / file) for file in files},
    }
    text = json.dumps(description, indent=2, ensure_ascii=False)
    (path / "bundle.json").write_text(text + "\n")


def _read_description(path: Path, model: str) -> dict[str, Any]:
    file = path / "bundle.json"
    try:
        description = json.loads(file.read_text())
    except FileNotFoundError:
        known = ", ".join(sorted(p.parent.name for p in SHIPPED.glob("*/bundle.json")))
        raise BundleError(
            f"There is no model bundle {model!r}: "
            f"set EMOJICH_MODEL to a folder with a bundle.json, or to one of: {known}."
        ) from None
    except (OSError, ValueError) as error:
        raise BundleError(f"{file} cannot be read ({error}): restore the bundle.") from error
    if not isinstance(description, dict) or description.get("format") != FORMAT:
        raise BundleError(f"{file} is not of bundle format {FORMAT}: update Emojich or the bundle.")
    return description


def _check_files(path: Path, sums: dict[str, str]) -> None:
    for name, expected in sums.items():
        try:
            found = _sha256(path / name)
        except OSError as error:
            message = f"{path / name} is missing or unreadable: restore the bundle."
            raise BundleError(message) from error
        if found != expected:
            raise BundleError(f"{path / name} is damaged (wrong check sum): restore the bundle.")


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _config(kind: type, values: dict[str, Any]) -> Any:
    """A configuration from JSON, where tuples have become lists."""
    return kind(**{k: tuple(v) if isinstance(v, list) else v for k, v in values.items()})
