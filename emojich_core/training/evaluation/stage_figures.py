"""What VQGAN, up-scaler and U-Net make of a real drawing, against what they should."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image
from skimage.metrics import peak_signal_noise_ratio, structural_similarity
from torch import Tensor

from emojich_core.networks.matting import cut_out
from emojich_core.networks.upscale import upscale
from emojich_core.pipeline import Pipeline
from emojich_core.sticker import SIZE, compose
from emojich_core.training.data.art import Glyph, on_white, render
from emojich_core.training.evaluation.figures import Figure


@dataclass(frozen=True)
class Passage:
    """One drawing that went through codes and all that follows them."""

    sticker: Image.Image  # SIZE × SIZE RGBA
    alpha_error: float  # mean absolute, of alpha in 0…1
    alpha_iou: float  # of where alpha is above a half
    clean_iou: float  # the same, of the render itself: what of it the codes have not lost
    psnr: float  # dB, of the up-scaler's picture on white against the render at its size
    bicubic_psnr: float  # dB, of the VQGAN's picture brought to that size by bicubic interpolation
    detailed_psnr: float  # dB, of that with all the detail that only the larger size can hold
    ssim: float
    bicubic_ssim: float


@torch.inference_mode()
def pass_through(pipeline: Pipeline, glyph: Glyph) -> Passage:
    """Encode a drawing, decode it, sharpen it, cut it out, and compare at SIZE."""
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
    return Passage(
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


def stage_figures(passages: Sequence[Passage]) -> list[Figure]:
    """Matting and up-scaling, means over drawings that neither was trained on; none of none."""
    if not passages:
        return []

    def mean(field: str) -> float:
        return float(np.mean([getattr(passage, field) for passage in passages]))

    iou_title = f"matting IoU, {len(passages)} held-out drawings"
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
    psnr = peak_signal_noise_ratio(truth, found, data_range=1)
    return float(psnr), float(structural_similarity(truth, found, data_range=1, channel_axis=2))
