"""The figures of an evaluation: recall, the judge, copies, variety, fine detail, stages, cost."""

import itertools
import resource
import statistics
import sys
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
import skimage.metrics  # imports SciPy once a function of it is used
import torch
import torch.nn.functional as F
from PIL import Image
from torch import Tensor

from emojich_core.networks.matting import cut_out
from emojich_core.networks.upscale import upscale
from emojich_core.pipeline import Drawing, Pipeline
from emojich_core.sticker import SIZE, compose
from emojich_core.training.data.art import Glyph, on_white, render
from emojich_core.training.evaluation.judge import Judge, distances_between, features
from emojich_core.training.evaluation.questions import TOP, Answer, shrink
from emojich_core.training.evaluation.report import Figure

THUMBNAIL = 64  # side in pixels, for telling whether candidates look alike
ALIKE = 0.08  # root mean squared difference of two thumbnails, below which people see no difference
COPY = 0.95  # a copy is as near to a drawing as this share of reconstructions are to theirs
DETAIL_BLUR = 3.0  # sigma in pixels of the blur that takes fine detail away
DETAIL_RIM = 10  # pixels left out at the edge of the subject, where all pictures are sharp
DETAIL_PIXELS = 3000  # the least number inside of it that is measured
ART_DRAWINGS = 150  # of the art that stickers are compared with
ART_STYLE = "fluent-emoji-flat"  # which most stickers have
TIMED_PROMPT = "кот в космосе"
TIMED_STICKERS = 4
TIMED_RUNS = 5  # besides the first, which warms up


def recall_figures(
    key: str,
    title: str,
    answers: Sequence[Answer],
    floors: dict[int, float],
) -> list[Figure]:
    """Recall@1 and @TOP with the floors that they should reach; no figures without answers."""
    if not answers:
        return []
    figures = [
        Figure(
            f"{key}_recall_{top}",
            f"recall@{top}, {len(answers)} {title}",
            share(answer.right(top) for answer in answers),
            at_least=floors.get(top),
        )
        for top in (1, TOP)
    ]
    if any(answer.question.colour for answer in answers):
        colour = share(answer.right_colour for answer in answers)
        thing = share(answer.right_thing() for answer in answers)
        figures.append(Figure(f"{key}_colour", "… the colour alone", colour))
        figures.append(Figure(f"{key}_thing_{TOP}", f"… the thing alone, @{TOP}", thing))
    return figures


def ceiling_figures(
    judge: Judge, distances: np.ndarray, numbers: Sequence[int], styles: np.ndarray
) -> list[Figure]:
    """How often the judge is right about the gallery's drawings `numbers` after all stages.

    `distances` (M, N) from the drawings after all stages to the gallery, `styles` (N,) of the
    gallery.  The recall without a drawing's own style tells how well the judge does with pictures
    that are no copies.  No figures where `numbers` is empty.
    """
    if not numbers:
        return []
    wanted = [judge.hexcodes[i] for i in numbers]
    others = np.where(styles[list(numbers)][:, None] == styles, np.inf, distances)
    figures = []
    for key, title, seen in (
        ("judge_self", "the judge on reconstructions", distances),
        ("judge_other", "… by another style's drawings", others),
    ):
        ranked = judge.ranked(seen, TOP)
        for top in (1, TOP):
            right = [code in row[:top] for code, row in zip(wanted, ranked, strict=True)]
            figures.append(Figure(f"{key}_{top}", f"{title}, recall@{top}", share(right)))
    return figures


def copy_figures(
    answers: Sequence[Answer],
    judge: Judge,
    distances: np.ndarray,
    numbers: Sequence[int],
    originals: np.ndarray,
) -> list[Figure]:
    """How many drawings are as near to a real one as COPY of the reconstructions to theirs.

    `distances` as in `ceiling_figures`; `originals` (M, H, W, 3) uint8, the real drawings
    `numbers`.  No figures where there are no answers or no drawings.
    """
    if not answers or not numbers:
        return []
    threshold = float(np.quantile(distances[np.arange(len(numbers)), list(numbers)], COPY))
    copies = share(answer.distance <= threshold for answer in answers)
    # Some emoji look nearly alike: a real drawing, too, may count as a copy of another emoji's.
    same = np.array([[judge.hexcodes[i] == code for code in judge.hexcodes] for i in numbers])
    nearest = np.where(same, np.inf, judge.distances(originals)).min(axis=1)
    return [
        Figure("near_copies", f"near-copies of a drawing (within {threshold:.3f})", copies),
        Figure("near_emoji", "… of real drawings, of another emoji's", share(nearest <= threshold)),
    ]


