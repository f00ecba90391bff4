"""The order of all tests, and fixtures for them: a tiny bundle of the real classes, a browser."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

# Spinning OpenMP threads take most of their time where other tests use the same cores.  It is read
# when torch is imported, which is later.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

CHROMIUM = shutil.which("chromium")
# Long files come first, so that short files fill up the end of a run.
ORDER = (
    "tests/e2e/",
    "tests/worker/",
    "tests/emojich_core/",
    "tests/test_install.py",
    "tests/bot/test_updates.py",
    "tests/test_benchmarks.py",
    "tests/bot/test_process.py",
    "tests/bot/test_leader.py",
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Sort them so."""
    items.sort(key=lambda item: [not item.nodeid.startswith(folder) for folder in ORDER])


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """In that order; the files of tests/e2e together, since their common processes start slowly."""
    from xdist.scheduler import LoadFileScheduling

    class Scheduling(LoadFileScheduling):
        def _split_scope(self, nodeid: str) -> str:
            together = ORDER[0]
            return together if nodeid.startswith(together) else super()._split_scope(nodeid)

    if config.getoption("dist") != "loadfile":
        return None
    config.option.loadscopereorder = False  # files with many tests are not those that take long
    return Scheduling(config, log)


@pytest.fixture(scope="module")  # not longer: its event loop would be in the way of others
def browser() -> Iterator[Browser]:
    """The system's Chromium, without a window."""
    if CHROMIUM is None:
        pytest.skip("no chromium is installed: apt-get install chromium")
    with sync_playwright() as playwright:
        yield playwright.chromium.launch(
            executable_path=CHROMIUM,
            args=["--no-sandbox", "--disable-gpu", "--disable-background-networking"],
        )


@pytest.fixture
def phone(browser: Browser) -> Iterator[Page]:
    """A page of a phone's width, which must fit it and end without an error."""
    page = browser.new_page(  # with cookies and a storage of its own
        viewport={"width": 375, "height": 812}, device_scale_factor=2, locale="ru-RU"
    )
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    yield page
    assert page.evaluate("document.documentElement.scrollWidth") <= 375
    assert errors == []
    page.close()


@pytest.fixture(scope="session")
def tiny_bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A bundle folder that draws noise within a fraction of a second: 4×4 codes, 2 layers."""
    # Imported here: tests of the bot and the queue must not pay for torch.
    import torch
    import youtokentome

    from emojich_core.bundles.bundle import save_bundle
    from emojich_core.inference.sampling import Sampling
    from emojich_core.networks.matting import MattingConfig, make_unet
    from emojich_core.networks.transformer import Transformer, TransformerConfig
    from emojich_core.networks.upscale import UpscaleConfig, make_upscaler
    from emojich_core.networks.vqgan import VQGAN, VQGANConfig

    folder = tmp_path_factory.mktemp("bundle")
    corpus = folder / "corpus.txt"
    corpus.write_text("кот в космосе\nсобака и пицца\nкрасное сердце\nракета летит\n" * 20)
    youtokentome.BPE.train(data=str(corpus), model=str(folder / "trained.model"), vocab_size=60)

    torch.manual_seed(0)
    configs = {
        "transformer": TransformerConfig(
            num_layers=2,
            hidden_size=32,
            num_attention_heads=2,
            vocab_size=60 + 8,
            text_seq_length=8,
            image_vocab_size=32,
            image_tokens_per_dim=4,
        ),
        "vqgan": VQGANConfig(
            resolution=32,
            ch=8,
            num_res_blocks=1,
            attn_resolutions=(4,),
            z_channels=8,
            embed_dim=8,
            n_embed=32,
            norm_groups=4,
        ),
        "upscale": UpscaleConfig(scale=4, num_feat=8, num_block=1, num_grow_ch=4, tile=None),
        "matting": MattingConfig(
            encoder_name="tu-mobilenetv3_small_050",
            decoder_channels=(16, 16, 8, 8, 8),
            size=256,
        ),
    }
    models = {
        "transformer": Transformer(configs["transformer"]),
        "vqgan": VQGAN(configs["vqgan"]),
        "upscale": make_upscaler(configs["upscale"]),
        "matting": make_unet(configs["matting"]),
    }
    save_bundle(
        folder / "tiny",
        name="tiny",
        tokenizer=folder / "trained.model",
        configs={**configs, "sampling": Sampling()},
        weights={stage: model.state_dict() for stage, model in models.items()},
    )
    return folder / "tiny"


@pytest.fixture(scope="session")
def judged_bundle(tiny_bundle: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The tiny bundle with a judge of random weights."""
    from tests.emojich_core.tiny import add_judge

    folder = tmp_path_factory.mktemp("judged") / "judged"
    add_judge(tiny_bundle, folder)
    return folder
