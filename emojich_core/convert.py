"""Published checkpoints become the tensors of a bundle.

They are opened so that they cannot run code (`weights_only`), renamed, and compared with the
network they are for before anything is written.
"""

import zipfile
from collections.abc import Callable
from pathlib import Path
from pickle import UnpicklingError
from typing import Any

import safetensors.torch
import torch
from torch import Tensor, nn

from emojich_core.bundles import BundleError
from emojich_core.description import brief
from emojich_core.matting import make_unet
from emojich_core.transformer import Transformer
from emojich_core.upscale import make_upscaler
from emojich_core.vqgan import VQGAN

Tensors = dict[str, Tensor]

NETWORKS: dict[str, Callable[[Any], nn.Module]] = {
    "transformer": Transformer,
    "vqgan": VQGAN,
    "upscale": make_upscaler,
    "matting": make_unet,
}

# Under one of these a checkpoint may keep its tensors: Lightning's key, two of training loops, then
# BasicSR's two.
WRAPPERS = ("state_dict", "model_state_dict", "model", "params", "params_ema")
# And with one of these before every name: DataParallel's and half precision's, Lightning's,
# torch.compile's.
PREFIXES = ("module.", "model.", "_orig_mod.")


def convert(stage: str, config: Any, file: Path) -> Tensors:
    """The tensors of a published checkpoint, named and shaped as the network of `stage` wants them.

    They keep their precision, and are mapped from the file where its format allows it.
    Raises BundleError when the file is no such checkpoint.
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

    Raises BundleError when it is damaged, wants to run code, or holds something else.
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
    # Only the zip format can be mapped; what torch wrote before 1.6 is a bare pickle.
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

    The wavelet's decoder wraps another and brings its own `post_quant_conv`; the one beside it, of
    the plain decoder, is there but not used.
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
    """In what the tensors differ from those of the network, in a few words; "" if in nothing."""
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
