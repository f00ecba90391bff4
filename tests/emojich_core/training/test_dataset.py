"""The dataset's folder, and what is drawn from it."""

import argparse
import subprocess
import sys
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from emojich_core.training.data.art import load_meanings
from emojich_core.training.data.build import SIZE, build
from emojich_core.training.data.cli import add_data
from emojich_core.training.data.compositions import SHARES
from emojich_core.training.data.dataset import Dataset, Row
from tests.emojich_core.training.art import EMOJI, STYLES, write_art


def row(kind: str, style: str = "noto", **others: object) -> Row:
    fields: dict[str, object] = {"captions": {f"{kind} {style}": 1.0}, "details": (), "weight": 1.0}
    return Row(kind=kind, style=style, hexcodes=("1F431",), colour=None, **(fields | others))  # type: ignore[arg-type]


ROWS = [
    *(row("plain") for _ in range(10)),
    row("plain", "twemoji", captions={"кот": 9.0, "кошка": 1.0}, details=("усы",)),
    *(row("recoloured") for _ in range(30)),
    row("pair"),
    row("counted"),
    row("sized"),
    row("placed"),
    row("dressed"),
]
DATASET = Dataset(np.zeros((len(ROWS), 8, 8, 4), np.uint8), ROWS)


def test_kinds_come_in_their_shares() -> None:
    indices, captions = DATASET.sample(np.random.default_rng(0), 4000)
    kinds = Counter(ROWS[i].kind for i in indices)
    assert {kind: n / 4000 for kind, n in kinds.items()} == pytest.approx(SHARES, abs=0.03)
    assert len(captions) == 4000


def test_of_some_styles_only() -> None:
    indices, captions = DATASET.sample(np.random.default_rng(0), 500, styles=["twemoji"])
    assert {ROWS[i].style for i in indices} == {"twemoji"}
    said = Counter(captions)
    assert said["кот"] > 5 * said["кошка"] > 0
    assert set(said) - {"кот", "кошка"} <= {
        f"{a}{b}усы" for a in ("кот", "кошка") for b in (" ", ", ")
    }


def test_the_same_generator_draws_the_same() -> None:
    first, second = (DATASET.sample(np.random.default_rng(7), 50) for _ in range(2))
    assert (first[0] == second[0]).all()
    assert first[1] == second[1]


def test_a_style_that_is_not_there() -> None:
    with pytest.raises(ValueError, match="no pictures"):
        DATASET.sample(np.random.default_rng(0), 1, styles=["openmoji"])


def test_a_missing_folder_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="emojich data build"):
        Dataset.open(tmp_path)


def test_art_becomes_a_dataset(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    write_art(tmp_path)
    parser = argparse.ArgumentParser()
    add_data(parser)
    arguments = parser.parse_args(["build", "--data", str(tmp_path), "--seed", "3"])
    arguments.command(arguments)
    dataset = Dataset.open(tmp_path / "dataset")
    plain = [row for row in dataset.rows if row.kind == "plain"]
    assert {row.style for row in plain} == set(STYLES)
    assert {row.hexcodes[0] for row in plain} == set(EMOJI)
    shown = capsys.readouterr().out
    assert f"{len(dataset)} pictures" in shown
    assert dataset.pictures.shape == (len(dataset), SIZE, SIZE, 4)
    assert all(picture[..., 3].any() for picture in dataset.pictures)
    blue = next(i for i, row in enumerate(dataset.rows) if row.hexcodes == ("1F535",))
    assert "синий круг" in dataset.rows[blue].captions
    assert dataset.pictures[blue, SIZE // 2, SIZE // 2].tolist() == [0x22, 0x22, 0xDD, 255]
    assert Image.open(tmp_path / "dataset/sample.png").width == 8 * SIZE

    before = (tmp_path / "dataset/captions.jsonl").read_bytes()
    arguments.command(arguments)  # in place of the one that is there
    assert (tmp_path / "dataset/captions.jsonl").read_bytes() == before


def test_without_art_the_command_says_what_to_do(tmp_path: Path) -> None:
    code = "from emojich_core.cli import main; main()"
    done = subprocess.run(
        [sys.executable, "-c", code, "data", "build", "--data", str(tmp_path)],
        capture_output=True,
        text=True,
    )
    assert done.returncode == 1
    assert done.stderr.startswith("emojich: There is no emoji art")
    assert "make data" in done.stderr
    assert done.stderr.count("\n") == 1


def test_a_folder_of_other_things_is_not_replaced(tmp_path: Path) -> None:
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos/cat.png").write_text("")
    with pytest.raises(FileExistsError, match="other things than a dataset"):
        build(tmp_path / "node_modules", tmp_path / "photos")
    assert [path.name for path in tmp_path.iterdir()] == ["photos"]


def test_art_that_is_not_whole_is_named(tmp_path: Path) -> None:
    with pytest.raises(OSError, match=r"ru/data\.json cannot be read: run `make data`"):
        load_meanings(tmp_path)


def test_without_the_extras_the_command_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for package in ("emojibase-data", "@iconify-json"):
        (tmp_path / "node_modules" / package).mkdir(parents=True)
    monkeypatch.setitem(sys.modules, "pymorphy3", None)
    arguments = argparse.Namespace(data=tmp_path, out=None, seed=0)
    parser = argparse.ArgumentParser()
    add_data(parser)
    command = parser.parse_args(["build"]).command
    with pytest.raises(OSError, match=r'pip install "emojich\[train\]"'):
        command(arguments)
