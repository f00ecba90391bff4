import numpy as np
import torch

from emojich_core.networks.transformer import Transformer
from emojich_core.training.auxiliary import CELLS, AuxiliaryLosses, patch_targets
from emojich_core.training.presets import MINI_TRANSFORMER

SIDE = MINI_TRANSFORMER.image_tokens_per_dim


def left_half_red() -> np.ndarray:
    """(1, 192, 192, 4): opaque red on the left, nothing on the right."""
    picture = np.zeros((1, 192, 192, 4), np.uint8)
    picture[:, :, :96] = (255, 0, 0, 255)
    return picture


def test_patch_targets_are_silhouette_lightness_and_colour() -> None:
    [patches] = patch_targets(left_half_red(), SIDE)
    first, last = patches[0], patches[SIDE - 1]  # at the left end of the first row, at the right
    cells = CELLS**2
    assert first[:cells].tolist() == [1] * cells
    assert last[:cells].tolist() == [0] * cells
    assert first[-3:].tolist() == [1, 0, 0]
    assert last[-3:].tolist() == [1, 1, 1]  # white paper


def test_auxiliary_loss_trains_only_the_layers_below_it() -> None:
    torch.manual_seed(0)
    model = Transformer(MINI_TRANSFORMER)
    auxiliary = AuxiliaryLosses(model)
    text = torch.randint(1, 100, (1, MINI_TRANSFORMER.text_seq_length))
    codes = torch.randint(0, 100, (1, SIDE**2))
    model.losses(text, codes)
    sum(auxiliary.losses(patch_targets(left_half_red(), SIDE).float())).backward()
    taught = [layer.mlp.dense_h_to_4h.weight.grad is not None for layer in model.transformer.layers]
    assert taught == [True] * 6 + [False] * 2


def test_plan_loss_depends_on_the_text_alone() -> None:
    torch.manual_seed(0)
    model = Transformer(MINI_TRANSFORMER)
    auxiliary = AuxiliaryLosses(model)
    text = torch.randint(1, 100, (1, MINI_TRANSFORMER.text_seq_length))
    truth = patch_targets(left_half_red(), SIDE).float()
    losses = []
    for codes in torch.randint(0, 100, (2, 1, SIDE**2)):
        model.losses(text, codes)
        losses.append(auxiliary.losses(truth))
    (plan, patches), (other_plan, other_patches) = losses
    assert plan == other_plan
    assert patches != other_patches