def variety_figures(requests: Sequence[Sequence[Drawing]], originals: np.ndarray) -> list[Figure]:
    """How much the candidates of a request differ.

    `originals` (M, H, W, 3) uint8: real drawings, with whose distances those between candidates
    are compared.
    No figures where there are no requests, or fewer than two drawings.
    """
    if not requests or len(originals) < 2:
        return []
    files = [[drawing.sticker for drawing in request] for request in requests]
    alike = [
        np.sqrt(((first - second) ** 2).mean()) < ALIKE
        for request in requests
        for first, second in itertools.combinations([_thumbnail(d.image) for d in request], 2)
    ]
    means = [
        mean_distance(np.array([on_white(shrink(drawing.image)) for drawing in request]))
        for request in requests
    ]
    relative = float(np.mean(means)) / max(mean_distance(originals), 1e-9)
    same = share(len(set(each)) < len(each) for each in files)
    return [
        Figure("same_files", "requests of four with the same file twice", same, at_most=0.0),
        Figure("alike", "pairs of candidates that look alike", share(alike), at_most=0.15),
        Figure("variety", "distance between candidates, against that of emoji", relative),
    ]


def _thumbnail(sticker: Image.Image) -> np.ndarray:
    """An RGBA sticker → (THUMBNAIL, THUMBNAIL, 3) in [0, 1], on white."""
    rgb = Image.fromarray(on_white(np.asarray(sticker.convert("RGBA"))))
    side = (THUMBNAIL, THUMBNAIL)
    return np.asarray(rgb.resize(side, Image.Resampling.BOX), np.float32) / 255


def mean_distance(pictures: np.ndarray) -> float:
    """The mean distance between any two of (M, H, W, 3) uint8."""
    seen = features(pictures)
    distances = distances_between(seen, seen)
    pairs = list(itertools.combinations(range(len(pictures)), 2))
    return float(np.mean([distances[pair] for pair in pairs])) if pairs else 0.0


def crisp_figures(stickers: Sequence[Image.Image], glyphs: Sequence[Glyph]) -> list[Figure]:
    """The median energy of fine detail of stickers, as a share of that of the art's drawings.

    No figure where there is nothing to measure.
    """
    drawings = [glyph for glyph in glyphs if glyph.style == ART_STYLE]
    order = np.random.default_rng(0).permutation(len(drawings))[:ART_DRAWINGS]
    art = _details(Image.fromarray(render(drawings[i], SIZE)) for i in order)
    details = _details(stickers)
    if not art or not details:
        return []
    ratio = float(np.median(details) / np.median(art))
    return [Figure("crispness", "fine detail inside, against the art's", ratio, at_least=0.6)]


def detail(sticker: Image.Image) -> float | None:
    """Mean squared difference from a blurred copy, inside the subject; None of a small subject."""
    rgba = np.asarray(sticker.convert("RGBA").resize((SIZE, SIZE), Image.Resampling.LANCZOS))
    alpha = rgba[..., 3:].astype(np.float32) / 255
    picture = rgba[..., :3] / np.float32(255) * alpha + 1 - alpha  # on white
    solid = (alpha[..., 0] > 0.9).astype(np.uint8)
    cross = cv2.getStructuringElement(cv2.MORPH_CROSS, (3, 3))
    inside = cv2.erode(solid, cross, iterations=DETAIL_RIM, borderValue=0).astype(bool)
    if inside.sum() < DETAIL_PIXELS:
        return None
    fine = picture - cv2.GaussianBlur(picture, (0, 0), DETAIL_BLUR)
    return float((fine[inside] ** 2).mean())


def _details(pictures: Iterable[Image.Image]) -> list[float]:
    return [each for each in map(detail, pictures) if each is not None]


@dataclass(frozen=True)
class Reconstruction:
    """A real drawing after VQGAN, up-scaler and U-Net, compared with itself."""

    sticker: Image.Image  # SIZE × SIZE RGBA
    alpha_error: float  # mean absolute, of alpha in 0…1
    alpha_iou: float  # of where alpha is above a half
    clean_iou: float  # the same where the U-Net reads the render itself
    psnr: float  # dB, of the up-scaler's picture on white against the render at its size
    bicubic_psnr: float  # dB, of the VQGAN's picture enlarged by bicubic interpolation
    detailed_psnr: float  # dB, of that with all the detail that only the larger size holds
    ssim: float
    bicubic_ssim: float


