"""int8 in C, for CPUs with AVX-512 VNNI: a decoding step, and a dense block of Real-ESRGAN.

oneDNN multiplies the few rows of a step at half the speed of memory, PyTorch's attention for one
position reads gathered copies of keys and values, and a dense block in bfloat16 takes twice as
long.  The first process builds the kernels with a C compiler, in a second, and stores them; without
a compiler, PyTorch computes instead.
"""

import ctypes
import hashlib
import logging
import os
import stat
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

SOURCES = tuple(Path(__file__).with_name(name) for name in ("step.c", "dense_block.c"))
FUNCTIONS = ("apply", "step", "dense_block")
FLAGS = (
    *("-O3", "-fopenmp", "-fPIC", "-fno-math-errno", "-fno-trapping-math"),
    *("-mavx512f", "-mavx512bw", "-mavx512vl", "-mavx512dq", "-mavx512vnni", "-mfma"),
    "-mprefer-vector-width=512",
)
OTHERS_WRITE = stat.S_IWGRP | stat.S_IWOTH
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


class Convolution(ctypes.Structure):
    """`struct conv`."""

    _fields_ = [
        *((name, c_void_p) for name in ("weight", "scale", "bias")),
        *((name, c_long) for name in ("inputs", "outputs")),
    ]


class DenseBlock(ctypes.Structure):
    """`struct block`."""

    _fields_ = [("convs", Convolution * 5), ("scale", c_void_p), ("zero", c_void_p)]


def are_useful() -> bool:
    """Whether the CPU has VNNI, and no AMX, which oneDNN uses."""
    return torch.cpu._is_vnni_supported() and not torch.cpu._is_amx_tile_supported()


@cache
def library() -> ctypes.CDLL | None:
    """The compiled kernels; None where the CPU has no VNNI, or the machine no C compiler.

    None with AMX, too, which oneDNN uses.
    """
    if not are_useful():
        return None
    try:
        compiled = ctypes.CDLL(str(build()))
    except BundleError as error:
        log.warning("no C kernels, so int8 takes longer: %s", error)
        return None
    compiled.apply.argtypes = [c_void_p, c_void_p, c_long, c_void_p]
    compiled.step.argtypes = [c_void_p, Cache, c_long, c_void_p]
    compiled.dense_block.argtypes = [c_void_p, c_void_p, c_long, c_long, c_void_p]
    for function in FUNCTIONS:
        getattr(compiled, function).errcheck = _check
    return compiled


def _check(done: int, *_: object) -> None:
    if not done:
        raise MemoryError


def build() -> Path:
    """The library, built unless an earlier process has done it.  Raises BundleError.

    Nothing links it with OpenMP, so that it uses the threads of PyTorch's, already loaded.
    """
    try:
        path = _built()
        _try(path)
    except (AttributeError, OSError) as error:
        raise BundleError(
            f"The C kernels of int8 cannot be built ({error}): install a C compiler (Debian, "
            f"Ubuntu: gcc libc6-dev), and let this user own {_folder()}."
        ) from error
    return path


def _built() -> Path:
    parts = [*(source.read_bytes() for source in SOURCES), " ".join(FLAGS).encode()]
    key = hashlib.sha256(b"".join(parts)).hexdigest()[:16]
    folder = _folder()
    path = folder / f"kernels-{key}.so"
    if not folder.is_absolute():
        raise OSError("this user has no home: set XDG_CACHE_HOME")
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    _restrict(folder)
    if not (path.exists() and _is_own(path) and _is_whole(path)):
        with tempfile.TemporaryDirectory(dir=folder) as aside:
            linked, whole = (Path(aside, f"kernels.{end}") for end in ("so", "whole"))
            compiled = [str(Path(aside, f"{source.stem}.o")) for source in SOURCES]
            for source, to in zip(SOURCES, compiled, strict=True):
                _run_compiler(*FLAGS, "-c", str(source), "-o", to)
            _run_compiler("-shared", *compiled, "-o", str(linked))
            code = linked.read_bytes()
            whole.write_bytes(code + hashlib.sha256(code).digest())  # a loader reads no further
            whole.chmod(0o700)
            _try(whole)
            os.replace(whole, path)
    return path


def _try(path: Path) -> None:
    """Load a library.  Raises OSError, or AttributeError where it lacks a function."""
    library = ctypes.CDLL(str(path))
    for function in FUNCTIONS:
        getattr(library, function)


def _run_compiler(*arguments: str) -> None:
    ended = subprocess.run(["cc", *arguments], capture_output=True, text=True, errors="replace")
    if ended.returncode:
        raise OSError(f"cc ended with {ended.returncode}: {' '.join(ended.stderr.split())[:300]}")


def _folder() -> Path:
    """The user's cache folder, XDG_CACHE_HOME.

    Relative paths are ignored, as its specification demands.
    """
    wanted = os.environ.get("XDG_CACHE_HOME", "")
    return Path(wanted if os.path.isabs(wanted) else os.path.expanduser("~/.cache"), "emojich")


def _restrict(folder: Path) -> None:
    """Let no other user write to a folder, because this process loads libraries from it.

    Raises PermissionError for the folder of another user.
    """
    status = folder.stat()
    if status.st_uid not in (0, os.geteuid()):
        raise PermissionError(f"{folder} belongs to user {status.st_uid}")
    if status.st_mode & OTHERS_WRITE:
        folder.chmod(stat.S_IMODE(status.st_mode) & ~OTHERS_WRITE)


def _is_own(path: Path) -> bool:
    """Whether only this user and root can have written a file."""
    status = path.stat()
    return status.st_uid in (0, os.geteuid()) and not status.st_mode & OTHERS_WRITE


def _is_whole(path: Path) -> bool:
    """Whether a library ends in its own check sum; loading a part of one would kill the process."""
    content = path.read_bytes()
    return hashlib.sha256(content[:-32]).digest() == content[-32:]


def loaded() -> ctypes.CDLL:
    """The compiled kernels, for callers that know that there are some."""
    compiled = library()
    assert compiled is not None, "nothing is packed for kernels that are not there"
    return compiled


def pack(weight: Tensor) -> Tensor:
    """Weights (outputs, inputs) int8 → (N, inputs / INPUTS, OUTPUTS, INPUTS) uint8, plus 128.

    VNNI multiplies unsigned by signed bytes, and only the signed ones, the digits of the inputs,
    can be broadcast to all lanes by the same instruction.  Outputs are padded to N times OUTPUTS.
    """
    shifted = (weight.short() + 128).to(torch.uint8)
    shifted = F.pad(shifted, (0, 0, 0, -len(shifted) % OUTPUTS))
    return (
        shifted.view(-1, OUTPUTS, shifted.shape[1] // INPUTS, INPUTS).transpose(1, 2).contiguous()
    )
