"""Every stage trains from nothing, on made-up art, and goes on where it was killed: bit-equal."""

import json
import runpy
import shutil
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
import torch

from emojich_core.bundles.bundle import load_bundle
from emojich_core.finetuning import loop
from emojich_core.pipeline import Pipeline
from emojich_core.training import decoder, matting, transformer, upscale, vqgan
from emojich_core.training.average import average
from emojich_core.training.data.art import load_glyphs, rendered
from emojich_core.training.data.dataset import PICTURES, ROWS, Row
from emojich_core.training.export import export
from emojich_core.training.presets import MINI_TRANSFORMER, MINI_VQGAN
from emojich_core.training.unpack import unpack
from tests.emojich_core.training.art import EMOJI, write_art

pytestmark = pytest.mark.slow
STEPS = 2
SMALL = replace(MINI_TRANSFORMER, num_layers=2)  # the shipped size continues from a bundle below


class Killed(Exception):
    """Instead of a signal: the process goes on, the run does not."""


@pytest.fixture(scope="module")
def art(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Made-up drawings, and a dataset of them as they are."""
    data = tmp_path_factory.mktemp("data")
    write_art(data)
    glyphs = load_glyphs(data / "node_modules")
    (data / "dataset").mkdir()
    np.save(data / "dataset" / PICTURES, rendered(glyphs, MINI_VQGAN.image_size, data))
    with (data / "dataset" / ROWS).open("w", encoding="utf-8") as file:
        for glyph in glyphs:
            label = EMOJI[glyph.hexcode][0]
            row = Row("plain", glyph.style, (glyph.hexcode,), None, {label: 1.0}, (), 1.0)
            file.write(json.dumps(row.to_json(), ensure_ascii=False) + "\n")
    return data


Train = Callable[..., None]


@pytest.fixture(scope="module")
def train(art: Path) -> Iterator[Train]:
    """Trains a stage for STEPS steps into a folder."""

    def train(stage: ModuleType, out: Path, every: int = STEPS) -> None:
        patch.setattr(stage, "run", partial(loop.run, every=every))
        stage.train(art, out, steps=STEPS, batch_size=4, lr=1e-3)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(torch, "compile", lambda function: function)  # it takes a minute each
        patch.setattr(transformer, "PROMPTS", ("круг",))
        for stage in (upscale, matting):
            patch.setattr(stage, "GLYPHS", 1)  # to sharpen one takes a second
        patch.setattr(vqgan, "UNQUANTISED_STEPS", 0)
        yield train


@pytest.fixture(scope="module")
def trained_vqgan(train: Train, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the first stage, which the others build on."""
    out = tmp_path_factory.mktemp("vqgan")
    train(vqgan, out)
    return out


@pytest.fixture
def small_transformer(monkeypatch: pytest.MonkeyPatch) -> None:
    """The trainer and the export take a transformer of two layers for mini's."""
    monkeypatch.setattr(transformer, "MINI_TRANSFORMER", SMALL)
    monkeypatch.setattr("emojich_core.training.export.MINI_TRANSFORMER", SMALL)


@pytest.fixture(scope="module")
def trained(train: Train, trained_vqgan: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with all stages, each trained without an interruption."""
    out = tmp_path_factory.mktemp("trained")
    shutil.copytree(trained_vqgan, out, dirs_exist_ok=True)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(transformer, "MINI_TRANSFORMER", SMALL)
        for stage in (decoder, upscale, matting, transformer):
            train(stage, out)
    return out


@pytest.mark.parametrize("stage", ["vqgan", "transformer"])
def test_trainer_names_the_missing_file(
    stage: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    module = f"emojich_core.training.{stage}"
    monkeypatch.setattr("sys.argv", [module, "--data", str(tmp_path), "--out", str(tmp_path)])
    with pytest.raises(SystemExit) as stopped:
        runpy.run_module(module, run_name="__main__")
    missing = tmp_path / "dataset"
    command = "python -m emojich_core.training.data"
    assert stopped.value.code == f"emojich: No dataset in {missing}: run `{command}`."


@pytest.mark.usefixtures("small_transformer")
def test_all_training_stages_end_in_a_working_bundle(
    art: Path, trained: Path, tmp_path: Path
) -> None:
    for name in ("vqgan", "decoder", "upscale", "matting", "transformer"):
        assert (trained / f"{name}.png").exists()
    export(trained, art / "dataset", tmp_path / "bundle")
    bundle = load_bundle(str(tmp_path / "bundle"))
    crisp = torch.load(trained / "decoder.pt", weights_only=True)["model"]
    exported = bundle.weights("vqgan")["decoder.conv_out.weight"]
    assert exported.equal(crisp["decoder.conv_out.weight"].half())
    assert bundle.name == "mini"
    assert bundle.vocabulary is not None
    assert bundle.vocabulary.names["🔴"] == "красный круг"
    assert "красный" in bundle.vocabulary.words
    assert "круг" not in bundle.vocabulary.words  # alone it could be of any colour
    [drawing] = Pipeline.load(str(tmp_path / "bundle"), "cpu").generate("красный круг", 1, seed=1)
    assert drawing.image.size == (512, 512)


def test_training_continues_from_a_bundle(train: Train, art: Path, tmp_path: Path) -> None:
    shipped = load_bundle("mini")
    unpack(shipped, tmp_path / "as it was")
    export(tmp_path / "as it was", art / "dataset", tmp_path / "packed")
    packed = load_bundle(str(tmp_path / "packed"))
    for stage in ("transformer", "upscale", "matting"):
        before, after = shipped.weights(stage), packed.weights(stage)
        assert all(before[key].equal(after[key]) for key in before)

    unpack(shipped, tmp_path / "trained")
    train(transformer, tmp_path / "trained")
    first, last = (
        torch.load(tmp_path / folder / "transformer.pt", weights_only=True)
        for folder in ("as it was", "trained")
    )
    assert (first["done"], last["done"]) == (0, STEPS)
    distances = [(first["model"][key] - last["model"][key]).abs().max() for key in first["model"]]
    assert 0 < max(distances) < 0.05  # from the shipped weights, and not from new ones

    export(tmp_path / "trained", art / "dataset", tmp_path / "further")
    further = load_bundle(str(tmp_path / "further"))
    average(packed, further, tmp_path / "mean")
    mean = load_bundle(str(tmp_path / "mean")).weights("transformer")
    one, two = packed.weights("transformer"), further.weights("transformer")
    for key, weight in mean.items():
        assert weight.equal(((one[key].float() + two[key].float()) / 2).half())

    with pytest.raises(FileExistsError, match="name another folder"):
        unpack(shipped, tmp_path / "trained")


def test_only_transformers_of_one_run_are_averaged(tiny_bundle: Path, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="does not go on from"):
        average(load_bundle("mini"), load_bundle(str(tiny_bundle)), tmp_path)


@pytest.mark.usefixtures("small_transformer")
@pytest.mark.parametrize("stage", [vqgan, decoder, upscale, matting, transformer])
def test_a_killed_run_ends_in_the_same_weights(
    stage: ModuleType,
    train: Train,
    trained: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    name = stage.__name__.rpartition(".")[2]
    killed = tmp_path / "killed"
    killed.mkdir()
    # The other stages, and the tokenizer; see train_tokenizer.
    for file in (*trained.glob("*.pt"), trained / "bpe.model"):
        if file.stem != name:
            shutil.copy(file, killed)

    step = stage.Trainer.step

    def dies(trainer: Any, number: int, rng: np.random.Generator) -> Any:
        if number == STEPS - 1:
            raise Killed
        return step(trainer, number, rng)

    with monkeypatch.context() as patch:
        patch.setattr(stage.Trainer, "step", dies)
        with pytest.raises(Killed):
            train(stage, killed, every=1)
    train(stage, killed)

    expected, found = (
        torch.load(folder / f"{name}.pt", weights_only=True) for folder in (trained, killed)
    )
    for part in {"model", "book", "guides"} & expected.keys():
        assert expected[part].keys() == found[part].keys()
        assert all(expected[part][key].equal(found[part][key]) for key in expected[part])


def test_codebook_learns_new_features(trained_vqgan: Path) -> None:
    book = torch.load(trained_vqgan / "vqgan.pt", weights_only=True)["book"]
    assert (book["counts"] > 0.5).all()  # in use, or restarted where a feature was
    # Codes begin with a deviation of 1; features of an encoder that is not trained yet differ less.
    assert book["codes"].std() < 0.8
