"""The recipe by which Malevich became Emojich (arXiv 2112.02448): trained parameters, and loss.

The feed-forward and the self-attention layers are frozen and keep the knowledge of the big model;
embeddings, norms and the output head learn the style.  (ru-dalle's published notebook intends to
freeze them, too, but looks for "attn" in names that contain "attention".)  The image's loss
outweighs the text's by far, so that the model does not overfit the few captions.
"""

from typing import Literal, get_args

import torch
from torch import Tensor

from emojich_core.finetuning.lora import add_adapters
from emojich_core.networks.transformer import Transformer, TransformerConfig

Train = Literal["frozen", "all", "lora"]
TRAIN: tuple[Train, ...] = get_args(Train)

IMAGE_LOSS_WEIGHT = 1000  # against 1 for the text


def weighted_loss(text: Tensor, image: Tensor) -> Tensor:
    """The loss of ru-dalle: means of the text's and the image's cross-entropy, weighted.

    ru-dalle also divides the gradient of the embeddings by ten.  AdamW's steps do not depend on
    such a factor, so it is left out.
    """
    return (text + IMAGE_LOSS_WEIGHT * image) / (1 + IMAGE_LOSS_WEIGHT)


def prepare(model: Transformer, train: Train) -> None:
    """Freeze the parameters that are not trained, and convert all parameters.

    Trained parameters, frozen vectors and frozen embeddings become float32; frozen matrices, nearly
    all of a big model, become bfloat16, the dtype in which they are multiplied.
    """
    if train == "lora":
        add_adapters(model.transformer.layers)
    for name, parameter in model.named_parameters():
        trained = _is_trained(name, train)
        half = not trained and _in_a_layer(name)
        dtype = torch.bfloat16 if half else torch.float32
        # A copy, because the base's tensors may be a mapping of its file.
        parameter.data = parameter.data.to(dtype, copy=trained)
        parameter.requires_grad_(trained)


def default_lr(config: TransformerConfig, train: Train) -> float:
    """The highest learning rate of the cycle.

    A wide model takes small steps: ru-dalle's notebook has 4e-5 for 2048 channels.  Adapters begin
    at zero and want ten times as much.
    """
    lr = 4e-5 * 2048 / config.hidden_size
    return lr * (10 if train == "lora" else 1)


def _is_trained(name: str, train: Train) -> bool:
    if train == "lora":
        return name.endswith((".up", ".down"))
    return train == "all" or not _in_a_layer(name)


def _in_a_layer(name: str) -> bool:
    """Whether a parameter belongs to self-attention or feed-forward, without their norms."""
    return ".attention." in name or ".mlp." in name
