"""The dataset's folder, and the samples taken from it."""

import json
import subprocess
import sys
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from emojich_core.training.data.__main__ import main
from emojich_core.training.data.art import load_meanings
from emojich_core.training.data.build import SIZE, build
from emojich_core.training.data.compositions import SHARES
from emojich_core.training.data.dataset import Dataset, Row
from tests.emojich_core.training.art import EMOJI, STYLES, write_art


def row(kind: str, style: str = "noto", **others: object) -> Row:
    fields: dict[str, object] = {"captions": {f"{kind} {style}": 1.0}, "details": (), "weight": 1.0}
    return Row(kind=kind, style=style, hexcodes=("1F431",), colour=None, **(fields | others))  # type: ignore[arg-type]


NAMES = ("icons", "chars")  # files of a style
ROWS = [
    *(row("plain") for _ in range(10)),
    row("plain", "twemoji", captions={"кот": 9.0, "кошка": 1.0}, details=("усы",)),
    *(row("recoloured") for _ in range(30)),
    row("pair"),
    row("counted"),
    row("sized"),
    row("placed"),
    row("dressed"),
    row("carrying"),
    row("riding"),
    row("mood"),
]
DATASET = Dataset(np.zeros((len(ROWS), 8, 8, 4), np.uint8), ROWS)


def test_samples_have_the_shares_of_their_kinds() -> None:
    indices, captions = DATASET.sample(np.random.default_rng(0), 4000)
    kinds = Counter(ROWS[i].kind for i in indices)
    for kind, share in SHARES.items():
        expected = 4000 * share
        assert kinds[kind] == pytest.approx(expected, abs=4 * expected**0.5), kind
    assert len(captions) == 4000


def test_dataset_is_limited_to_some_styles() -> None:
    indices, captions = DATASET.sample(np.random.default_rng(0), 500, styles=["twemoji"])
    assert {ROWS[i].style for i in indices} == {"twemoji"}
    said = Counter(captions)
    assert said["кот"] > 5 * said["кошка"] > 0
    assert set(said) - {"кот", "кошка"} <= {
        f"{a}{b}усы" for a in ("кот", "кошка") for b in (" ", ", ")
    }


def test_same_random_generator_gives_same_samples() -> None:
    first, second = (DATASET.sample(np.random.default_rng(7), 50) for _ in range(2))
    assert (first[0] == second[0]).all()
    assert first[1] == second[1]


def test_unknown_style_is_refused() -> None:
    with pytest.raises(ValueError, match="no pictures"):
        DATASET.sample(np.random.default_rng(0), 1, styles=["openmoji"])


def test_a_missing_folder_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"python -m emojich_core\.training\.data"):
        Dataset.open(tmp_path)


def test_art_becomes_a_dataset(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    write_art(tmp_path)
    monkeypatch.setattr("sys.argv", ["data", "--data", str(tmp_path), "--seed", "3"])
    main()
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
    main()  # in place of the one that is there
    assert (tmp_path / "dataset/captions.jsonl").read_bytes() == before


def test_emoji_with_skin_tones_has_one_picture_per_style(tmp_path: Path) -> None:
    write_art(tmp_path)
    add_tones(tmp_path / "node_modules", "1F534", ("светлый", "средний", "темный"))
    dataset = build(tmp_path / "node_modules", tmp_path / "dataset")
    toned = [row for row in dataset.rows if "-" in row.hexcodes[0] and row.kind == "plain"]
    assert Counter(row.style for row in toned) == dict.fromkeys(STYLES, 1)
    for row in toned:
        [said] = [text for text in row.captions if "тон кожи" in text]
        assert said.startswith("красный круг, ")
        assert row.captions[said] < row.captions["красный круг"]
        assert row.weight < 1


def add_tones(modules: Path, hexcode: str, tones: tuple[str, ...]) -> None:
    """Give an emoji of the made-up art skin tones, as emojibase and the styles have them."""
    codes = [f"{hexcode}-{0x1F3FB + number:X}" for number in range(len(tones))]
    file = modules / "emojibase-data/ru/data.json"
    rows = json.loads(file.read_text())
    row = next(row for row in rows if row["hexcode"] == hexcode)
    row["skins"] = [
        {"hexcode": code, "label": f"{row['label']}: {tone} тон кожи", "tone": number + 1}
        for number, (code, tone) in enumerate(zip(codes, tones, strict=True))
    ]
    file.write_text(json.dumps(rows, ensure_ascii=False))
    for style in STYLES:
        package = modules / "@iconify-json" / style
        icons, chars = (json.loads((package / f"{name}.json").read_text()) for name in NAMES)
        for code in codes:
            icons["icons"][code.lower()] = icons["icons"][hexcode.lower()]
            chars[code.lower()] = code.lower()
        for name, content in zip(NAMES, (icons, chars), strict=True):
            (package / f"{name}.json").write_text(json.dumps(content))


def test_command_without_art_says_what_to_do(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "emojich_core.training.data", "--data", str(tmp_path)],
        capture_output=True,
        text=True,
    )
    assert done.returncode == 1
    assert done.stderr.startswith("emojich: There is no emoji art")
    assert "make data" in done.stderr
    assert done.stderr.count("\n") == 1


def test_folder_with_other_files_is_not_replaced(tmp_path: Path) -> None:
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos/cat.png").write_text("")
    with pytest.raises(FileExistsError, match="other things than a dataset"):
        build(tmp_path / "node_modules", tmp_path / "photos")
    assert [path.name for path in tmp_path.iterdir()] == ["photos"]


def test_incomplete_art_is_named(tmp_path: Path) -> None:
    with pytest.raises(OSError, match=r"ru/data\.json cannot be read: run `make data`"):
        load_meanings(tmp_path)


def test_command_without_extras_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for package in ("emojibase-data", "@iconify-json"):
        (tmp_path / "node_modules" / package).mkdir(parents=True)
    monkeypatch.setitem(sys.modules, "pymorphy3", None)
    monkeypatch.setattr("sys.argv", ["data", "--data", str(tmp_path)])
    with pytest.raises(SystemExit, match=r'pip install "emojich\[train\]"'):
        main()
