import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import safetensors.torch
import torch

from emojich_core.bundles import BundleError, load_bundle, verify_bundle
from emojich_core.choices import models_folder
from emojich_core.pipeline import Pipeline


@pytest.fixture
def copy(tiny_bundle: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(tiny_bundle, tmp_path / "copy"))


def truncate(bundle: Path) -> None:
    file = bundle / "transformer.safetensors"
    file.write_bytes(file.read_bytes()[:-100])


def flip_a_byte(bundle: Path) -> None:
    file = bundle / "vqgan.safetensors"
    data = bytearray(file.read_bytes())
    data[-1] ^= 1
    file.write_bytes(data)


def remove(bundle: Path) -> None:
    (bundle / "bpe.model").unlink()


def break_json(bundle: Path) -> None:
    (bundle / "bundle.json").write_text("{")


def other_format(bundle: Path) -> None:
    rewrite(bundle, format=99)


def lack_a_stage(bundle: Path) -> None:
    rewrite(bundle, matting=None)


def lack_the_files(bundle: Path) -> None:
    rewrite(bundle, files=None)


def rewrite(bundle: Path, **changes: object) -> None:
    description = json.loads((bundle / "bundle.json").read_text()) | changes
    kept = {key: value for key, value in description.items() if value is not None}
    (bundle / "bundle.json").write_text(json.dumps(kept))


@pytest.mark.parametrize(
    ("damage", "file"),
    [
        (truncate, "transformer.safetensors"),
        (flip_a_byte, "vqgan.safetensors"),
        (remove, "bpe.model"),
        (break_json, "bundle.json"),
        (other_format, "bundle.json"),
        (lack_a_stage, "bundle.json"),
        (lack_the_files, "bundle.json"),
    ],
)
def test_damage_is_one_sentence_that_names_the_file(
    copy: Path, damage: Callable[[Path], None], file: str
) -> None:
    damage(copy)
    with pytest.raises(BundleError) as caught:
        load_bundle(str(copy))
    assert file in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_missing_bundle_names_those_that_are_there() -> None:
    with pytest.raises(BundleError, match="EMOJICH_MODEL"):
        load_bundle("no-such-bundle")


def test_weights_of_another_shape_are_refused(copy: Path) -> None:
    description = json.loads((copy / "bundle.json").read_text())
    description["transformer"]["num_layers"] = 3
    rewrite(copy, transformer=description["transformer"])
    with pytest.raises(BundleError, match="transformer"):
        Pipeline.load(str(copy), "cpu")


@pytest.mark.parametrize(
    ("stage", "numbers"),
    [
        ("matting", {"encoder_name": "no-such-net"}),
        ("vqgan", {"norm_groups": 7}),
        ("upscale", {"num_block": 2}),
    ],
)
def test_numbers_of_no_network_are_refused(copy: Path, stage: str, numbers: dict) -> None:
    description = json.loads((copy / "bundle.json").read_text())
    rewrite(copy, **{stage: description[stage] | numbers})
    with pytest.raises(BundleError, match=f"{stage}.safetensors does not fit"):
        Pipeline.load(str(copy), "cpu")


def test_a_device_that_is_not_here_is_refused(tiny_bundle: Path) -> None:
    with pytest.raises(BundleError, match="EMOJICH_DEVICE"):
        Pipeline.load(str(tiny_bundle), "cuda:7")
    with pytest.raises(BundleError, match="EMOJICH_DEVICE"):
        Pipeline.load(str(tiny_bundle), "toaster")


@pytest.mark.parametrize("damage", [truncate, flip_a_byte])
def test_of_large_files_the_size_is_checked_and_the_rest_by_verify(
    copy: Path, damage: Callable[[Path], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("emojich_core.bundles.HASHED_WHEN_OPENED", 0)
    load_bundle(str(copy))
    damage(copy)
    if damage is truncate:
        with pytest.raises(BundleError, match="transformer"):
            load_bundle(str(copy))
    else:
        load_bundle(str(copy))
    with pytest.raises(BundleError, match="wrong check sum"):
        verify_bundle(copy)


def test_names_are_looked_up_in_the_models_folder(
    copy: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("EMOJICH_MODELS", str(tmp_path))
    assert models_folder() == tmp_path
    assert load_bundle("copy").path == copy
    monkeypatch.delenv("EMOJICH_MODELS")
    monkeypatch.setenv("XDG_DATA_HOME", "/data")
    assert models_folder() == Path("/data/emojich/models")
    monkeypatch.delenv("XDG_DATA_HOME")
    monkeypatch.setenv("HOME", "/home/me")
    assert models_folder() == Path("/home/me/.local/share/emojich/models")


GROWTH = """
import sys, torch
from emojich_core.bundles import load_bundle

def peak():  # getrusage's begins with that of the process that has started this one
    with open("/proc/self/status") as status:
        return next(1024 * int(row.split()[1]) for row in status if row.startswith("VmHWM"))

bundle = load_bundle(sys.argv[1])
for dtype in (torch.float16, torch.bfloat16):
    before = peak()
    weights = bundle.weights("transformer", dtype)
    assert {tensor.dtype for tensor in weights.values()} == {dtype}
    print(peak() - before)
"""


def test_weights_are_mapped_or_converted_without_a_second_copy(copy: Path) -> None:
    tensors = {str(i): torch.zeros(2**21, dtype=torch.float16) for i in range(32)}
    size = 32 * 2**22  # bytes, more than HASHED_WHEN_OPENED
    safetensors.torch.save_file(tensors, copy / "transformer.safetensors")

    command = [sys.executable, "-c", GROWTH, str(copy)]
    printed = subprocess.check_output(command, cwd=Path(__file__).parents[2])
    mapped, converted = map(int, printed.split())
    assert mapped < 0.1 * size
    assert 0.5 * size < converted < 1.15 * size  # less, and it could not be seen
