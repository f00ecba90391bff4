"""From the published files to a sticker and its score, by ru-dalle and by Emojich.

    python -m parity.end_to_end STEP FOLDER

| step | what it does |
| --- | --- |
| save | writes the files, from ru-dalle's own classes |
| import | makes two bundles, by `emojich weights import` |
| ru-dalle | draws, by ru-dalle's own loaders and functions |
| ru-dalle-finish | sharpens and cuts out the picture with the other published networks, too |
| emojich | draws in float32 |
| default | draws in the precision that this CPU has by default |
| emojich-finish | the same with the networks of both bundles |

Each is for a process of its own, so that its peak memory is its own.  Those of Emojich run where
nothing of ru-dalle is installed.
"""

import json
import os
import random
import resource
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image

ROWS = 32  # of codes, in a picture
KEPT = 30  # upper ones that are those of a given picture; at 0 all codes are drawn
PROMPT = "Рыжий кот в космосе"
SEEDS = (1, 2)  # of the images; the judge chooses one
WORDS = 16_384  # that the published transformer knows
RUCLIP = "ruclip-vit-base-patch32-384"

# Where the command `weights import` looks for a file, and where ru-dalle's loaders do.
FILES = {
    "rudalle-Emojich/pytorch_model.bin": "Emojich/pytorch_model.bin",
    "rudalle-Emojich/unet_effnetb5/pytorch_model_v2.bin": "unet_effnetb5/pytorch_model_v2.bin",
    "rudalle-Emojich/unet_effnetb7/pytorch_model.bin": "unet_effnetb7/pytorch_model.bin",
    "rudalle-utils/vqgan.gumbelf8-sber-dwt.model.ckpt": "vae/vqgan.gumbelf8-sber-dwt.model.ckpt",
    "rudalle-utils/bpe.model": "tokenizer/bpe.model",
    "Real-ESRGAN/RealESRGAN_x2.pth": "x2/RealESRGAN_x2.pth",
    "Real-ESRGAN/RealESRGAN_x4.pth": "x4/RealESRGAN_x4.pth",
    f"{RUCLIP}/pytorch_model.bin": f"{RUCLIP}/pytorch_model.bin",
    f"{RUCLIP}/config.json": f"{RUCLIP}/config.json",
    f"{RUCLIP}/bpe.model": f"{RUCLIP}/bpe.model",
}


