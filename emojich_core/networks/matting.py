"""Matting: a U-Net cuts the subject out of the white background, or contours if it is unsure."""

from dataclasses import dataclass
from typing import Literal

import cv2
import numpy as np
import segmentation_models_pytorch as smp
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from emojich_core.sticker import VISIBLE

Method = Literal["unet", "contour"]

WHITE = 240  # `contour_alpha`: a pixel with all channels at least this is background
LARGEST = 7  # `contour_alpha`: number of white areas that are cut out
RIM = 2  # `contour_alpha`: pixels that are cut away around them

STEEPER = 2  # factor of the slope of edges, because the U-Net's are wider than true ones
SPECK = 1e-3  # an island of at most this share of the picture is a flaw of the decoder


@dataclass(frozen=True)
class MattingConfig:
    """The numbers of the U-Net.  The defaults are the published `unet_effnetb5`.

    `edges` "hard" cuts as ru-dalle did, for comparison: alpha is 0 or 1.
    """

    encoder_name: str = "efficientnet-b5"
    decoder_channels: tuple[int, ...] = (256, 128, 64, 32, 16)
    classes: Literal[1, 2] = 2  # the logit of the subject, or those of background and subject
    size: int = 512  # side of the U-Net's input, in pixels
    confidence: float = 0.99  # below this mean confidence contours replace the U-Net
    edges: Literal["soft", "hard"] = "soft"
    rim: int = 0  # width of the line along the contours that a hard cut takes away, in pixels


def make_unet(config: MattingConfig) -> nn.Module:
    """A U-Net without weights: images (B, 3, H, W) in [0, 1] → logits (B, classes, H, W).

    An EfficientNet pads as efficientnet-pytorch 0.6.3 does, with which the published weights were
    trained.
    """
    unet = smp.Unet(
        encoder_name=config.encoder_name,
        encoder_weights=None,
        encoder_depth=len(config.decoder_channels),
        decoder_channels=config.decoder_channels,
        in_channels=3,
        classes=config.classes,
    )
    if config.encoder_name.startswith("efficientnet-"):
        _pad_as_published(unet.encoder)
    return unet


def _pad_as_published(encoder: nn.Module) -> None:
    """Give convolutions of stride 2 the "same" padding of an even picture.

    Since efficientnet-pytorch 0.7 (and so in smp today) the padding follows from the size that the
    layer's input has for images of the encoder's default size, which may be odd.  Before, it
    followed from that default size itself.
    """
    for module in encoder.modules():
        if isinstance(module, nn.Conv2d) and module.stride[0] == 2:
            size = module.kernel_size[0] - 2
            before, after = size // 2, size - size // 2
            module.static_padding = nn.ZeroPad2d((before, after, before, after))


@torch.inference_mode()
def cut_out(model: nn.Module, config: MattingConfig, images: Tensor) -> list[tuple[Tensor, Method]]:
    """Images (B, 3, H, W) in [0, 1] → for each its alpha (H, W) in [0, 1] and its method.

    With soft edges the alpha is the probability of "subject", made steeper: a pixel for which the
    U-Net is undecided lies on the edge.
    """
    seen = F.interpolate(images, config.size, mode="area")
    logits = F.interpolate(model(seen).float(), images.shape[-1], mode="bilinear")
    mattes: list[tuple[Tensor, Method]] = []
    for image, probabilities in zip(images, _probabilities(logits), strict=True):
        sure = probabilities.amax(dim=0).mean() > config.confidence
        if config.edges == "hard":
            alpha = hard_alpha(probabilities, config.rim)
        else:
            alpha = without_specks(((probabilities[1] - 0.5) * STEEPER + 0.5).clamp(0, 1))
            sure &= alpha.max() > 0.5  # else the sticker would be empty
        mattes.append((alpha, "unet") if sure else (contour_alpha(image), "contour"))
    return mattes


def _probabilities(logits: Tensor) -> Tensor:
    """Logits (B, classes, H, W) → probabilities of background and subject (B, 2, H, W)."""
    if logits.shape[1] == 2:
        return logits.softmax(dim=1)
    subject = logits.sigmoid()
    return torch.cat((1 - subject, subject), dim=1)


def without_specks(alpha: Tensor) -> Tensor:
    """Alpha (H, W) in [0, 1] without small islands."""
    visible = (alpha > VISIBLE).cpu().numpy().astype(np.uint8)
    _, labels, stats, _ = cv2.connectedComponentsWithStats(visible)
    specks = stats[:, cv2.CC_STAT_AREA] <= SPECK * alpha.numel()
    specks[0] = False  # the background has the label 0
    return alpha.masked_fill(torch.from_numpy(specks[labels]).to(alpha.device), 0)


def hard_alpha(probabilities: Tensor, rim: int) -> Tensor:
    """Alpha (H, W), 0 or 1, from the probabilities (2, H, W) of background and subject.

    ru-dalle's `convert_emoji_to_rgba`; its first U-Net had a rim of 1, its second none.
    """
    background, subject = probabilities
    alpha = (subject > background).cpu().numpy().astype(np.uint8)
    if rim:
        contours, _ = cv2.findContours(alpha, cv2.RETR_TREE, cv2.CHAIN_APPROX_NONE)
        cv2.drawContours(alpha, contours, -1, (0,), rim)
    return torch.from_numpy(alpha).to(probabilities.device).float()


def contour_alpha(image: Tensor) -> Tensor:
    """Alpha (H, W), 0 or 1, of an image (3, H, W) in [0, 1] without its largest white areas.

    ru-dalle's `classic_convert_emoji_to_rgba`.
    """
    pixels = (image.float().permute(1, 2, 0).cpu().numpy() * 255).round().astype(np.uint8)
    white = cv2.inRange(pixels, (WHITE,) * 3, (255,) * 3)
    contours, _ = cv2.findContours(white, cv2.RETR_TREE, cv2.CHAIN_APPROX_NONE)
    contours = sorted(contours, key=len)[-LARGEST:]
    alpha = np.full(white.shape, 255, np.uint8)
    if contours:
        cv2.fillPoly(alpha, contours, (0,))
        cv2.drawContours(alpha, contours, -1, (0,), RIM)
    return torch.from_numpy(alpha).to(image.device).float() / 255
