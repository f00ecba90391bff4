"""Published files become bundles: imported, pulled from a hub, and everything that goes wrong."""

import hashlib
import json
import os
import pickle
import re
import shutil
import signal
import subprocess
import sys
import tarfile
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import replace
from pathlib import Path

import pytest
import safetensors.torch
import torch
from huggingface_hub import close_session, constants

from emojich_core.bundles import published
from emojich_core.bundles.bundle import BundleError, load_bundle, sha256, verify_bundle
from emojich_core.bundles.convert import convert, read_checkpoint
from emojich_core.bundles.install import import_from
from emojich_core.cli.main import main
from emojich_core.networks.ruclip import RuCLIPConfig
from emojich_core.pipeline import Pipeline
from tests.emojich_core import tiny
from tests.emojich_core.hub import COMMIT, Hub

TOKEN = "hf_secret"
# Of this module's own: the tiny models stand in for them in every test.
PUBLISHED = published.MODELS, published.CHOICES, published.TOKENIZER
Tensors = dict[str, torch.Tensor]


@pytest.fixture(scope="module")
def checkpoints(tiny_bundle: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("checkpoints")
    tiny.write_checkpoints(folder, tiny_bundle / "bpe.model")
    return folder


@pytest.fixture(autouse=True)
def models(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """The tiny models stand in for the published ones, and the models folder is our own."""
    monkeypatch.setattr(published, "MODELS", tiny.MODELS)
    monkeypatch.setattr(published, "CHOICES", tiny.CHOICES)
    monkeypatch.setattr(published, "TOKENIZER", tiny.TOKENIZER)
    monkeypatch.setenv("EMOJICH_MODELS", str(tmp_path / "models"))
    return tmp_path / "models"


@pytest.fixture
def hub(checkpoints: Path) -> Iterator[Hub]:
    hub = Hub(checkpoints)
    yield hub
    hub.close()


Emojich = Callable[..., tuple[str, str]]


@pytest.fixture
def emojich(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Emojich:
    """Run `emojich …` here: the message that it ends with, if it cannot be done, and its output."""

    def run(*arguments: str) -> tuple[str, str]:
        monkeypatch.setattr("sys.argv", ["emojich", *arguments])
        message = ""
        try:
            main()
        except SystemExit as ended:
            message = str(ended.code)
        return message, capsys.readouterr().out

    return run


def start_pull(hub: Hub, tmp_path: Path, name: str) -> subprocess.Popen[str]:
    """`emojich weights pull NAME` with the tiny models."""
    here = {"HF_ENDPOINT": hub.url, "HF_HOME": str(tmp_path / "hf"), "HF_TOKEN": TOKEN}
    here["HF_HUB_DOWNLOAD_TIMEOUT"] = "120"  # seconds; a download that stalls is not resumed
    return subprocess.Popen(
        [sys.executable, "-m", "tests.emojich_core.tiny", "weights", "pull", name],
        env={**os.environ, **here},
        cwd=Path(__file__).parents[2],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@pytest.fixture
def pull(
    hub: Hub, emojich: Emojich, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> Callable[..., str]:
    """The same here: a function that returns the message it ends with, if it cannot be done."""
    template = hub.url + "/{repo_id}/resolve/{revision}/{filename}"
    monkeypatch.setattr(constants, "ENDPOINT", hub.url)
    monkeypatch.setattr(constants, "HUGGINGFACE_CO_URL_TEMPLATE", template)
    monkeypatch.setattr(constants, "HF_HOME", str(tmp_path / "hf"))
    monkeypatch.setenv("HF_TOKEN", TOKEN)

    def run(*options: str) -> str:
        close_session()  # a process of its own would have no connections yet
        return emojich("weights", "pull", "emojich", *options)[0]

    return run


def fetched(tmp_path: Path) -> list[Path]:
    """The downloaded files that are not in a bundle yet."""
    return [path for path in (tmp_path / "hf/emojich").iterdir() if path.is_file()]


def left_behind(models: Path) -> list[str]:
    """The files in the models folder that are neither bundles nor locks."""
    return [p.name for p in models.iterdir() if p.name.startswith(".") and p.is_dir()]


# --- Import ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "chosen"),
    [
        ("emojich", {}),
        ("malevich", {"vqgan": "plain", "upscale": "x8", "matting": "effnetb7"}),
        ("emojich", {"upscale": "x4"}),
        ("emojich", {"upscale": "none"}),
    ],
)
def test_imported_bundle_generates_images(
    checkpoints: Path, name: str, chosen: dict[str, str]
) -> None:
    model = published.published(name, **chosen)
    path = import_from(checkpoints, model)
    bundle = load_bundle(name)
    assert bundle.path == path
    assert bundle.licence == "code: Apache-2.0; weights: not stated"
    assert bundle.transformer == model.parts["transformer"].config
    stored = bundle.weights("transformer")
    assert {tensor.dtype for tensor in stored.values()} == {torch.float16}
    source = torch.load(checkpoints / model.parts["transformer"].source.repo[5:] / _file(model))
    assert all(tensor.equal(source[key]) for key, tensor in stored.items())
    drawings = Pipeline.load(name, "cpu").generate("кот", count=2, seed=1)
    assert [drawing.image.size for drawing in drawings] == [(512, 512)] * 2


def _file(model: published.Published) -> str:
    return model.parts["transformer"].source.file


def test_the_wavelet_decoder_takes_its_own_convolution(checkpoints: Path) -> None:
    part = tiny.CHOICES["vqgan"]["dwt"]
    tensors = convert("vqgan", part.config, checkpoints / "utils/vqgan-dwt.ckpt")
    assert tensors["post_quant_conv.weight"].isfinite().all()


def test_files_are_imported_from_a_flat_folder(checkpoints: Path, tmp_path: Path) -> None:
    for repository in ("utils", "esrgan", "emojich"):
        shutil.copytree(checkpoints / repository, tmp_path / "flat", dirs_exist_ok=True)
    import_from(tmp_path / "flat", published.published("emojich"))
    with pytest.raises(BundleError, match=r"model_v3\.bin of tiny/malevich"):
        import_from(tmp_path / "flat", published.published("malevich"))


def test_a_clone_without_its_large_files_is_refused(checkpoints: Path, tmp_path: Path) -> None:
    copy = Path(shutil.copytree(checkpoints, tmp_path / "copy"))
    (copy / "emojich/model.bin").write_text("version https://git-lfs.github.com/spec/v1\noid …\n")
    with pytest.raises(BundleError, match=r"model\.bin is only a pointer: run `git lfs pull`"):
        import_from(copy, published.published("emojich"))


def test_weights_are_imported_as_bfloat16(checkpoints: Path) -> None:
    import_from(checkpoints, published.published("emojich"), torch.bfloat16)
    dtypes = {t.dtype for t in load_bundle("emojich").weights("transformer").values()}
    assert dtypes == {torch.bfloat16}


class Evil:
    """Pickled, it creates a file when it is opened carelessly."""

    def __init__(self, file: Path):
        self.file = file

    def __reduce__(self) -> tuple[Callable[..., object], tuple[object, ...]]:
        return os.mkdir, (str(self.file),)


def test_checkpoint_with_pickled_code_is_refused_unrun(tmp_path: Path) -> None:
    for save in (torch.save, lambda content, file: file.write_bytes(pickle.dumps(content))):
        file = tmp_path / "evil.bin"
        save({"a": torch.zeros(1), "b": Evil(tmp_path / "executed")}, file)
        with pytest.raises(BundleError, match=r"evil\.bin .*might run code"):
            read_checkpoint(file)
        assert not (tmp_path / "executed").exists()


@pytest.mark.parametrize("zipped", [True, False])
def test_a_truncated_checkpoint_is_refused(tmp_path: Path, zipped: bool) -> None:
    file = tmp_path / "cut.bin"
    torch.save({"a": torch.zeros(9999)}, file, _use_new_zipfile_serialization=zipped)
    assert read_checkpoint(file)["a"].shape == (9999,)
    whole = file.read_bytes()
    for length in (0, 10, len(whole) // 2, len(whole) - 10):
        file.write_bytes(whole[:length])
        with pytest.raises(BundleError, match=r"cut\.bin") as caught:
            read_checkpoint(file)
        assert "\n" not in str(caught.value)


def test_a_checkpoint_of_another_shape_is_refused(checkpoints: Path, models: Path) -> None:
    part = tiny.MODELS["emojich"]
    wider = tiny.TransformerConfig("v2", **{**tiny.NUMBERS, "hidden_size": 64})
    deeper = tiny.TransformerConfig("v2", **{**tiny.NUMBERS, "num_layers": 3})
    shallower = tiny.TransformerConfig("v2", **{**tiny.NUMBERS, "num_layers": 1})
    file = checkpoints / "emojich" / part.source.file
    for config, words in ((wider, "is .* and not"), (deeper, "lacks"), (shallower, "nothing is")):
        with pytest.raises(BundleError, match=rf"model\.bin .*{words}"):
            convert("transformer", config, file)
    torch.save([1, 2], models.with_name("list.bin"))
    with pytest.raises(BundleError, match="no tensors"):
        read_checkpoint(models.with_name("list.bin"))


def test_a_tokenizer_of_another_size_is_refused(checkpoints: Path, tmp_path: Path) -> None:
    for content in (b"12 5\n", b"garbage"):
        copy = Path(shutil.copytree(checkpoints, tmp_path / "copy", dirs_exist_ok=True))
        (copy / "utils/bpe.model").write_bytes(content)
        with pytest.raises(BundleError, match=r"bpe\.model .*(BPE|tokens)"):
            import_from(copy, published.published("emojich"))


def test_full_disk_keeps_the_installed_bundle(
    emojich: Emojich,
    checkpoints: Path,
    models: Path,
    full_disk: Callable[[int], AbstractContextManager[None]],
) -> None:
    path = import_from(checkpoints, published.published("emojich"))
    before = {file.name: file.read_bytes() for file in path.iterdir()}
    with full_disk(50_000):
        message, _ = emojich("weights", "import", "emojich", "--from", str(checkpoints))
    assert "\n" not in message
    assert "cannot be written" in message
    assert "make room" in message
    assert {file.name: file.read_bytes() for file in path.iterdir()} == before
    assert left_behind(models) == []


def test_failed_import_keeps_the_installed_bundle(
    checkpoints: Path, models: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = published.published("emojich")
    path = import_from(checkpoints, model)
    rename = Path.rename

    def fail_to_install(self: Path, target: Path) -> Path:
        if self.name.endswith(".new"):
            raise OSError("no")
        return rename(self, target)

    monkeypatch.setattr(Path, "rename", fail_to_install)
    with pytest.raises(OSError, match="no"):
        import_from(checkpoints, model)
    assert load_bundle("emojich").path == path
    assert left_behind(models) == []
    # Killed between the two renames of a swap: the next attempt begins by putting it back.
    rename(path, models / ".emojich.previous")
    with pytest.raises(OSError, match="no"):
        import_from(checkpoints, model)
    assert load_bundle("emojich").path == path


def test_repositories_are_replaced_by_named_copies(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    file = tmp_path / "repos.json"
    file.write_text(json.dumps({"tiny/emojich": "me/copy@v1", "tiny/utils": "me/utils"}))
    monkeypatch.setenv("EMOJICH_REPOS", str(file))
    model = published.published("emojich")
    assert model.parts["transformer"].source == published.Source("me/copy", "model.bin", "v1")
    assert model.tokenizer == published.Source("me/utils", "bpe.model", "main")
    file.write_text(json.dumps({"tiny/ruclip": "me/ruclip"}))
    judge = published.published("emojich", judge="ruclip").parts["judge"]
    assert {source.repo for source in (judge.source, *judge.files.values())} == {"me/ruclip"}
    for bad in ("[]", '{"tiny/emojich": 1}'):
        file.write_text(bad)
        with pytest.raises(BundleError, match="EMOJICH_REPOS"):
            published.published("emojich")


def test_unknown_names_are_refused() -> None:
    with pytest.raises(BundleError, match="emojich, malevich"):
        published.published("dall-e")
    with pytest.raises(BundleError, match="x2, x4, x8"):
        published.published("emojich", upscale="x3")


def whole(file: Path, source: published.Source) -> published.Source:
    """A source that knows the size and check sum of a file."""
    return replace(source, size=file.stat().st_size, sha256=sha256(file))


def test_import_says_whether_files_are_the_published_ones(
    checkpoints: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    own, dwt = tiny.MODELS["emojich"], tiny.CHOICES["vqgan"]["dwt"]
    source = whole(checkpoints / "emojich/model.bin", own.source)
    vqgan = whole(checkpoints / "utils/vqgan-dwt.ckpt", dwt.source)
    longer, other = replace(vqgan, size=vqgan.size + 1), replace(vqgan, sha256="0" * 64)
    monkeypatch.setitem(tiny.MODELS, "emojich", replace(own, source=source))
    said: list[str] = []
    for each in (vqgan, longer, other):
        monkeypatch.setitem(tiny.CHOICES["vqgan"], "dwt", replace(dwt, source=each))
        import_from(checkpoints, published.published("emojich"), say=said.append)
    lines = [line for line in said if line.startswith(("transformer", "vqgan", "upscale"))]
    assert lines[0] == "transformer: model.bin is the published file."
    assert lines[1] == "vqgan: vqgan-dwt.ckpt is the published file."
    assert "x2.pth is taken as it is: no check sum" in lines[2]
    assert f"not the published file ({vqgan.size} bytes, not {longer.size}): taken" in lines[4]
    assert f"not the published file (its SHA-256 is {vqgan.sha256}): taken" in lines[7]
    assert load_bundle("emojich").vqgan == dwt.config

    shown = capsys.readouterr().err
    assert all(f"{step}: 100%" in shown for step in ("checking", "converting", "writing"))


def test_published_files_have_sizes_and_hashes() -> None:
    models, choices, tokenizer = PUBLISHED
    parts = [*models.values(), *(part for stage in choices.values() for part in stage.values())]
    sources = [tokenizer, *(part.source for part in parts if part.source)]
    known = {source.file: source for source in sources if source.sha256}
    assert len(known) == 9
    assert known["bpe.model"] == published.Source(
        "ai-forever/rudalle-utils",
        "bpe.model",
        size=224498,
        sha256="c5dcee5d7e0fa74f48d493791484232850e25230eb8b04dbd527afe008b9482e",
        second="shonenkov/rudalle-utils",
    )
    assert all(re.fullmatch("[0-9a-f]{64}", source.sha256) for source in known.values())


def lightning(tensors: Tensors) -> object:
    return {"state_dict": {f"model.{key}": value for key, value in tensors.items()}, "epoch": 1}


def training_loop(tensors: Tensors) -> object:
    named = {f"module.{key}": value.float() for key, value in tensors.items()}
    return {"model_state_dict": named, "optimizer_state_dict": {"step": 3}, "loss": 0.5}


def half_precision(tensors: Tensors) -> object:
    return {f"module.module.{key}": value for key, value in tensors.items()}


@pytest.mark.parametrize("arrange", [dict, lightning, training_loop, half_precision])
@pytest.mark.parametrize("kind", [".pt", ".safetensors", "legacy.bin"])
def test_a_community_checkpoint_takes_the_place_of_the_published_one(
    kind: str,
    arrange: Callable[[Tensors], object],
    emojich: Emojich,
    checkpoints: Path,
    tmp_path: Path,
) -> None:
    torch.manual_seed(5)
    part = tiny.MODELS["malevich"]
    tuned = tiny.transformer_layout(tiny.weights("transformer", part))
    file, content = tmp_path / f"tuned{kind}", arrange(tuned)
    if kind == ".safetensors":
        tensors = next((c for c in vars_of(content) if isinstance(c, dict)), content)
        safetensors.torch.save_file(tensors, file)
    else:
        torch.save(content, file, _use_new_zipfile_serialization=kind == ".pt")
    rest = "--from", str(checkpoints)
    message, out = emojich("weights", "import", "malevich", *rest, "--transformer", str(file))
    assert message == ""
    bundle = load_bundle("malevich")
    assert out == f"{bundle.path}\n"
    stored = bundle.weights("transformer")
    assert all(tensor.equal(tuned[key].half()) for key, tensor in stored.items())
    assert (
        "tuned" in json.loads((bundle.path / "bundle.json").read_text())["sources"]["transformer"]
    )


def vars_of(content: object) -> list[object]:
    return list(content.values()) if isinstance(content, dict) else []


def test_import_without_a_folder_downloads_the_other_files(
    hub: Hub, pull: Callable[[], str], emojich: Emojich, checkpoints: Path, tmp_path: Path
) -> None:
    close_session()
    tuned = Path(shutil.copy(checkpoints / "emojich/model.bin", tmp_path / "tuned.bin"))
    assert emojich("weights", "import", "emojich", "--transformer", str(tuned))[0] == ""
    assert hub.gets("emojich/model.bin") == []
    assert hub.gets("utils/bpe.model") == [None]
    assert load_bundle("emojich").name == "emojich"
    assert tuned.exists()

    before = len(hub.requests)
    other = str(checkpoints / "emojich/b5/model.bin")
    message = emojich("weights", "import", "emojich", "--transformer", other)[0]
    assert "is not the transformer it should be" in message
    assert len(hub.requests) == before, "nothing is fetched for a checkpoint that does not fit"


@pytest.mark.parametrize("kind", ["missing", "folder", "pipe", "pointer", "tar", "text"])
def test_file_that_is_no_checkpoint_is_refused(
    kind: str, emojich: Emojich, checkpoints: Path, tmp_path: Path
) -> None:
    file = tmp_path / "own.pt"
    if kind == "folder":
        file.mkdir()
    elif kind == "pipe":
        os.mkfifo(file)
    elif kind == "pointer":
        file.write_text("version https://git-lfs.github.com/spec/v1\noid …\n")
    elif kind == "tar":
        with tarfile.open(file, "w") as archive:
            archive.add(checkpoints / "utils/bpe.model", "storages")
    elif kind == "text":
        file.write_text("<!doctype html>\n")
    rest = "--from", str(checkpoints)
    message, _ = emojich("weights", "import", "malevich", *rest, "--transformer", str(file))
    assert str(file) in message
    assert "\n" not in message


# --- Pull -----------------------------------------------------------------------------------------


@pytest.mark.slow
def test_killed_pull_resumes(
    hub: Hub, pull: Callable[[], str], models: Path, tmp_path: Path
) -> None:
    hub.stall = "model.bin"
    process = start_pull(hub, tmp_path, "emojich")
    assert hub.stalled.wait(timeout=120)
    partial = wait_for_part(tmp_path / "hf")
    process.send_signal(signal.SIGKILL)
    process.communicate()
    arrived = partial.stat().st_size
    assert arrived > 0
    with pytest.raises(BundleError, match="no model bundle"):
        load_bundle("emojich")

    hub.released.set()
    assert pull() == ""
    assert hub.gets("emojich/model.bin") == [None, f"bytes={arrived}-"]
    assert hub.gets("utils/bpe.model") == [None], "what was whole is not fetched again"
    assert hub.tokens == {f"Bearer {TOKEN}"}
    assert hub.storage_tokens == {None}
    bundle = load_bundle("emojich")
    sources = json.loads((bundle.path / "bundle.json").read_text())["sources"]
    assert sources["transformer"] == f"tiny/emojich@{COMMIT}/model.bin"
    assert fetched(tmp_path) == [], "all of it is in the bundle"
    assert left_behind(models) == []


def wait_for_part(home: Path) -> Path:
    """The file that a download grows in, once something is in it."""
    from tests.worker.harness import wait_until

    def parts() -> list[Path]:
        return [p for p in (home / "emojich").glob("*.partial") if p.stat().st_size]

    wait_until(lambda: bool(parts()))
    return parts()[0]


def test_damaged_download_is_fetched_again(hub: Hub, pull: Callable[[], str], models: Path) -> None:
    hub.corrupt.add("b5/model.bin")
    assert "tiny/emojich/b5/model.bin arrived damaged" in pull()
    assert not (models / "emojich").exists()
    hub.corrupt.clear()
    assert pull() == ""
    assert hub.gets("emojich/b5/model.bin") == [None, None]

    # The bundle stays usable while a later pull of it fails.
    hub.short.add("model.bin")
    assert "tiny/emojich/model.bin could not be fetched" in pull()
    assert load_bundle("emojich").path == models / "emojich"


def test_partial_file_of_another_version_is_dropped(
    hub: Hub, pull: Callable[[], str], checkpoints: Path, tmp_path: Path
) -> None:
    original = (checkpoints / "emojich/model.bin").read_bytes()
    size, name = len(original), hashlib.sha256(original).hexdigest()
    folder = tmp_path / "hf/emojich"
    folder.mkdir(parents=True)
    for content in (b"x" * (size + 10), b"x" * size, b"x" * 100, original + original):
        (folder / f"{name}.partial").write_bytes(content)
        assert pull() == ""
    assert hub.gets("emojich/model.bin") == [None, None, "bytes=100-", None, None]


def test_earlier_download_is_checked(
    hub: Hub, pull: Callable[[], str], checkpoints: Path, tmp_path: Path
) -> None:
    original = (checkpoints / "utils/vqgan-dwt.ckpt").read_bytes()
    done = tmp_path / "hf/emojich" / hashlib.sha256(original).hexdigest()
    done.parent.mkdir(parents=True)
    for content, gets in ((original + original, 1), (original[:-1] + b"x", 2), (original, 2)):
        done.write_bytes(content)
        assert pull() == ""
        assert len(hub.gets("utils/vqgan-dwt.ckpt")) == gets


def test_busy_hub_is_asked_again(
    hub: Hub, pull: Callable[[], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("emojich_core.bundles.download.WAITS", (0.01, 0.01))
    hub.busy = {"bpe.model": [("HEAD", 429), ("GET", 503)], "model.bin": [("HEAD", 503)]}
    assert pull() == ""
    hub.busy = {"bpe.model": [("HEAD", 503)] * 9}
    assert "tiny/utils/bpe.model could not be fetched" in pull()
    assert len(hub.busy["bpe.model"]) == 6


def test_web_page_in_place_of_a_file_is_not_resumed(hub: Hub, pull: Callable[[], str]) -> None:
    hub.pages.add("model.bin")
    assert "tiny/emojich/model.bin could not be fetched" in pull()
    hub.pages.clear()
    assert pull() == ""
    hub.etag = lambda data: "../../escape"
    assert "bpe.model is not served by a hub" in pull()


def test_hub_without_ranges_sends_the_whole_file_again(
    hub: Hub, pull: Callable[[], str], checkpoints: Path, tmp_path: Path
) -> None:
    original = (checkpoints / "emojich/model.bin").read_bytes()
    partial = tmp_path / f"hf/emojich/{hashlib.sha256(original).hexdigest()}.partial"
    partial.parent.mkdir(parents=True)
    partial.write_bytes(original[:1000])
    hub.ranges = False
    assert pull() == ""
    assert hub.gets("emojich/model.bin") == [None]


def test_full_disk_keeps_the_partial_download(
    hub: Hub,
    pull: Callable[[], str],
    tmp_path: Path,
    full_disk: Callable[[int], AbstractContextManager[None]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(constants, "DOWNLOAD_CHUNK_SIZE", 16 * 1024)
    with full_disk(50_000):
        message = pull()
    assert "cannot be written (" in message
    assert "make room for it, or set HF_HOME" in message
    arrived = max(path.stat().st_size for path in fetched(tmp_path))
    assert arrived > 16 * 1024
    assert pull() == ""
    assert f"bytes={arrived}-" in hub.gets("emojich/model.bin")


@pytest.fixture
def own_checkpoints(hub: Hub, checkpoints: Path, tmp_path: Path) -> Path:
    """A copy of the checkpoints, to be changed, which the hub serves."""
    hub.folder = Path(shutil.copytree(checkpoints, tmp_path / "changed"))
    return hub.folder


def test_pulled_judge_is_in_the_bundle(
    hub: Hub, pull: Callable[..., str], models: Path, checkpoints: Path, tmp_path: Path
) -> None:
    assert pull() == ""
    assert load_bundle("emojich").judge is None
    assert not any(path.startswith("ruclip") for _, path, _ in hub.requests)

    hub.short.add("config.json")
    assert "tiny/ruclip/config.json could not be fetched" in pull("--judge", "ruclip")
    assert load_bundle("emojich").judge is None, "the bundle stays until the new one is complete"
    hub.short.clear()
    hub.corrupt.add("judge.bin")
    assert "tiny/ruclip/judge.bin arrived damaged" in pull("--judge", "ruclip")
    hub.corrupt.clear()
    assert pull("--judge", "ruclip") == ""
    verify_bundle(models / "emojich")
    bundle = load_bundle("emojich")
    assert bundle.judge == tiny.RUCLIP
    published_weights = torch.load(checkpoints / "ruclip/judge.bin")
    stored = bundle.weights("judge")
    assert stored.keys() == published_weights.keys()
    assert all(tensor.equal(published_weights[key].half()) for key, tensor in stored.items())
    assert bundle.judge_tokenizer.read_bytes() == (checkpoints / "ruclip/bpe.model").read_bytes()
    sources = json.loads((bundle.path / "bundle.json").read_text())["sources"]
    assert sources["judge"] == f"tiny/ruclip@{COMMIT}/judge.bin"
    assert sources["judge config"] == f"tiny/ruclip@{COMMIT}/config.json"
    assert fetched(tmp_path) == []
    assert "choose one of: none, ruclip" in pull("--judge", "clip")


BAD_CONFIGS = {
    "no JSON": ("{", "is no configuration of a ruCLIP"),
    "no object": ("[]", "is no configuration of a ruCLIP"),
    "a long file": (" " * 2**17, "too large"),
    "a number that is missing": ({"embed_dim": None}, "RuCLIPConfig has no embed_dim"),
    "a number as a string": ({"embed_dim": "16"}, "embed_dim is '16'"),
    "10^9 layers": ({"vision_layers": 10**9}, "vision_layers is 1000000000"),
    "odd heads": ({"transformer_heads": 3}, "heads do not share"),
    "other sizes": ({"embed_dim": 8}, r"judge\.bin is not the judge it should be"),
    "fewer words": ({"vocab_size": 30}, r"bpe\.model is no BPE model of the judge"),
}


@pytest.mark.parametrize("kind", BAD_CONFIGS)
def test_judge_with_a_bad_config_is_refused_in_one_sentence(
    own_checkpoints: Path, emojich: Emojich, models: Path, kind: str
) -> None:
    change, expected = BAD_CONFIGS[kind]
    file = own_checkpoints / "ruclip/config.json"
    if isinstance(change, str):
        file.write_text(change)
    else:
        numbers = json.loads(file.read_text()) | change
        file.write_text(json.dumps({k: v for k, v in numbers.items() if v is not None}))
    options = "--from", str(own_checkpoints), "--judge", "ruclip"
    message, _ = emojich("weights", "import", "emojich", *options)
    assert re.search(expected, message)
    assert str(own_checkpoints / "ruclip") in message
    assert "\n" not in message
    assert left_behind(models) == []


def test_other_values_and_null_in_the_config_of_a_judge_are_ignored(
    own_checkpoints: Path, emojich: Emojich
) -> None:
    file = own_checkpoints / "ruclip/config.json"
    numbers = json.loads(file.read_text()) | {"model_type": "clip", "mean": None, "std": None}
    file.write_text(json.dumps(numbers))
    options = "--from", str(own_checkpoints), "--judge", "ruclip"
    message, _ = emojich("weights", "import", "emojich", *options)
    assert message == ""
    judge = load_bundle("emojich").judge
    assert judge == replace(tiny.RUCLIP, mean=RuCLIPConfig.mean, std=RuCLIPConfig.std)


def test_judge_of_a_hub_with_a_bad_config_is_refused(
    own_checkpoints: Path, pull: Callable[..., str], models: Path
) -> None:
    (own_checkpoints / "ruclip/config.json").write_text("<!doctype html>")
    message = pull("--judge", "ruclip")
    assert "is no configuration of a ruCLIP" in message
    assert "\n" not in message
    assert not (models / "emojich").exists()


def test_judge_is_imported_from_its_own_folder_only(checkpoints: Path, tmp_path: Path) -> None:
    model = published.published("emojich", judge="ruclip")
    import_from(checkpoints, model)
    assert load_bundle("emojich").judge == tiny.RUCLIP
    for repository in ("utils", "esrgan", "emojich", "ruclip"):
        shutil.copytree(checkpoints / repository, tmp_path / "flat", dirs_exist_ok=True)
    with pytest.raises(BundleError, match=r"no bpe\.model of tiny/ruclip: put it at .*/ruclip/bpe"):
        import_from(tmp_path / "flat", model)


def test_moved_file_is_taken_from_the_second_repository(
    hub: Hub, pull: Callable[[], str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    moved = published.Source("gone/elsewhere", "bpe.model", second="tiny/utils")
    monkeypatch.setattr(published, "TOKENIZER", moved)
    assert pull() == ""
    sources = json.loads((load_bundle("emojich").path / "bundle.json").read_text())["sources"]
    assert sources["tokenizer"] == f"tiny/utils@{COMMIT}/bpe.model"

    file = tmp_path / "repos.json"
    monkeypatch.setenv("EMOJICH_REPOS", str(file))
    for repo in ("gone/elsewhere", "tiny/utils"):
        file.write_text(json.dumps({repo: "me/copy"}))
        assert published.published("emojich").tokenizer == published.Source("me/copy", "bpe.model")


@pytest.mark.slow
def test_concurrent_pulls_share_their_files(
    hub: Hub, checkpoints: Path, models: Path, tmp_path: Path
) -> None:
    hub.stall = "vqgan-dwt.ckpt"
    first = start_pull(hub, tmp_path, "emojich")
    assert hub.stalled.wait(timeout=120)
    second = start_pull(hub, tmp_path, "malevich")
    assert second.stderr
    assert any("Another process fetches vqgan-dwt.ckpt" in line for line in second.stderr)
    hub.released.set()
    for process in (first, second):
        _, errors = process.communicate(timeout=240)
        assert process.returncode == 0, errors
    for name in ("emojich", "malevich"):
        verify_bundle(models / name)
        tokenizer = (models / name / "bpe.model").read_bytes()
        assert tokenizer == (checkpoints / "utils/bpe.model").read_bytes()
        Pipeline.load(name, "cpu")
    assert {r for method, _, r in hub.requests if method == "GET"} == {None}, "nothing is torn"
    assert len(hub.gets("utils/vqgan-dwt.ckpt")) <= 2
    assert fetched(tmp_path) == []


def test_missing_file_or_network_is_one_sentence(
    hub: Hub, pull: Callable[[], str], tmp_path: Path
) -> None:
    hub.folder = tmp_path
    missing = pull()
    assert "tiny/utils/bpe.model is not on http" in missing
    hub.close()
    offline = pull()
    assert "check the network and HF_ENDPOINT" in offline
    assert "\n" not in missing + offline


def test_verify_and_list_print_the_installed_bundles(emojich: Emojich, checkpoints: Path) -> None:
    path = import_from(checkpoints, published.published("emojich"))
    assert emojich("weights", "verify", "emojich") == ("", f"{path} is whole.\n")
    message, out = emojich("weights", "list")
    assert message == ""
    lines = {line.split()[0]: line for line in out.splitlines()}
    assert lines["emojich"].endswith(str(path))
    assert "GB  code: Apache-2.0; weights: not stated  /" in lines["emojich"]
    assert lines["malevich"].endswith("not here: emojich weights pull malevich")

    file = path / "transformer.safetensors"
    file.write_bytes(file.read_bytes()[:-1] + b"\xff")
    message, _ = emojich("weights", "verify", "emojich")
    assert f"{file} is damaged" in message
    assert "is damaged" in emojich("weights", "list")[1]


def test_a_checkpoint_in_capitals_and_an_empty_one(tmp_path: Path) -> None:
    safetensors.torch.save_file({"module.a": torch.zeros(2)}, tmp_path / "A.SAFETENSORS")
    assert read_checkpoint(tmp_path / "A.SAFETENSORS").keys() == {"a"}
    (tmp_path / "empty.pt").touch()
    with pytest.raises(BundleError, match=r"empty\.pt is damaged \(EOFError\)"):
        read_checkpoint(tmp_path / "empty.pt")