class Stages:
    """CPU seconds and peak memory of stages; those of a stage inside another one count once."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = defaultdict(float)
        self.peak: dict[str, float] = defaultdict(float)  # GiB, resident
        self.calls: dict[str, list[tuple[tuple[Any, ...], Any]]] = defaultdict(list)
        self._running = ["start"]
        self._since = time.process_time()

    @contextmanager
    def __call__(self, stage: str) -> Iterator[None]:
        self._note()
        self._running.append(stage)
        yield
        self._note()
        self._running.pop()

    def watch(self, owner: Any, function: str, stage: str) -> None:
        """Make each call of a function of an object or module a stage, and keep its arguments."""
        called: Callable[..., Any] = getattr(owner, function)

        def watched(*arguments: Any, **options: Any) -> Any:
            with self(stage):
                result = called(*arguments, **options)
            self.calls[stage].append((arguments, result))
            return result

        setattr(owner, function, watched)

    def _note(self) -> None:
        stage, now = self._running[-1], time.process_time()
        self.seconds[stage] += now - self._since
        status = Path("/proc/self/status").read_text()
        [peak] = [line.split()[1] for line in status.splitlines() if line.startswith("VmHWM")]
        self.peak[stage] = max(self.peak[stage], int(peak) / 2**20)
        Path("/proc/self/clear_refs").write_text("5")  # the peak begins anew
        self._since = now


def given_picture() -> Image.Image:
    """A ramp with noise, of 8 pixels a code."""
    noise = np.random.default_rng(0).integers(100, size=(8 * ROWS, 8 * ROWS, 3))
    return Image.fromarray((noise + np.linspace(0, 155, 8 * ROWS)[None, :, None]).astype(np.uint8))


# --- The files ------------------------------------------------------------------------------------


@torch.no_grad()
def save(folder: Path) -> None:
    """Write checkpoints of ru-dalle's classes at the published size, with random weights."""
    import ruclip
    from youtokentome import BPE

    from emojich_core.bundles.published import CHOICES
    from emojich_core.networks.upscale import UpscaleConfig
    from parity import reference
    from parity.test_ruclip import PUBLISHED

    for file, place in FILES.items():
        for path in (folder / file, folder / "cache" / place):
            path.parent.mkdir(parents=True, exist_ok=True)
        (folder / "cache" / place).symlink_to(folder / file)

    text = folder / "words.txt"
    letters, chance = "абвгдежзийклмнопрстуфхцчшщъыьэюя", random.Random(0)
    words = ("".join(chance.choices(letters, k=6)) for _ in range(50_000))
    text.write_text(f"{PROMPT.lower()}\n" * 100 + "\n".join(words), "utf-8")
    bpe = folder / "rudalle-utils/bpe.model"
    BPE.train(data=str(text), model=str(bpe), vocab_size=WORDS)
    (folder / RUCLIP / "bpe.model").write_bytes(bpe.read_bytes())

    vqgan, _ = reference.vqgans(dwt=True, ch=128)
    _save({"state_dict": vqgan.state_dict()}, folder, "vqgan.gumbelf8-sber-dwt.model.ckpt")
    codes = torch.randint(8192, (1, ROWS**2), generator=torch.Generator().manual_seed(0))
    for scale in (4, 2):
        esrgan, _ = reference.upscalers(UpscaleConfig(scale))
        _save({"params": esrgan.model.state_dict()}, folder, f"RealESRGAN_x{scale}.pth")
    # The U-Nets' norms have the statistics of sharp pictures; with others, they would be chaotic.
    sharp = F.interpolate(esrgan.model(vqgan.decode(codes)).clamp(0, 1), scale_factor=0.5)
    seen = torch.cat((sharp, sharp.flip(-1)))
    for name, file in (
        ("effnetb5", "unet_effnetb5/pytorch_model_v2.bin"),
        ("effnetb7", "unet_effnetb7/pytorch_model.bin"),
    ):
        unet, _ = reference.unets(CHOICES["matting"][name].config, seen)
        for parameter in unet.get_submodule("segmentation_head").parameters():
            parameter.mul_(1e5)  # so that few pixels lie near the threshold
        _save(unet.state_dict(), folder, file)
    judge = ruclip.CLIP(**PUBLISHED)
    reference.randomise(judge, seed=0)
    _save(judge.state_dict(), folder, f"{RUCLIP}/pytorch_model.bin")
    (folder / RUCLIP / "config.json").write_text(json.dumps(PUBLISHED))
    transformer, _ = reference.transformers("v2", {})
    _save(transformer.half().state_dict(), folder, "rudalle-Emojich/pytorch_model.bin")


def _save(checkpoint: dict[str, Any], folder: Path, name: str) -> None:
    [file] = [file for file in FILES if file.endswith(name)]
    torch.save(checkpoint, folder / file)


# --- The two sides --------------------------------------------------------------------------------