@torch.inference_mode()
def reconstruct(pipeline: Pipeline, glyph: Glyph) -> Reconstruction:
    """Encode a drawing, decode it, up-scale it, cut it out, and compare at SIZE."""
    config = pipeline.bundle.vqgan
    seen = _tensor(on_white(render(glyph, config.image_size)))
    small = F.interpolate(seen, config.resolution, mode="area")
    dtype = next(pipeline.vqgan.parameters()).dtype
    decoded = pipeline.vqgan.decode(pipeline.vqgan.encode(small.to(pipeline.device, dtype)))
    sharp = upscale(pipeline.upscaler, pipeline.bundle.upscale, decoded, SIZE)
    [(alpha, _)] = cut_out(pipeline.unet, pipeline.bundle.matting, sharp)
    bicubic = _enlarged(decoded)

    truth = render(glyph, SIZE)
    true_alpha = truth[..., 3].astype(np.float32) / 255
    on_paper = on_white(truth).astype(np.float32) / 255
    found_alpha = alpha.float().cpu().numpy()
    [(clean, _)] = cut_out(
        pipeline.unet, pipeline.bundle.matting, _tensor(on_white(truth)).to(sharp)
    )
    psnr, ssim = _likeness(sharp, on_paper)
    bicubic_psnr, bicubic_ssim = _likeness(bicubic.clamp(0, 1), on_paper)
    detailed = bicubic.cpu() + _tensor(on_white(truth)) - _enlarged(seen)
    return Reconstruction(
        sticker=compose(sharp[0], alpha),
        alpha_error=float(np.abs(found_alpha - true_alpha).mean()),
        alpha_iou=iou(found_alpha > 0.5, true_alpha > 0.5),
        clean_iou=iou(clean.cpu().numpy() > 0.5, true_alpha > 0.5),
        psnr=psnr,
        bicubic_psnr=bicubic_psnr,
        detailed_psnr=_likeness(detailed.clamp(0, 1), on_paper)[0],
        ssim=ssim,
        bicubic_ssim=bicubic_ssim,
    )


def stage_figures(reconstructions: Sequence[Reconstruction]) -> list[Figure]:
    """Matting and up-scaling: means over drawings that neither was trained on."""
    if not reconstructions:
        return []

    def mean(field: str) -> float:
        return float(np.mean([getattr(each, field) for each in reconstructions]))

    iou_title = f"matting IoU, {len(reconstructions)} held-out drawings"
    error_title = "matting mean absolute error"
    gain = mean("psnr") - mean("bicubic_psnr")
    return [
        Figure("matting_iou", iou_title, mean("alpha_iou"), "", at_least=0.97),
        Figure("clean_matting_iou", "… IoU on the drawings themselves", mean("clean_iou"), ""),
        Figure("matting_error", error_title, mean("alpha_error"), "", at_most=0.02),
        Figure("upscale_gain", "up-scaling over bicubic, PSNR", gain, "dB", at_least=2),
        Figure("upscale_psnr", "… PSNR", mean("psnr"), "dB"),
        Figure("bicubic_psnr", "… PSNR of bicubic", mean("bicubic_psnr"), "dB"),
        Figure(
            "detailed_psnr", "… PSNR of bicubic and all finer detail", mean("detailed_psnr"), "dB"
        ),
        Figure("upscale_ssim", "… SSIM", mean("ssim"), ""),
        Figure("bicubic_ssim", "… SSIM of bicubic", mean("bicubic_ssim"), ""),
    ]


def iou(a: np.ndarray, b: np.ndarray) -> float:
    """Intersection over union of two masks; two empty ones agree."""
    union = (a | b).sum()
    return float((a & b).sum() / union) if union else 1.0


def _enlarged(picture: Tensor) -> Tensor:
    """(1, 3, h, w) by bicubic interpolation → (1, 3, SIZE, SIZE), unclamped."""
    return F.interpolate(picture.float(), SIZE, mode="bicubic", antialias=True)


def _tensor(picture: np.ndarray) -> Tensor:
    """(H, W, 3) uint8 → (1, 3, H, W) in [0, 1]."""
    return torch.from_numpy(picture.copy()).permute(2, 0, 1)[None].float() / 255


def _likeness(picture: Tensor, truth: np.ndarray) -> tuple[float, float]:
    """PSNR in dB and SSIM of a picture (1, 3, H, W) against (H, W, 3), both in [0, 1]."""
    found = picture[0].float().permute(1, 2, 0).cpu().numpy()
    psnr = skimage.metrics.peak_signal_noise_ratio(truth, found, data_range=1)
    ssim = skimage.metrics.structural_similarity(truth, found, data_range=1, channel_axis=2)
    return float(psnr), float(ssim)


def cost_figures(pipeline: Pipeline, seed: int) -> list[Figure]:
    """Size, time and memory.  Call it first: the memory is the most that this process ever took."""
    size = sum(file.stat().st_size for file in pipeline.bundle.path.glob("*.safetensors"))
    times = []
    for _ in range(TIMED_RUNS + 1):
        started = time.perf_counter()
        pipeline.generate(TIMED_PROMPT, TIMED_STICKERS, seed)
        times.append(time.perf_counter() - started)
    unit = 1 if sys.platform == "darwin" else 1024  # of ru_maxrss, in bytes
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit
    seconds = statistics.median(times[1:])
    return [
        Figure("weights", "weights, all stages", size / 1e6, "MB", at_most=60),
        Figure("seconds", f"prompt → {TIMED_STICKERS} stickers", seconds, "s", at_most=3),
        Figure("memory", "peak memory", peak / 1e6, "MB"),
    ]


def share(flags: Iterable[bool]) -> float:
    """The share of the flags that are set, 0…1."""
    return float(np.mean(list(flags)))
