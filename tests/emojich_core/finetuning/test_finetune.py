import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import replace
from pathlib import Path
from unicodedata import normalize

import numpy as np
import pytest
import safetensors.torch
import torch
import torch.nn.functional as F
from PIL import Image
from torch import Tensor, nn

from emojich_core.bundles.bundle import BundleError, derive_bundle, load_bundle, verify_bundle
from emojich_core.cli.main import main
from emojich_core.finetuning.finetune import (
    Diverged,
    FineTuning,
    OtherRun,
    Settings,
    batch,
    finetune,
)
from emojich_core.finetuning.lora import LoRALinear, merged
from emojich_core.finetuning.memory import account, saved_bytes
from emojich_core.finetuning.pairs import BadData, picture, read_pairs, split
from emojich_core.finetuning.recipe import IMAGE_LOSS_WEIGHT, prepare, weighted_loss
from emojich_core.networks.transformer import Transformer, TransformerConfig
from emojich_core.pipeline import Pipeline

CPU = torch.device("cpu")
SETTINGS = Settings("frozen", steps=20, batch_size=4, lr=1e-2, seed=1)
TEXTS = ("кот", "собака", "пицца", "сердце", "ракета", "кот в космосе")
CONFIG = TransformerConfig(
    num_layers=3,
    hidden_size=64,
    num_attention_heads=2,
    vocab_size=100 + 8,
    text_seq_length=8,
    image_vocab_size=50,
    image_tokens_per_dim=4,
)


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("data")
    rng = np.random.default_rng(0)
    for i in range(len(TEXTS)):
        pixels = rng.integers(256, size=(40, 32, 4), dtype=np.uint8)
        Image.fromarray(pixels, "RGBA").save(folder / f"{i}.png")
    rows = [f"{i}.png,{text}" for i, text in enumerate(TEXTS)]
    (folder / "captions.csv").write_text("\n".join(["file,text", *rows]) + "\n")
    return folder