@torch.no_grad()
def draw_by_ru_dalle(folder: Path) -> None:
    """ru-dalle's steps, as in its notebook for Emojich: draw, choose, sharpen, cut out.

    Besides, Real-ESRGAN itself sharpens the picture, whole, as Emojich does at x2.
    """
    import ruclip
    import rudalle
    from rudalle import pipelines
    from rudalle.image_prompts import ImagePrompts

    from parity.reference import basicsr, realesrgan
    from parity.versions import libraries

    stages, cache = Stages(), str(folder / "cache")
    with stages("open"):
        dalle = rudalle.get_rudalle_model("Emojich", device="cpu", cache_dir=cache)
        tokenizer = rudalle.get_tokenizer(cache_dir=cache)
        vae = rudalle.get_vae(dwt=True, cache_dir=cache)
        esrgan = rudalle.get_realesrgan("x2", cache_dir=cache)
        with libraries(Path(sys.prefix) / "smp-0.1.3", "segmentation_models_pytorch", "timm"):
            unet = rudalle.get_emojich_unet("unet_effnetb5", cache_dir=cache).eval()
        judge = ruclip.Predictor(*ruclip.load(RUCLIP, cache_dir=cache), "cpu", quiet=True)
    stages.watch(vae, "decode", "picture")
    images = []
    with stages("codes"):
        borders = {"up": KEPT, "down": 0, "left": 0, "right": 0}
        given = ImagePrompts(given_picture(), borders, vae) if KEPT else None
        for seed in SEEDS:
            images += pipelines.generate_images(
                *(PROMPT, tokenizer, dalle, vae),
                top_k=2048,
                top_p=0.995,
                images_num=1,
                bs=1,
                seed=seed,
                image_prompts=given,
            )[0]
    with stages("score"):
        best, scores = pipelines.cherry_pick_by_ruclip(images, PROMPT, judge, count=len(SEEDS))
    with stages("sharpen"):
        sharp = pipelines.super_resolution(best[:1], esrgan)
    with stages("cut out"):
        [sticker], [method] = pipelines.convert_emoji_to_rgba(sharp, unet)

    model = basicsr.RRDBNet(num_in_ch=3, num_out_ch=3, scale=2)
    file = str(folder / "Real-ESRGAN/RealESRGAN_x2.pth")
    whole = realesrgan.RealESRGANer(2, file, model=model, pre_pad=0, device=torch.device("cpu"))
    enhanced, _ = whole.enhance(np.array(best[0])[..., ::-1].copy())  # BGR, as OpenCV's
    order = [index for each in best for index, image in enumerate(images) if image is each]
    _report(
        folder / "ru-dalle.pt",
        stages,
        codes=torch.cat([codes for (codes,), _ in stages.calls["picture"]]),
        scores=torch.tensor([score for _, score in sorted(zip(order, scores, strict=True))]),
        best=SEEDS[order[0]],
        pictures=torch.stack([_pixels(image) for image in images]),
        picture=_pixels(best[0]),
        enhanced=_pixels(Image.fromarray(enhanced[..., ::-1])),
        sticker=_pixels(sticker),
        method=method,
    )


@torch.no_grad()
def finish_by_ru_dalle(folder: Path) -> None:
    """Real-ESRGAN x4 of the decoded picture; both U-Nets in float64 for the sharp one.

    In float32 the last bits decide about too many pixels: see README.md.
    """
    import importlib

    import rudalle
    from rudalle import pipelines

    from parity.reference import first_convert_emoji_to_rgba
    from parity.versions import libraries

    cache = str(folder / "cache")
    with libraries(Path(sys.prefix) / "smp-0.1.3", "segmentation_models_pytorch", "timm"):
        first_unets = importlib.import_module("rudalle_0_3_0.emojich_unet")
        first = first_unets.get_emojich_unet("unet_effnetb7", cache_dir=cache).eval().double()
        second = rudalle.get_emojich_unet("unet_effnetb5", cache_dir=cache).eval().double()
    drawn = torch.load(folder / "ru-dalle.pt")
    sharp = Image.fromarray(drawn["sticker"].numpy()).convert("RGB")
    [by_second], _ = pipelines.convert_emoji_to_rgba([sharp], lambda seen: second(seen.double()))
    [by_first] = first_convert_emoji_to_rgba([sharp], lambda seen: first(seen.double()))
    esrgan = rudalle.get_realesrgan("x4", cache_dir=cache)
    [larger] = pipelines.super_resolution([Image.fromarray(drawn["picture"].numpy())], esrgan)
    _report(
        folder / "ru-dalle-finish.pt",
        Stages(),
        larger=_pixels(larger),
        alphas={"effnetb5": _pixels(by_second)[..., 3], "effnetb7": _pixels(by_first)[..., 3]},
    )


def import_by_emojich(folder: Path) -> None:
    """Make the bundle "emojich", and another one with the other published networks."""
    stages = Stages()
    for models, choices in {"models": [], "other": ["--upscale=x4", "--matting=effnetb7"]}.items():
        emojich = str(Path(sys.executable).with_name("emojich"))
        command = [emojich, "weights", "import", "emojich", f"--from={folder}", "--judge=ruclip"]
        environment = os.environ | {"EMOJICH_MODELS": str(folder / models)}
        subprocess.run([*command, *choices], env=environment, check=True)
        if models == "models":
            used = resource.getrusage(resource.RUSAGE_CHILDREN)
            stages.seconds["import"] = used.ru_utime + used.ru_stime
            stages.peak["import"] = used.ru_maxrss / 2**20
    _report(folder / "import.pt", stages)


