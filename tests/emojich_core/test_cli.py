import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image

from emojich_core.cli.main import main
from emojich_core.cli.options import check_folder
from emojich_core.errors import BundleError
from emojich_core.pipeline import Pipeline
from tests.emojich_core.commands import command

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
    assert (result["count"], result["best_of"], result["temperature"]) == (3, 3, 1.0)
    for candidate in result["candidates"]:
        assert Image.open(tmp_path / "out" / candidate["file"]).size == (512, 512)
        assert candidate["perplexity"] > 0
    assert Image.open(tmp_path / "out/grid.png").size == (1024, 1024)


NO_TORCH = """
import sys
from emojich_core.cli.main import main
sys.argv = ["emojich", "generate", "cat"]
try:
    main()
except SystemExit as ended:
    sys.exit("Russian" not in str(ended.code) or "torch" in sys.modules)
"""


def test_console_script_of_an_older_version_works() -> None:
    code = "from emojich_core.cli import main; main()"
    command = [sys.executable, "-c", code, "generate", "--help"]
    assert "--best-of" in subprocess.check_output(command, cwd=ROOT, text=True)


def test_invalid_arguments_are_refused_before_torch_is_imported() -> None:
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


def test_output_folder_keeps_no_sticker_of_an_earlier_request(
    generate: Generate, tmp_path: Path
) -> None:
    generate("кот", "--count", "3", "--out", "out")
    (tmp_path / "out/mine.webp").touch()
    generate("дом", "--count", "1", "--out", "out")
    assert {file.name for file in (tmp_path / "out").glob("*.webp")} == {"0.webp", "mine.webp"}


def test_best_of_is_chosen_for_every_prompt_of_a_file(generate: Generate, tmp_path: Path) -> None:
    (tmp_path / "prompts.txt").write_text("кот\n\nсобака и пицца\n")
    arguments = ("--prompts", "prompts.txt", "--count", "1", "--seed", "7", "--out", "many")
    sampling = ("--best-of", "12", "--top-k", "5", "--top-p", "0.9", "--temperature", "0.8")
    generate(*arguments, *sampling)
    results = [
        json.loads((tmp_path / "many" / folder / "result.json").read_text())
        for folder in ("000", "001")
    ]
    assert [result["prompt"] for result in results] == ["кот", "собака и пицца"]
    said = {"best_of": 12, "top_k": 5, "top_p": 0.9, "temperature": 0.8, "device": "cpu"}
    assert said.items() <= results[0].items()
    assert set(results[0]["versions"]) == {"emojich", "torch"}
    seeds = {candidate["seed"] for result in results for candidate in result["candidates"]}
    assert seeds <= set(range(7, 7 + 12))
    assert seeds != {7}  # the first of each, as without the choice
    assert not (tmp_path / "many/002").exists()


