"""Converts published checkpoints into the tensors of a bundle.

A checkpoint is opened so that it cannot run code (`weights_only`).  Its tensors are renamed, and
compared with those of their network before anything is written.
"""

import zipfile
from collections.abc import Callable
from pathlib import Path
from pickle import UnpicklingError
from typing import Any

import safetensors.torch
import torch
from torch import Tensor, nn

from emojich_core.bundles.bundle import BundleError
from emojich_core.bundles.description import brief
from emojich_core.networks.matting import make_unet
from emojich_core.networks.ruclip import RuCLIP
from emojich_core.networks.transformer import Transformer
from emojich_core.networks.upscale import make_upscaler
from emojich_core.networks.vqgan import VQGAN

Tensors = dict[str, Tensor]

NETWORKS: dict[str, Callable[[Any], nn.Module]] = {
    "transformer": Transformer,
    "vqgan": VQGAN,
    "upscale": make_upscaler,
    "matting": make_unet,
    "judge": RuCLIP,
}

# A checkpoint may hold its tensors under one of these keys: Lightning's, two of common training
# loops, and BasicSR's two.
WRAPPERS = ("state_dict", "model_state_dict", "model", "params", "params_ema")
# Every name may have one of these prefixes: of DataParallel and half precision, of Lightning, of
# torch.compile.
PREFIXES = ("module.", "model.", "_orig_mod.")


def convert(stage: str, config: Any, file: Path) -> Tensors:
    """The tensors of a published checkpoint, with the names and shapes of the network of `stage`.

    They keep their precision, and are mapped from the file where its format allows it.
    Raises BundleError when the file is no checkpoint of this stage.
    """
    tensors = read_checkpoint(file)
    tensors = {"transformer": _transformer, "vqgan": _vqgan}.get(stage, dict)(tensors)
    with torch.device("meta"):
        expected = NETWORKS[stage](config).state_dict()
    if fault := _difference(tensors, expected):
        raise BundleError(
            f"{file} is not the {stage} it should be ({fault}): fetch the right file."
        )
    return tensors


def read_checkpoint(file: Path) -> Tensors:
    """The tensors in a file that torch.save wrote, or in a safetensors file.

    Raises BundleError when the file is damaged, would run code, or holds something else.
    """
    if not file.is_file():
        raise BundleError(f"{file} is no file: name a checkpoint, or pull it.")
    try:
        content = _content(file)
    except UnpicklingError as error:
        message = f"{file} is no plain checkpoint and might run code: do not use it; fetch another"
        raise BundleError(f"{message}.") from error
    except MemoryError:
        raise
    except Exception as error:  # damage can show in any way
        what = brief(error) or type(error).__name__  # an empty file has no message
        raise BundleError(f"{file} is damaged ({what}): fetch it anew.") from error
    for wrapper in WRAPPERS:
        if isinstance(content, dict) and isinstance(content.get(wrapper), dict):
            content = content[wrapper]
    if not isinstance(content, dict) or not all(map(_is_named_tensor, content.items())):
        raise BundleError(f"{file} holds no tensors by name: fetch the right file.")
    while prefix := _common_prefix(content):
        content = {key.removeprefix(prefix): value for key, value in content.items()}
    return content


def _content(file: Path) -> Any:
    if file.suffix.lower() == ".safetensors":
        return safetensors.torch.load_file(file)
    # Only the zip format can be mapped; torch before 1.6 wrote bare pickles.
    mapped = zipfile.is_zipfile(file)
    return torch.load(file, map_location="cpu", weights_only=True, mmap=mapped)


def _is_named_tensor(item: tuple[object, object]) -> bool:
    key, value = item
    if not isinstance(key, str) or not isinstance(value, Tensor):
        return False
    return value.layout == torch.strided and not value.is_quantized


def _common_prefix(tensors: Tensors) -> str | None:
    """The prefix that every name has, if any."""
    if not tensors:
        return None
    return next((p for p in PREFIXES if all(key.startswith(p) for key in tensors)), None)


def _transformer(tensors: Tensors) -> Tensors:
    """Drop the masks, which follow from the configuration."""
    return {key: value for key, value in tensors.items() if not key.endswith("_mask")}


def _vqgan(tensors: Tensors) -> Tensors:
    """Bring the plain and the wavelet checkpoint to the same names.

    The wavelet's decoder wraps another one and has its own `post_quant_conv`; the checkpoint also
    holds that of the plain decoder, which is not used.
    """
    named = tensors
    if any(key.startswith("decoder.decoder.") for key in named):
        named = {k: v for k, v in named.items() if not k.startswith("post_quant_conv.")}
        named = {k.removeprefix("decoder.") if _in_wrapper(k) else k: v for k, v in named.items()}
    unused = ("loss.", "decoder.idwt.")
    return {key: value for key, value in named.items() if not key.startswith(unused)}


def _in_wrapper(key: str) -> bool:
    return key.startswith(("decoder.decoder.", "decoder.post_quant_conv."))


def _difference(found: Tensors, expected: Tensors) -> str:
    """The first difference between the tensors and those of the network, in words; "" if none."""
    for key, value in expected.items():
        if key not in found:
            return f"it lacks {key}"
        if found[key].is_floating_point() != value.is_floating_point():
            return f"{key} is of {found[key].dtype}"
        if found[key].shape != value.shape:
            return f"{key} is {tuple(found[key].shape)} and not {tuple(value.shape)}"
    for key in found:
        if key not in expected:
            return f"nothing is known of its {key!a:.100}"
    return ""