def draw_by_emojich(folder: Path, *, exact: bool) -> None:
    """`Pipeline.generate`: `exact` in float32, else in the precision that is the default here."""
    from emojich_core import pipeline as module
    from emojich_core.pipeline import Pipeline

    stages = Stages()
    with stages("open"):
        bundle = str(folder / "models/emojich")
        pipeline = Pipeline.load(bundle, "cpu", "float32" if exact else None)
        pipeline.renders_in_bfloat16 &= not exact
    stages.watch(pipeline, "judge_images", "score")
    stages.watch(pipeline.vqgan, "decode", "picture")
    stages.watch(pipeline, "finish", "pack")
    stages.watch(module, "upscale", "sharpen")
    stages.watch(module, "cut_out", "cut out")
    with stages("codes"):
        given = pipeline.image_prompt(given_picture(), up=KEPT) if KEPT else None
        [drawing] = pipeline.generate(
            PROMPT, count=1, seed=SEEDS[0], best_of=len(SEEDS), image_prompt=given
        )
    [((_, images), scores)] = stages.calls["score"]
    order = [[image.seed for image in images].index(seed) for seed in SEEDS]
    _report(
        folder / ("emojich.pt" if exact else "default.pt"),
        stages,
        codes=torch.stack([images[i].codes for i in order]),
        scores=torch.tensor([scores[i] for i in order]),
        best=drawing.candidate.seed,
        pictures=torch.cat([stages.calls["picture"][i][1] for i in order]),
        method=drawing.candidate.matting,
    )


def finish_by_emojich(folder: Path) -> None:
    """With both bundles: ru-dalle's picture made larger, and the hard alpha of its sharp one."""
    from emojich_core.bundles.bundle import load_bundle
    from emojich_core.networks.matting import cut_out, make_unet
    from emojich_core.networks.upscale import make_upscaler, upscale
    from emojich_core.pipeline import load_network

    found, device = {}, torch.device("cpu")
    drawn = torch.load(folder / "ru-dalle.pt")
    picture, sharp = _image(drawn["picture"]), _image(drawn["sticker"][..., :3])
    for models in ("models", "other"):
        bundle = load_bundle(str(folder / models / "emojich"))
        upscaler = load_network(bundle, "upscale", make_upscaler, device)
        unet = load_network(bundle, "matting", make_unet, device).double()
        size = picture.shape[-1] * bundle.upscale.scale  # not resized afterwards
        [larger] = upscale(upscaler, bundle.upscale, picture, size)
        [(alpha, _)] = cut_out(unet, replace(bundle.matting, edges="hard"), sharp.double())
        found[models] = {"larger": larger, "alpha": alpha}
    _report(folder / "emojich-finish.pt", Stages(), **found)


def _image(pixels: torch.Tensor) -> torch.Tensor:
    """(H, W, 3) uint8 → (1, 3, H, W) in [0, 1]."""
    return pixels.permute(2, 0, 1)[None].float() / 255


def _pixels(image: Image.Image) -> torch.Tensor:
    """(H, W, C) uint8."""
    return torch.from_numpy(np.array(image))


def _report(file: Path, stages: Stages, **found: Any) -> None:
    figures = {stage: (stages.seconds[stage], stages.peak[stage]) for stage in stages.seconds}
    figures.pop("start", None)  # what was not in a stage
    torch.save(found | {"figures": figures}, file)


if __name__ == "__main__":
    {
        "save": save,
        "ru-dalle": draw_by_ru_dalle,
        "ru-dalle-finish": finish_by_ru_dalle,
        "import": import_by_emojich,
        "emojich": lambda folder: draw_by_emojich(folder, exact=True),
        "emojich-finish": finish_by_emojich,
        "default": lambda folder: draw_by_emojich(folder, exact=False),
    }[sys.argv[1]](Path(sys.argv[2]))
