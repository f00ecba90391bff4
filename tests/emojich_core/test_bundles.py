import contextlib
import hashlib
import json
import os
import resource
import shutil
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import safetensors.torch
import torch

from emojich_core.bundles.bundle import (
    BundleError,
    derive_bundle,
    load_bundle,
    sha256,
    verify_bundle,
)
from emojich_core.bundles.description import FILES, JUDGE_FILES, read_description
from emojich_core.cli.main import main
from emojich_core.model_options import models_folder
from emojich_core.pipeline import Pipeline
from tests.emojich_core.tiny import RUCLIP


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
    fields = {key: value for key, value in description.items() if value is not None}
    (bundle / "bundle.json").write_text(json.dumps(fields))


def number(stage: str, name: str, value: object) -> Callable[[Path], None]:
    def change(bundle: Path) -> None:
        description = json.loads((bundle / "bundle.json").read_text())
        rewrite(bundle, **{stage: description[stage] | {name: value}})

    return change


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
def test_damaged_file_is_one_sentence_that_names_it(
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
def test_impossible_network_sizes_are_refused(copy: Path, stage: str, numbers: dict) -> None:
    description = json.loads((copy / "bundle.json").read_text())
    rewrite(copy, **{stage: description[stage] | numbers})
    with pytest.raises(BundleError, match=f"{stage}.safetensors does not fit"):
        Pipeline.load(str(copy), "cpu")


@pytest.mark.parametrize(
    "title", [7, [], {"ru": 7}, {"ru": "a\nb"}, {"ru": "x" * 500}, {"de": "Stil"}, {"": ""}]
)
def test_odd_title_is_refused_in_one_sentence(copy: Path, title: object) -> None:
    rewrite(copy, title=title)
    with pytest.raises(BundleError, match="title") as caught:
        load_bundle(str(copy))
    assert "\n" not in str(caught.value)


def test_derived_bundle_does_not_have_the_title_of_its_base(copy: Path) -> None:
    rewrite(copy, title={"ru": "Основа", "en": "Base"})
    bundle, derived = load_bundle(str(copy)), copy.parent / "derived"
    derive_bundle(bundle, derived, bundle.weights("transformer"), "tiny")
    assert "title" not in read_description(derived)


# --- Bundles with a judge -------------------------------------------------------------------------


@pytest.fixture
def judged(judged_bundle: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(judged_bundle, tmp_path / "judged"))


def test_bundle_with_a_judge_opens_and_keeps_it_through_fine_tuning(
    judged: Path, tiny_bundle: Path
) -> None:
    assert load_bundle(str(tiny_bundle)).judge is None
    bundle = load_bundle(str(judged))
    assert bundle.judge == RUCLIP
    verify_bundle(judged)
    assert {tensor.dtype for tensor in bundle.weights("judge").values()} == {torch.float16}

    derived = judged.parent / "derived"
    derive_bundle(bundle, derived, bundle.weights("transformer"), "tiny")
    verify_bundle(derived)
    assert load_bundle(str(derived)).judge == RUCLIP
    assert {file.name for file in derived.iterdir()} == {"bundle.json", *FILES, *JUDGE_FILES}


def without_a_number(bundle: Path) -> None:
    numbers = json.loads((bundle / "bundle.json").read_text())["judge"]
    del numbers["embed_dim"]
    rewrite(bundle, judge=numbers)


def without_check_sums(bundle: Path) -> None:
    files = json.loads((bundle / "bundle.json").read_text())["files"]
    rewrite(bundle, files={name: files[name] for name in FILES})


BAD_JUDGES: dict[str, tuple[Callable[[Path], object], str]] = {
    "damaged weights": (
        lambda b: (b / "judge.safetensors").write_bytes(b"x"),
        r"judge\.safetensors",
    ),
    "damaged BPE": (lambda b: (b / "judge-bpe.model").write_text("1 2"), r"judge-bpe\.model"),
    "no BPE": (lambda b: (b / "judge-bpe.model").unlink(), r"judge-bpe\.model is missing"),
    "no configuration": (lambda b: rewrite(b, judge=None), "has no RuCLIPConfig"),
    "no check sums": (without_check_sums, r"no check sum of judge-bpe\.model"),
    "no embed_dim": (without_a_number, "RuCLIPConfig has no embed_dim"),
    "an unknown name": (number("judge", "depth", 2), "has no 'depth'"),
    "10^9 layers": (number("judge", "vision_layers", 10**9), "vision_layers is"),
    "odd heads": (number("judge", "transformer_heads", 3), "heads"),
    "a narrow head": (number("judge", "vision_width", 32), "heads"),
    "a large patch": (number("judge", "vision_patch_size", 33), "larger than its picture"),
    "two channels": (number("judge", "mean", [0.5, 0.5]), "three channels"),
    "no spread": (number("judge", "std", [0.5, 0.0, 0.5]), "three channels"),
    "fewer words": (number("judge", "vocab_size", 59), "more tokens than the judge knows"),
}


@pytest.mark.parametrize("kind", BAD_JUDGES)
def test_bad_judge_is_refused_in_one_sentence(judged: Path, kind: str) -> None:
    damage, message = BAD_JUDGES[kind]
    damage(judged)
    with pytest.raises(BundleError, match=message) as caught:
        load_bundle(str(judged))
    assert str(judged) in str(caught.value)
    assert str(caught.value).isprintable()


# --- Bundles from other people --------------------------------------------------------------------


def text(bundle: Path, old: str, new: str) -> None:
    """Edit bundle.json as text."""
    file = bundle / "bundle.json"
    assert old in file.read_text()
    file.write_text(file.read_text().replace(old, new, 1))


def replaced(file: str, make: Callable[[Path], object]) -> Callable[[Path], None]:
    def change(bundle: Path) -> None:
        (bundle / file).unlink()
        make(bundle / file)

    return change


def socket_at(file: Path) -> None:
    # A socket's path must be short.
    with socket.socket(socket.AF_UNIX) as opened, contextlib.chdir(file.parent):
        opened.bind(file.name)


def sparse(file: Path) -> None:
    with file.open("wb") as opened:
        opened.truncate(2**40)


def bpe(content: bytes) -> Callable[[Path], None]:
    """A BPE model with its check sum."""

    def change(bundle: Path) -> None:
        (bundle / "bpe.model").write_bytes(content)
        description = json.loads((bundle / "bundle.json").read_text())
        checksum = hashlib.sha256(content).hexdigest()
        rewrite(bundle, files=description["files"] | {"bpe.model": checksum})

    return change


def doubling(rules: int) -> bytes:
    """A BPE model whose tokens double in length."""
    pairs = [(4, 4, 5), *((i, i, i + 1) for i in range(5, rules + 4))]
    lines = [f"1 {rules}", "9601 4", *(" ".join(map(str, pair)) for pair in pairs), "1 0 2 3"]
    return "\n".join(lines).encode()


HOSTILE: dict[str, Callable[[Path], object]] = {
    "deep JSON": lambda b: (b / "bundle.json").write_text("[" * 10**6),
    "long JSON": lambda b: sparse(b / "bundle.json"),
    "no UTF-8": lambda b: (b / "bundle.json").write_bytes(b'{"format": 1, "\xff": 1}'),
    "a number of 5,000 digits": lambda b: text(b, '"num_layers": 2', f'"num_layers": {"9" * 5000}'),
    "NaN": number("sampling", "temperature", float("nan")),
    "infinity": lambda b: text(b, '"temperature": 1.0', '"temperature": 1e999'),
    "a name twice": lambda b: text(b, '"num_layers": 2', '"num_layers": 2, "num_layers": 3'),
    "10^9 layers": number("transformer", "num_layers", 10**9),
    "10^9 blocks": number("upscale", "num_block", 10**9),
    "10^9 rows of codes": number("transformer", "image_tokens_per_dim", 10**9),
    "no layers": number("transformer", "num_layers", 0),
    "negative": number("vqgan", "ch", -8),
    "a number as a string": number("upscale", "num_feat", "8"),
    "a fraction": number("transformer", "hidden_size", 32.5),
    "a truth as a number": number("transformer", "num_attention_heads", True),
    "odd heads": number("transformer", "num_attention_heads", 3),
    "other codes": number("vqgan", "n_embed", 16),
    "another side": number("vqgan", "resolution", 64),
    "fewer words": number("transformer", "vocab_size", 30),
    "scale 3": number("upscale", "scale", 3),
    "a tile of 10^9": number("upscale", "tile", 10**9),
    "a picture of 10^6": number("matting", "size", 10**6),
    "a list for a number": number("matting", "size", [256]),
    "10^5 channels": number("matting", "decoder_channels", [8] * 10**4),
    "nested channels": number("matting", "decoder_channels", [[8]]),
    "a network of the network": number("matting", "encoder_name", "tu-hf-hub:evil/model"),
    "a network's file": number("matting", "encoder_name", "tu-local-dir:/etc"),
    "layout v9": number("transformer", "layout", "v9"),
    "an unknown name": number("vqgan", "x\n\x1b[2J", 1),
    "no stage": lambda b: rewrite(b, vqgan="none"),
    "escapes in its name": lambda b: rewrite(b, name="a\n\x1b[2J\u202e"),
    "half a letter": lambda b: rewrite(b, name="\ud800"),
    "a long licence": lambda b: rewrite(b, licence="x" * 10**4),
    "sources of another kind": lambda b: rewrite(b, sources=["a"]),
    "check sums of another kind": lambda b: rewrite(b, files=dict.fromkeys(FILES, 1)),
    "files that it does not name": lambda b: rewrite(b, files={"../secret": "0" * 64}),
    "a pipe": replaced("vqgan.safetensors", os.mkfifo),
    "a pipe for the tokenizer": replaced("bpe.model", os.mkfifo),
    "a pipe for bundle.json": replaced("bundle.json", os.mkfifo),
    "a socket": replaced("upscale.safetensors", socket_at),
    "a folder": replaced("matting.safetensors", Path.mkdir),
    "a device": replaced("bpe.model", lambda file: file.symlink_to("/dev/zero")),
    "a link to nowhere": replaced("bpe.model", lambda file: file.symlink_to("nowhere")),
    "a large tokenizer": replaced("bpe.model", sparse),
    "a large header": replaced("vqgan.safetensors", sparse),
    "an empty BPE": bpe(b""),
    "a garbage BPE": bpe(b"garbage"),
    "a BPE of nothing": bpe(b"0 0\n1 0 2 3\n"),
    "a BPE of 10^9 letters": bpe(b"1000000000 1000000000\n1 2\n"),
    "a BPE of negative size": bpe(b"-1 -1\n1 0 2 3"),
    "a BPE without a space": bpe(b"1 0\n1082 4\n1 0 2 3\n"),
    "a BPE of no letter": bpe(b"2 0\n9601 4\n4294967295 5\n1 0 2 3\n"),
    "a BPE with one id twice": bpe(b"2 0\n9601 4\n1082 4\n1 0 2 3\n"),
    "a BPE with an id far away": bpe(b"2 0\n9601 4\n1082 999999999\n1 0 2 3\n"),
    "a BPE of unknown tokens": bpe(b"1 1\n9601 4\n4 77 5\n1 0 2 3\n"),
    "a BPE that makes a token of itself": bpe(b"1 1\n9601 4\n4 5 5\n1 0 2 3\n"),
    "a BPE with tokens that double": bpe(doubling(50)),
    "a BPE with other special tokens": bpe(b"1 0\n9601 4\n-1 -1 -1 -1\n"),
    "a BPE with underscores": bpe(b"1_0 0\n"),
}


@pytest.mark.parametrize("kind", HOSTILE)
def test_hostile_bundle_is_refused_in_one_sentence(copy: Path, kind: str) -> None:
    HOSTILE[kind](copy)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(BundleError) as caught:
        load_bundle(str(copy))
    message = str(caught.value)
    assert str(copy) in message
    assert message.isprintable()
    assert len(message) < len(str(copy)) + 300
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 100 * 1024  # KiB


def header(content: bytes, size: int | None = None) -> Callable[[Path], object]:
    length = len(content) if size is None else size
    return lambda file: file.write_bytes(length.to_bytes(8, "little") + content + bytes(64))


HEADERS = {
    "longer than the file": header(b"{}", 2**63),
    "of no JSON": header(b"x" * 100),
    "deep": header(b"[" * 10**5),
    "past the end": header(b'{"a":{"dtype":"F32","shape":[4],"data_offsets":[0,99999]}}'),
    "of another size": header(b'{"a":{"dtype":"F32","shape":[99999999],"data_offsets":[0,64]}}'),
    "of overlapping tensors": header(
        b'{"a":{"dtype":"F32","shape":[16],"data_offsets":[0,64]},'
        b'"b":{"dtype":"F32","shape":[16],"data_offsets":[0,64]}}'
    ),
    "negative": header(b'{"a":{"dtype":"F32","shape":[-1],"data_offsets":[0,64]}}'),
    "of no type": header(b'{"a":{"dtype":"EVIL","shape":[16],"data_offsets":[0,64]}}'),
}


@pytest.mark.parametrize("kind", HEADERS)
def test_hostile_safetensors_header_is_refused_in_one_sentence(copy: Path, kind: str) -> None:
    """The check sum fits the file, as in a bundle whose maker is hostile."""
    file = copy / "vqgan.safetensors"
    HEADERS[kind](file)
    description = json.loads((copy / "bundle.json").read_text())
    rewrite(copy, files=description["files"] | {file.name: sha256(file)})
    with pytest.raises(BundleError, match=r"vqgan\.safetensors") as caught:
        Pipeline.load(str(copy), "cpu")
    assert "\n" not in str(caught.value)


def test_bundle_name_that_leads_out_of_the_folder_is_refused(copy: Path) -> None:
    """Fine-tuning on a bundle copies its files."""
    outside = copy.parent / "profile"
    outside.write_text("mine")
    (copy / "secret").write_text("theirs")
    description = json.loads((copy / "bundle.json").read_text())
    names = ("../profile", str(outside), "secret", "bundle.json", ".", "", "a\0b", "x" * 5000)
    files = description["files"] | dict.fromkeys(names, "0" * 64)
    rewrite(copy, files=files)
    bundle = load_bundle(str(copy))
    derived = copy.parent / "derived"
    derive_bundle(bundle, derived, bundle.weights("transformer"), "tiny")
    assert outside.read_text() == "mine"
    assert {file.name for file in derived.iterdir()} == {"bundle.json", *FILES}
    assert set(json.loads((derived / "bundle.json").read_text())["files"]) == set(FILES)
    verify_bundle(derived)
    Pipeline.load(str(derived), "cpu")


def test_broken_bundle_does_not_hide_the_others(
    copy: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("EMOJICH_MODELS", str(tmp_path))
    shutil.copytree(copy, tmp_path / "whole")
    (copy / "bpe.model").unlink()
    (copy / "bpe.model").symlink_to("nowhere")
    os.mkfifo(copy / "pipe")
    monkeypatch.setattr("sys.argv", ["emojich", "weights", "list"])
    main()
    lines = {line.split()[0]: line for line in capsys.readouterr().out.splitlines()}
    assert "bpe.model is missing" in lines["copy"]
    assert lines["whole"].endswith(str(tmp_path / "whole"))


def test_missing_device_is_refused(tiny_bundle: Path) -> None:
    with pytest.raises(BundleError, match="EMOJICH_DEVICE"):
        Pipeline.load(str(tiny_bundle), "cuda:7")
    with pytest.raises(BundleError, match="EMOJICH_DEVICE"):
        Pipeline.load(str(tiny_bundle), "toaster")


@pytest.mark.parametrize("damage", [truncate, flip_a_byte])
def test_loading_checks_sizes_and_verify_checks_hashes(
    copy: Path, damage: Callable[[Path], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("emojich_core.bundles.bundle.HASHED_WHEN_OPENED", 0)
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
from emojich_core.bundles.bundle import load_bundle

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