def test_image_is_continued_and_named_in_the_result(
    generate: Generate, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    Image.effect_noise((90, 60), 90).save(tmp_path / "photo.jpg")
    generate("кот", "--seed", "7", "--count", "1", "--out", "plain")
    begin = ("--image", "photo.jpg", "--keep-up", "2", "--keep-right", "1")
    generate("кот", "--seed", "7", "--count", "1", *begin)
    result = json.loads((tmp_path / "out/result.json").read_text())
    assert result["image"] == "photo.jpg"
    assert result["keep"] == {"up": 2, "down": 0, "left": 0, "right": 1}
    assert "image" not in json.loads((tmp_path / "plain/result.json").read_text())
    stickers = [(tmp_path / folder / "0.webp").read_bytes() for folder in ("out", "plain")]
    assert stickers[0] != stickers[1]
    for kept in (("--keep-up", "4"), ("--keep-left", "3", "--keep-right", "1")):
        with pytest.raises(SystemExit, match="2"):
            generate("кот", "--image", "photo.jpg", *kept)
        assert "together must be below 4: tiny draws 4" in capsys.readouterr().err.splitlines()[-1]


@pytest.mark.parametrize(
    ("file", "words"),
    [
        (b"GIF89a", "x.png is no picture that can be read (JPEG, PNG, WEBP): name another one."),
        (bytes(20_000_001), "x.png has more than 20 MB: scale it down."),
    ],
)
def test_bad_image_is_one_sentence_and_writes_nothing(
    generate: Generate, tmp_path: Path, file: bytes, words: str
) -> None:
    (tmp_path / "x.png").write_bytes(file)
    with pytest.raises(SystemExit) as stopped:
        generate("кот", "--image", "x.png", "--keep-up", "1")
    assert str(stopped.value) == f"emojich: {words}"
    assert not (tmp_path / "out").exists()


def test_result_names_the_judge_and_its_scores(
    generate: Generate, judged_bundle: Path, tmp_path: Path
) -> None:
    judged = ("кот", "--model", str(judged_bundle), "--count", "2", "--seed", "7")
    generate(*judged, "--best-of", "6", "--out", "judged")
    generate(*judged, "--out", "unjudged")
    result, without = (
        json.loads((tmp_path / folder / "result.json").read_text())
        for folder in ("judged", "unjudged")
    )
    assert result["judge"] == "ruclip"
    scores = [candidate["score"] for candidate in result["candidates"]]
    assert scores == sorted(scores, reverse=True)
    assert "judge" not in without
    assert not any("score" in candidate for candidate in without["candidates"])


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("Katze",), "Russian"),
        (("",), "empty"),
        (("--prompts", "nowhere.txt"), "nowhere.txt"),
        (("--prompts", "bad.txt"), "line 2"),
        (("--prompts", "latin.txt"), "latin.txt is not UTF-8"),
        (("--prompts", "nothing.txt"), "has no prompts"),
        (("кот", "--model", "/nowhere"), "EMOJICH_MODEL"),
    ],
)
def test_invalid_input_is_one_line_and_writes_nothing(
    generate: Generate, tmp_path: Path, arguments: tuple[str, ...], words: str
) -> None:
    (tmp_path / "bad.txt").write_text("кот\nKatze\n")
    (tmp_path / "nothing.txt").write_text("\n")
    (tmp_path / "latin.txt").write_bytes("кот\n".encode("cp1251"))
    with pytest.raises(SystemExit) as stopped:
        generate(*arguments)
    assert words in str(stopped.value)
    assert "\n" not in str(stopped.value)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("generate кот --count 10", "--count: must be a whole number, 1 to 9"),
        ("generate кот --count 2.5", "--count: must be a whole number, 1 to 9"),
        ("generate кот --best-of 2 --count 4", "--best-of must be at least --count, which is 4"),
        ("generate кот --best-of 2", "--best-of must be at least --count, which is 4"),
        ("generate кот --best-of 99999", "--best-of: must be a whole number, 1 to 4096"),
        ("generate кот --seed -1", "--seed: must be a whole number, 0 to 2147483647"),
        ("generate кот --top-p nan", "--top-p: must be a number, 0 to 1"),
        ("generate кот --temperature 0", "--temperature: must be a number, 0.01 to 100"),
        ("generate кот --device meta", "cpu, cuda or cuda:1, here or in EMOJICH_DEVICE"),
        ("evaluate --names 0", "--names: must be a whole number, 1 to 10000"),
        ("evaluate --seed -1", "--seed: must be a whole number, 0 to"),
        ("data --seed x", "--seed: must be a whole number, 0 to"),
        ("generate кот --image x.png", "--image needs --keep-up, --keep-down, --keep-left or"),
        ("generate кот --keep-left 1", "--keep-up and the like need an --image"),
        ("generate кот --image x.png --keep-up -1", "--keep-up: must be a whole number, 0 to"),
        ("finetune --steps 0", "--steps: must be a whole number, 1 to"),
        ("finetune --batch-size 1000000000000", "--batch-size: must be a whole number, 1 to"),
        ("finetune --lr inf", "--lr: must be a number, 1e-09 to 1"),
        ("finetune --seed 9999999999", "--seed: must be a whole number, 0 to"),
        ("finetune --plan --device gpu", "cpu, cuda or cuda:1, here or in EMOJICH_DEVICE"),
        ("finetune", "--data and --out are needed"),
    ],
)
def test_invalid_option_value_is_refused(
    line: str, words: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    run = command(line.split(), monkeypatch)
    with pytest.raises(SystemExit) as stopped:
        run()
    assert stopped.value.code == 2
    assert words in capsys.readouterr().err.splitlines()[-1]


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("generate кот --out file", "file cannot be used (Not a directory): name another one."),
        ("generate кот --out file/in", "file cannot be used (Not a directory): name another one."),
        ("generate --prompts folder", "folder cannot be used (Is a directory): name another one."),
        ("generate кот --keep-up 1 --image folder", "folder cannot be used (Is a directory): name"),
        ("generate кот --keep-up 1 --image none", "none cannot be used (No such file or direc"),
        ("generate --prompts none", "none cannot be used (No such file or directory): name"),
        ("evaluate --page file/page.png", "file cannot be used (Not a directory): name another"),
        ("evaluate --page folder", "folder cannot be used (Is a directory): name another one."),
        ("finetune --data folder --out file/mine", "file cannot be used (Not a directory): name"),
        ("weights import emojich --from file", "file is no folder: name the one"),
        ("weights pull malewich", "There is no published model 'malewich': choose one of: emojich"),
        ("weights verify none", "There is no model bundle 'none': name a folder"),
    ],
)
def test_file_in_place_of_a_folder_is_one_sentence(
    line: str, words: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("")
    (tmp_path / "folder").mkdir()
    monkeypatch.chdir(tmp_path)
    run = command(line.split(), monkeypatch)
    with pytest.raises(SystemExit) as stopped:
        run()
    assert words in str(stopped.value)
    assert "\n" not in str(stopped.value)


def test_unwritable_folder_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    check_folder(tmp_path / "not/yet/there")
    monkeypatch.setattr("os.access", lambda path, mode: False)  # root may write anywhere
    with pytest.raises(PermissionError, match=tmp_path.name):
        check_folder(tmp_path / "not/yet/there")


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (BundleError("A sentence."), "emojich: A sentence."),
        (OSError("A sentence."), "emojich: A sentence."),
        (OSError(28, "No space left on device"), "No space left on device): make room."),
        (MemoryError(), "not enough mem"),
        (RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried …"), "not enough mem"),
    ],
)
def test_error_while_generating_is_one_sentence(
    error: Exception, words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*arguments: object) -> None:
        raise error

    monkeypatch.setattr(Pipeline, "load", fail)
    monkeypatch.setattr("sys.argv", ["emojich", "generate", "кот"])
    with pytest.raises(SystemExit) as stopped:
        main()
    assert words in str(stopped.value)
