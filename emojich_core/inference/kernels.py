"""Products and attention of an int8 step in C, for CPUs with AVX-512 VNNI: `kernels.c`.

oneDNN multiplies the few rows of a step at half the speed of memory, and PyTorch's attention for
one position reads gathered copies of keys and values.  The first process with a C compiler builds
the kernels, in a second, and keeps them; where there is none, PyTorch does the work.
"""

import ctypes
import hashlib
import logging
import os
import subprocess
import tempfile
from ctypes import c_long, c_void_p
from functools import cache
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor

from emojich_core.errors import BundleError

log = logging.getLogger("emojich.cpu")

SOURCE = Path(__file__).with_name("kernels.c")
FLAGS = (
    *("-O3", "-fopenmp", "-fPIC", "-fno-math-errno", "-fno-trapping-math"),
    *("-mavx512f", "-mavx512bw", "-mavx512vl", "-mavx512dq", "-mavx512vnni", "-mfma"),
    "-mprefer-vector-width=512",
)
OUTPUTS, INPUTS = 32, 4  # of a block of weights, whose halves two instructions multiply


class Norm(ctypes.Structure):
    """`struct norm`."""

    _fields_ = [("weight", c_void_p), ("bias", c_void_p)]


class Linear(ctypes.Structure):
    """`struct linear`."""

    _fields_ = [
        *((name, c_void_p) for name in ("weight", "scale", "bias")),
        *((name, c_long) for name in ("inputs", "outputs")),
    ]


class Layer(ctypes.Structure):
    """`struct layer`."""

    _fields_ = [
        *((f"norm_{number}", Norm) for number in range(4)),
        *((f"linear_{number}", Linear) for number in range(4)),
        ("heads", c_long),
    ]


class Cache(ctypes.Structure):
    """`struct cache`."""

    _fields_ = [
        *((name, c_void_p) for name in ("keys", "values", "write", "read", "bias")),
        *((name, c_long) for name in ("size", "seen")),
    ]


def are_of_use() -> bool:
    """Whether the CPU has VNNI, and no AMX, which oneDNN uses."""
    return torch.cpu._is_vnni_supported() and not torch.cpu._is_amx_tile_supported()


@cache
def library() -> ctypes.CDLL | None:
    """The compiled kernels; None where the CPU has no VNNI, or the machine no C compiler.

    None with AMX, too, which oneDNN uses.
    """
    if not are_of_use():
        return None
    try:
        compiled = ctypes.CDLL(str(build()))
    except (BundleError, OSError) as error:
        log.warning("no C kernels, so int8 takes longer: %s", error)
        return None
    compiled.apply.argtypes = [c_void_p, c_void_p, c_long, c_void_p]
    compiled.step.argtypes = [c_void_p, Cache, c_long, c_void_p]
    compiled.apply.errcheck = compiled.step.errcheck = _check  # type: ignore[assignment]
    return compiled


def _check(done: int, *_: object) -> None:
    if not done:
        raise MemoryError


def build() -> Path:
    """The library, built unless an earlier process has done it.  Raises BundleError.

    Nothing links it with OpenMP, so that it uses the threads of PyTorch's, already loaded.
    """
    try:
        return _built()
    except (OSError, subprocess.CalledProcessError) as error:
        raise BundleError(
            f"The C kernels of int8 cannot be built ({error}): install a C compiler (Debian, "
            f"Ubuntu: gcc libc6-dev), and let this user write to {_folder()}."
        ) from error


def _built() -> Path:
    key = hashlib.sha256(SOURCE.read_bytes() + " ".join(FLAGS).encode()).hexdigest()[:16]
    folder = _folder()
    path = folder / f"kernels-{key}.so"
    if not path.exists():
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder) as aside:
            compiled, linked = f"{aside}/kernels.o", f"{aside}/kernels.so"
            _run_compiler(*FLAGS, "-c", str(SOURCE), "-o", compiled)
            _run_compiler("-shared", compiled, "-o", linked)
            os.replace(linked, path)
    return path


def _run_compiler(*arguments: str) -> None:
    subprocess.run(["cc", *arguments], check=True, capture_output=True)


def _folder() -> Path:
    """The user's own folder for what can be made again; others cannot write there."""
    return Path(os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache"), "emojich")


def loaded() -> ctypes.CDLL:
    """The kernels, where there are some."""
    compiled = library()
    assert compiled is not None, "nothing is packed for kernels that are not there"
    return compiled


def pack(weight: Tensor) -> Tensor:
    """Weights (outputs, inputs) int8 → (N, inputs / INPUTS, OUTPUTS, INPUTS) uint8, plus 128.

    VNNI multiplies bytes without a sign by bytes with one, and only the latter, the digits of the
    inputs, can be copied to all lanes on the way.  Outputs are filled up to N times OUTPUTS.
    """
    shifted = (weight.short() + 128).to(torch.uint8)
    shifted = F.pad(shifted, (0, 0, 0, -len(shifted) % OUTPUTS))
    return (
        shifted.view(-1, OUTPUTS, shifted.shape[1] // INPUTS, INPUTS).transpose(1, 2).contiguous()
    )