@pytest.fixture(scope="module")
def tuned(tiny_bundle: Path, data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The bundle of an uninterrupted run."""
    out = tmp_path_factory.mktemp("tuned") / "mine"
    finetune(load_bundle(str(tiny_bundle)), data, out, SETTINGS, CPU)
    return out


def tensors(bundle: Path) -> dict[str, Tensor]:
    return safetensors.torch.load_file(bundle / "transformer.safetensors")


def command(*arguments: object, before: str) -> subprocess.CompletedProcess[str]:
    """`emojich finetune`, after some Python."""
    code = f"{before}\nfrom emojich_core.cli.main import main\nmain()"
    line = [sys.executable, "-c", code, "finetune", *map(str, arguments)]
    return subprocess.run(line, capture_output=True, text=True, check=False, timeout=300)


# --- A run ----------------------------------------------------------------------------------------


def test_frozen_layers_stay_unchanged_and_others_learn(tiny_bundle: Path, tuned: Path) -> None:
    before, after = tensors(tiny_bundle), tensors(tuned)
    assert before.keys() == after.keys()
    still = {key for key in before if torch.equal(before[key], after[key])}
    assert still == {key for key in before if ".attention." in key or ".mlp." in key}


def test_the_loss_falls(tiny_bundle: Path, data: Path, tmp_path: Path) -> None:
    base = load_bundle(str(tiny_bundle))
    short = finetune(base, data, tmp_path / "short", replace(SETTINGS, steps=1, lr=1e-6), CPU)
    long = finetune(base, data, tmp_path / "long", replace(SETTINGS, train="all"), CPU)
    assert long < 0.95 * short


def test_fine_tuned_bundle_is_complete_and_generates(tiny_bundle: Path, tuned: Path) -> None:
    verify_bundle(tuned)
    pipeline = Pipeline.load(str(tuned), "cpu")
    assert pipeline.bundle.name == "mine"
    assert pipeline.generate("кот", count=1, seed=0)[0].image.size == (512, 512)
    assert (tuned / "vqgan.safetensors").samefile(tiny_bundle / "vqgan.safetensors")
    for page in ("best.png", "finetune.png"):
        assert Image.open(tuned.with_name("mine.run") / page).size == (64, 64)


KILLED_AT_STEP_7 = """
import os, signal
from emojich_core.finetuning.finetune import FineTuning
step = FineTuning.step
def deadly(self, number, rng):
    if number == 7:
        os.kill(os.getpid(), signal.SIGKILL)
    return step(self, number, rng)
FineTuning.step = deadly
"""


def test_killed_run_resumes_to_the_same_bytes(
    tiny_bundle: Path, data: Path, tuned: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out, s = tmp_path / "mine", SETTINGS
    options = ("--base", tiny_bundle, "--data", data, "--out", out, "--device", "cpu")
    numbers = ("--steps", s.steps, "--batch-size", s.batch_size, "--lr", s.lr, "--seed", s.seed)
    killed = command(*options, *numbers, before=KILLED_AT_STEP_7)
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    assert not out.exists()
    done = torch.load(tmp_path / "mine.run/finetune.pt", weights_only=True)["done"]
    assert done == 6  # checkpoints are written at every second step

    monkeypatch.setattr("sys.argv", ["emojich", "finetune", *map(str, (*options, *numbers))])
    main()
    for file in ("transformer.safetensors", "bundle.json"):
        assert (out / file).read_bytes() == (tuned / file).read_bytes()


def test_run_with_other_options_is_not_resumed(
    tiny_bundle: Path, data: Path, tmp_path: Path
) -> None:
    base, out = load_bundle(str(tiny_bundle)), tmp_path / "mine"
    finetune(base, data, out, replace(SETTINGS, steps=1), CPU)
    with pytest.raises(OtherRun, match="is there already"):
        finetune(base, data, out, SETTINGS, CPU)
    out.rename(tmp_path / "elsewhere")
    with pytest.raises(OtherRun, match="another steps"):
        finetune(base, data, out, SETTINGS, CPU)
    (tmp_path / "mine.run/run.json").write_text("{")
    with pytest.raises(OtherRun, match=r"run\.json is damaged: remove .*mine\.run"):
        finetune(base, data, out, SETTINGS, CPU)


@pytest.mark.parametrize("name", ["finetune.pt", "best.safetensors", "codes-*.safetensors"])
def test_damaged_file_of_a_run_is_one_sentence_with_a_working_fix(
    tiny_bundle: Path, data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    out = tmp_path / "mine"
    options = ("--base", tiny_bundle, "--data", data, "--out", out, "--steps", 1, "--device", "cpu")
    monkeypatch.setattr("sys.argv", ["emojich", "finetune", *map(str, options)])
    main()
    whole = out.rename(tmp_path / "whole")
    [file] = (tmp_path / "mine.run").glob(name)
    file.write_bytes(file.read_bytes()[:-100])
    with pytest.raises(SystemExit) as error:
        main()
    found = re.fullmatch(r"emojich: (.*) is damaged.*: delete (.*), and .*\.", str(error.value))
    assert found
    assert found[1] == str(file)
    at_fault = file if found[2] == "it" else Path(found[2])
    assert not out.exists()
    (shutil.rmtree if at_fault.is_dir() else os.remove)(at_fault)
    main()
    assert tensors(out).keys() == tensors(whole).keys()
    for key, tensor in tensors(whole).items():
        assert torch.equal(tensors(out)[key], tensor)


def test_codes_are_computed_once(
    tiny_bundle: Path, data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    base, out = load_bundle(str(tiny_bundle)), tmp_path / "mine"
    settings = replace(SETTINGS, steps=1)
    finetune(base, data, out, settings, CPU)
    out.rename(tmp_path / "elsewhere")
    monkeypatch.setattr("emojich_core.finetuning.finetune.encode", None)
    finetune(base, data, out, settings, CPU)
    assert tensors(out).keys() == tensors(tmp_path / "elsewhere").keys()


def test_run_prints_its_plan_and_progress(
    tiny_bundle: Path, data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for i in range(2):
        (tmp_path / f"{i}.png").write_bytes((data / f"{i}.png").read_bytes())
    text = f"file,text\n0.png,{'кот и собака ' * 9}\n1.png,кот\n"
    (tmp_path / "captions.csv").write_text(text)
    base = load_bundle(str(tiny_bundle))
    finetune(base, tmp_path, tmp_path / "mine", replace(SETTINGS, steps=1), CPU)
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "pairs: 1 to train on, 1 held out"
    assert lines[1] == "texts of which only the first 8 tokens are read: 1"
    assert [line.partition(":")[0] for line in lines[2:5]] == ["samples", "step 0", "step 1"]


def test_diverging_run_is_one_sentence(
    tiny_bundle: Path, data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    base, out = load_bundle(str(tiny_bundle)), tmp_path / "mine"
    monkeypatch.setattr(FineTuning, "held_out_loss", lambda self: float("nan"))
    with pytest.raises(Diverged, match=r"remove .*mine\.run, and take a lower --lr"):
        finetune(base, data, out, SETTINGS, CPU)
    assert not out.exists()


def test_run_stops_early_and_keeps_the_best_weights(
    tiny_bundle: Path, data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    losses = iter([5.0, 4.0, 3.0, 3.5, 3.1, 3.2, 1.0])  # the first is that of the base
    seen: list[dict[str, Tensor]] = []

    def scripted(tuning: FineTuning) -> float:
        seen.append({key: value.clone() for key, value in tuning.trained.state_dict().items()})
        return next(losses)

    monkeypatch.setattr(FineTuning, "held_out_loss", scripted)
    pages: list[Tensor] = []
    samples = FineTuning.samples
    monkeypatch.setattr(
        FineTuning, "samples", lambda tuning: pages.append(samples(tuning)) or pages[-1]
    )
    base, out = load_bundle(str(tiny_bundle)), tmp_path / "mine"
    assert finetune(base, data, out, SETTINGS, CPU) == 3.0
    assert next(losses) == 1.0  # three in a row were no better: the run has read no further
    assert len(pages) == 4
    after, best = tensors(out), seen[2]
    for key, value in best.items():
        torch.testing.assert_close(after[key].float(), value, rtol=1e-3, atol=1e-4)
    last = seen[-1]
    assert max((after[key].float() - last[key]).abs().max() for key in last) > 1e-3
    shown = Image.open(tmp_path / "mine.run/best.png")
    assert shown.tobytes() == (pages[1] * 255).byte().permute(1, 2, 0).numpy().tobytes()


def test_out_of_memory_is_one_sentence(
    tiny_bundle: Path, data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def run_out(*arguments: object) -> None:
        torch.empty(2**60)

    monkeypatch.setattr(FineTuning, "step", run_out)
    options = ("--base", tiny_bundle, "--data", data, "--out", tmp_path / "mine", "--device", "cpu")
    monkeypatch.setattr("sys.argv", ["emojich", "finetune", *map(str, options)])
    with pytest.raises(SystemExit, match="cpu has not enough memory for 16 images a step"):
        main()


def test_every_row_is_used_once_per_epoch() -> None:
    rows = torch.cat([batch(number, count=5, size=2, seed=0) for number in range(5)])
    assert sorted(rows[:5].tolist()) == sorted(rows[5:].tolist()) == [0, 1, 2, 3, 4]
    assert rows[:5].tolist() != rows[5:].tolist()


def test_full_disk_leaves_no_partial_bundle(
    tiny_bundle: Path, tmp_path: Path, full_disk: Callable[[int], AbstractContextManager[None]]
) -> None:
    base = load_bundle(str(tiny_bundle))
    with full_disk(50_000), pytest.raises(BundleError, match="make room"):
        derive_bundle(base, tmp_path / "mine", base.weights("transformer"), "tiny")
    assert os.listdir(tmp_path) == []


# --- The recipe -----------------------------------------------------------------------------------


@pytest.mark.parametrize("layout", ["v2", "v3"])
def test_the_loss_is_that_of_ru_dalle(layout: str) -> None:
    """As `DalleModel.forward` of ru-dalle 1.1.3 has it, with loss_img_weight = 1000."""
    config = replace(CONFIG, layout=layout)  # type: ignore[arg-type]
    torch.manual_seed(0)
    model = Transformer(config).eval()
    text = torch.tensor([[2, 5, 9, 3, 0, 0, 0, 0]])
    codes = torch.randint(50, (1, 16))

    embeddings = torch.cat((model.embed_text(text), model.embed_codes(codes)), dim=1)[:, :24]
    logits = model.to_logits(model(embeddings)).transpose(1, 2)
    padded = [2, 5, 9, 3, 104, 105, 106, 107]  # the last eight of 108 tokens are for padding
    padded = [2, *padded] if layout == "v2" else padded
    labels = torch.cat((torch.tensor([padded[1:]]), codes), dim=1)
    image_end = 24 if layout == "v2" else -1
    loss_text = F.cross_entropy(logits[:, :108, :8], labels[:, :8])
    loss_image = F.cross_entropy(logits[:, 108:, 8:image_end], labels[:, 8:])
    expected = (loss_text + 1000 * loss_image) / (1000 + 1)

    assert IMAGE_LOSS_WEIGHT == 10**3
    torch.testing.assert_close(weighted_loss(*model.losses(text, codes)), expected)


def test_checkpointing_gives_the_same_gradients() -> None:
    torch.manual_seed(0)
    model = Transformer(CONFIG)
    prepare(model, "frozen")
    text, codes = torch.randint(1, 100, (2, 8)), torch.randint(50, (2, 16))
    gradients = []
    for model.transformer.checkpointing in (False, True):
        model.zero_grad()
        with torch.autocast("cpu", dtype=torch.bfloat16):
            weighted_loss(*model.losses(text, codes)).backward()
        gradients.append([p.grad.clone() for p in model.parameters() if p.grad is not None])
    assert len(gradients[0]) > 10
    assert all(torch.equal(a, b) for a, b in zip(*gradients, strict=True))


def test_merged_lora_adapter_equals_the_separate_one() -> None:
    torch.manual_seed(0)
    linear = nn.Linear(40, 30)
    adapted = LoRALinear(linear)
    x = torch.randn(5, 40)
    torch.testing.assert_close(adapted(x), linear(x))  # nothing is learned yet
    nn.init.normal_(adapted.up)
    trained = {"layer.up": adapted.up, "layer.down": adapted.down}
    whole = merged({"layer.weight": linear.weight, "layer.bias": linear.bias}, trained)
    torch.testing.assert_close(
        F.linear(x, whole["layer.weight"], whole["layer.bias"]), adapted(x), rtol=1e-4, atol=1e-4
    )


def test_lora_changes_the_layers_matrices_alone(
    tiny_bundle: Path, data: Path, tmp_path: Path
) -> None:
    base = load_bundle(str(tiny_bundle))
    finetune(base, data, tmp_path / "mine", replace(SETTINGS, steps=4, train="lora"), CPU)
    before, after = tensors(tiny_bundle), tensors(tmp_path / "mine")
    moved = {key for key in before if not torch.equal(before[key], after[key])}
    assert moved == {
        key for key in before if "norm" not in key and "layers" in key and "weight" in key
    }


# --- Memory ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("train", ["frozen", "all", "lora"])
def test_planned_memory_is_what_a_step_takes(train: str) -> None:
    plan = account(CONFIG, train, batch_size=2, gpu=False)  # type: ignore[arg-type]
    model = Transformer(CONFIG)
    prepare(model, train)  # type: ignore[arg-type]
    text, codes = torch.ones(2, 8, dtype=torch.long), torch.ones(2, 16, dtype=torch.long)

    def forward() -> Tensor:
        with torch.autocast("cpu", dtype=torch.bfloat16, cache_enabled=False):
            return weighted_loss(*model.losses(text, codes))

    assert plan.activations == pytest.approx(saved_bytes(model, forward), rel=0.01)
    trained = [p for p in model.parameters() if p.requires_grad]
    optimizer = torch.optim.AdamW(trained)
    forward().backward()
    optimizer.step()
    assert plan.weights == sum(p.nbytes for p in model.parameters())
    assert plan.gradients == sum(p.grad.nbytes for p in trained if p.grad is not None)
    moments = [s[key] for s in optimizer.state.values() for key in ("exp_avg", "exp_avg_sq")]
    assert plan.optimizer == sum(moment.nbytes for moment in moments)


def test_a_step_of_the_published_size_fits_one_gpu() -> None:
    plan = account(TransformerConfig(), "frozen", batch_size=4, gpu=True)
    assert plan.activations_checkpointed < 0.3 * plan.activations
    assert plan.total(checkpointing=True) < 8e9


# --- The data -------------------------------------------------------------------------------------


def test_every_bad_row_is_named(data: Path, tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "good.png").write_bytes((data / "0.png").read_bytes())
    (tmp_path / "in/good.png").write_bytes((data / "1.png").read_bytes())
    (tmp_path / "in/bad.png").write_bytes((data / "0.png").read_bytes()[:100])
    rows = [
        "file,text",
        "good.png,кот",
        "nowhere.png,кот",
        "bad.png,кот",
        "good.png,  ",
        "good.png,кот, собака",
        "../good.png,кот",
        "good.png,кот",
        'good.png,"кот,\nпицца"',
        "good.png",
        "good.png,Katze",
    ]
    text = "\n".join(rows).encode() + b"\ngood.png,\xea\xee\xf2\n"
    (tmp_path / "in/captions.csv").write_bytes(text)
    with pytest.raises(BadData) as raised:
        read_pairs(tmp_path / "in")
    assert str(raised.value).splitlines()[1:] == [
        "  line 3: nowhere.png cannot be read (No such file or directory)",
        "  line 4: bad.png is no image that can be read (PNG, JPEG, WEBP, GIF, BMP, TIFF)",
        "  line 5: good.png: The prompt is empty: say in Russian what to draw.",
        "  line 6: 3 columns and not 2 (a text with a comma needs quotes)",
        "  line 7: ../good.png is outside of the folder",
        "  line 8: good.png is there already with the same text",
        "  line 11: 1 columns and not 2 (a text with a comma needs quotes)",
        "  line 12: good.png: The model reads Russian only.",
        "  line 13: it is not UTF-8: save the table as CSV in UTF-8",
    ]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("", "header"),
        ("name;text\n1.png;кот\n", "is 'name;text'"),
        ("file|text\n1.png|кот\n", "is 'file|text'"),
        ('file,text\n1.png,"кот\n2.png,пёс"\n', "line 2: a quote is not closed"),
        ('file,text\n1.png,"кот\n2.png,пёс\n3.png,"лев"\n', "line 2: "),
        ('file;text\n1.png;"кот\n2.png;пёс\n3.png;лев"\n4.png;ёж\n', r"(?s)line 2: .*line 5: 4"),
        ('file,text\n"1.png,кот\n2.png",пёс\n', "line 2: a quote is not closed"),
        ("file,text\n1.p\0ng,кот\n", "line 2: it is not UTF-8"),
        ("file,text\n", "no rows"),
        ('file,text\n1.png,"кот\n', "line 2"),
        ('file,text\n1.png,кот\n2.png,"кот"а\n', r"(?s)line 2: 1\.png.*line 3: .* cannot be read"),
        ("file,text\n1.png,кот\u2028в космосе\n2.png\n", "line 3: 1 columns"),
        ("file,text\n" + "1.png,\n" * 30, "… and 10 more"),
    ],
)
def test_a_bad_table_is_refused(tmp_path: Path, content: str, words: str) -> None:
    (tmp_path / "captions.csv").write_text(content)
    with pytest.raises(BadData, match=words):
        read_pairs(tmp_path)


def test_bad_data_is_one_message_and_starts_nothing(
    tiny_bundle: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    options = ("--base", tiny_bundle, "--data", tmp_path / "nowhere", "--out", tmp_path / "mine")
    monkeypatch.setattr("sys.argv", ["emojich", "finetune", *map(str, options)])
    with pytest.raises(SystemExit, match=r"^emojich: .*captions\.csv cannot be read"):
        main()
    assert os.listdir(tmp_path) == []


def test_the_plan_is_printed(
    tiny_bundle: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    options = ("--base", str(tiny_bundle), "--plan", "--device", "cuda")
    monkeypatch.setattr("sys.argv", ["emojich", "finetune", *options])
    main()
    rows = capsys.readouterr().out.splitlines()
    assert [row.split()[0] for row in rows[-3:]] == ["frozen", "all", "lora"]


def test_the_table_of_a_spreadsheet_is_read(data: Path, tmp_path: Path) -> None:
    for name in ("0.png", "1.png"):
        (tmp_path / name).write_bytes((data / name).read_bytes())
    decomposed = normalize("NFD", "чайник")  # as a Mac may write it
    text = f'file,text\r\n0.png,"кот, собака"\r\n\r\n1.png,  {decomposed}  в\tкосмосе \r\n'
    (tmp_path / "captions.csv").write_bytes(text.encode("utf-8-sig"))
    assert [pair.text for pair in read_pairs(tmp_path)] == ["кот, собака", "чайник в космосе"]


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_tables_as_spreadsheets_write_them(
    data: Path, tmp_path: Path, delimiter: str, encoding: str
) -> None:
    for name in ("0.png", "1.png"):
        (tmp_path / name).write_bytes((data / name).read_bytes())
    rows = [("file", "text"), ("0.png", '"кот\nв шляпе"'), ("1.png", '"он сказал ""мяу"""')]
    text = "".join(f"{delimiter.join(row)}\r\n" for row in rows)
    (tmp_path / "captions.csv").write_bytes(text.encode(encoding))
    assert [pair.text for pair in read_pairs(tmp_path)] == ["кот в шляпе", 'он сказал "мяу"']


def test_table_in_a_windows_encoding_is_one_sentence_per_row(data: Path, tmp_path: Path) -> None:
    (tmp_path / "captions.csv").write_bytes("file;text\n0.png;кот\n".encode("cp1251"))
    with pytest.raises(BadData, match="line 2: it is not UTF-8"):
        read_pairs(tmp_path)


@pytest.mark.parametrize("on_disk", ["NFC", "NFD"])
@pytest.mark.parametrize("in_table", ["NFC", "NFD"])
def test_file_names_are_found_in_any_unicode_form(
    data: Path, tmp_path: Path, on_disk: str, in_table: str
) -> None:
    names = [f"Ёжики/йод {number}.png" for number in range(2)]
    for number, name in enumerate(names):
        file = tmp_path / normalize(on_disk, name)
        file.parent.mkdir(exist_ok=True)
        file.write_bytes((data / f"{number}.png").read_bytes())
    rows = "".join(f"{normalize(in_table, name)},кот {name[-5]}\n" for name in names)
    (tmp_path / "captions.csv").write_text(f"file,text\n{rows}", encoding="utf-8")
    assert [pair.text for pair in read_pairs(tmp_path)] == ["кот 0", "кот 1"]


def test_held_out_rows_follow_from_the_images(data: Path) -> None:
    pairs = read_pairs(data)
    training, held_out = split(pairs)
    assert (len(training), len(held_out)) == (5, 1)
    assert split(pairs[::-1])[1] == held_out
    more = [replace(pair, text="ещё") for pair in held_out]
    assert split([*pairs, *more])[1] == [*held_out, *more]


def test_picture_is_placed_on_a_white_square(tmp_path: Path) -> None:
    Image.new("RGBA", (20, 40), (255, 0, 0, 128)).save(tmp_path / "half.png")
    seen = picture(tmp_path / "half.png", 40)
    assert (seen.mode, seen.size) == ("RGB", (40, 40))
    assert seen.getpixel((1, 20)) == (255, 255, 255)
    assert seen.getpixel((20, 20)) == (255, 127, 127)
