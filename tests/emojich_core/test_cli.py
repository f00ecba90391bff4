import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image

from emojich_core.cli import main

ROOT = Path(__file__).parents[2]
EMOJICH = Path(sys.executable).parent / "emojich"


def test_generate_writes_stickers_grid_and_result(tiny_bundle: Path, tmp_path: Path) -> None:
    command = [EMOJICH, "generate", "кот в космосе", "--count", "3", "--seed", "42", "--json"]
    where = ["--model", tiny_bundle, "--device", "cpu"]
    done = subprocess.run(
        [*command, *where], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    result = json.loads((tmp_path / "out/result.json").read_text())
    assert json.loads(done.stdout) == result
    assert result["prompt"] == "кот в космосе"
    assert result["model"] == "tiny"
    assert result["seed"] == 42
    assert [c["file"] for c in result["candidates"]] == ["0.webp", "1.webp", "2.webp"]
    assert {c["matting"] for c in result["candidates"]} <= {"unet", "contour"}
    assert sorted(c["seed"] for c in result["candidates"]) == [42, 43, 44]
    for candidate in result["candidates"]:
        assert Image.open(tmp_path / "out" / candidate["file"]).size == (512, 512)
        assert candidate["perplexity"] > 0
    assert Image.open(tmp_path / "out/grid.png").size == (1024, 1024)


NO_TORCH = """
import sys
from emojich_core.cli import main
sys.argv = ["emojich", "generate", "cat"]
try:
    main()
except SystemExit as ended:
    sys.exit("Russian" not in str(ended.code) or "torch" in sys.modules)
"""


def test_what_needs_no_model_is_refused_before_torch_is_imported() -> None:
    assert subprocess.run([sys.executable, "-c", NO_TORCH], cwd=ROOT, check=False).returncode == 0


Generate = Callable[..., None]


@pytest.fixture
def generate(tiny_bundle: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Generate:
    """`emojich generate …` in a folder of its own, but not in a process."""
    monkeypatch.chdir(tmp_path)

    def run(*arguments: str) -> None:
        where = ("--model", str(tiny_bundle), "--device", "cpu")
        monkeypatch.setattr("sys.argv", ["emojich", "generate", *where, *arguments])
        main()

    return run


def test_the_best_of_many_for_each_of_a_file_of_prompts(generate: Generate, tmp_path: Path) -> None:
    (tmp_path / "prompts.txt").write_text("кот\n\nсобака и пицца\n")
    arguments = ("--prompts", "prompts.txt", "--count", "1", "--seed", "7", "--out", "many")
    sampling = ("--best-of", "12", "--top-k", "5", "--top-p", "0.9", "--temperature", "0.8")
    generate(*arguments, *sampling)
    results = [
        json.loads((tmp_path / "many" / folder / "result.json").read_text())
        for folder in ("000", "001")
    ]
    assert [result["prompt"] for result in results] == ["кот", "собака и пицца"]
    seeds = {candidate["seed"] for result in results for candidate in result["candidates"]}
    assert seeds <= set(range(7, 7 + 12))
    assert seeds != {7}  # the first of each, as without the choice
    assert not (tmp_path / "many/002").exists()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("cat",), "Russian"),
        (("",), "empty"),
        (("--prompts", "nowhere.txt"), "nowhere.txt"),
        (("--prompts", "bad.txt"), "line 2"),
        (("--prompts", "latin.txt"), "latin.txt is not UTF-8"),
        (("--prompts", "nothing.txt"), "has no prompts"),
        (("кот", "--model", "/nowhere"), "EMOJICH_MODEL"),
    ],
)
def test_bad_input_is_one_line_and_writes_nothing(
    generate: Generate, tmp_path: Path, arguments: tuple[str, ...], words: str
) -> None:
    (tmp_path / "bad.txt").write_text("кот\ncat\n")
    (tmp_path / "nothing.txt").write_text("\n")
    (tmp_path / "latin.txt").write_bytes("кот\n".encode("cp1251"))
    with pytest.raises(SystemExit) as stopped:
        generate(*arguments)
    assert words in str(stopped.value)
    assert "\n" not in str(stopped.value)
    assert not (tmp_path / "out").exists()


def test_a_count_out_of_range_is_refused(
    generate: Generate, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit, match="2"):
        generate("кот", "--count", "10")
    assert "1 to 9" in capsys.readouterr().err
