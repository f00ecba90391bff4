"""Computes the memory that fine-tuning takes, without a GPU.

A network of fake tensors, which have shapes and no bytes, takes one step, and the bytes that
autograd would save for the backward pass are added up.  So it works for any configuration, and
needs no change when the network changes.
"""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch._subclasses.fake_tensor import FakeTensorMode

from emojich_core.finetuning.recipe import Train, prepare, weighted_loss
from emojich_core.networks.transformer import Transformer, TransformerConfig

FLOAT32 = 4  # bytes
ADAMW = 2 * FLOAT32  # its two moments


@dataclass(frozen=True)
class Memory:
    """Bytes at the peak of a step, where the backward pass begins.

    It leaves out the workspace of operations, unused memory of the allocator, and the VQGAN for
    the samples: together some GB for the published size.
    """

    trained: int  # parameters, not bytes
    weights: int
    gradients: int
    optimizer: int
    activations: int
    activations_checkpointed: int

    def total(self, checkpointing: bool) -> int:
        """All bytes, with or without gradient checkpointing."""
        activations = self.activations_checkpointed if checkpointing else self.activations
        return self.weights + self.gradients + self.optimizer + activations


def account(config: TransformerConfig, train: Train, batch_size: int, gpu: bool) -> Memory:
    """The memory of a step with `batch_size` images; attention takes less on a GPU than a CPU."""
    with FakeTensorMode():
        model = Transformer(config).train(not gpu)
        prepare(model, train)
        parameters = list(model.parameters())
        trained = sum(p.numel() for p in parameters if p.requires_grad)
        activations = _step(model, batch_size)
        model.transformer.checkpointing = True
        # The backward pass computes one layer at a time again, and holds all of its activations.
        checkpointed = _step(model, batch_size) + _layer(model, batch_size)
    return Memory(
        trained=trained,
        weights=sum(p.numel() * p.element_size() for p in parameters),
        gradients=trained * FLOAT32,
        optimizer=trained * ADAMW,
        activations=activations,
        activations_checkpointed=checkpointed,
    )


def saved_bytes(model: nn.Module, compute: Callable[[], object]) -> int:
    """Bytes that autograd saves during a computation, besides the model's own tensors."""
    own = {_storage(tensor) for tensor in [*model.parameters(), *model.buffers()]}
    saved: dict[int, Tensor] = {}  # by address; holding the tensors keeps the addresses unique

    def save(tensor: Tensor) -> Tensor:
        if _storage(tensor) not in own:
            saved[_storage(tensor)] = tensor
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(save, lambda tensor: tensor):
        compute()
    return sum(tensor.untyped_storage().nbytes() for tensor in saved.values())


def _storage(tensor: Tensor) -> int:
    return tensor.untyped_storage()._cdata


def _step(model: Transformer, batch_size: int) -> int:
    config = model.config
    text = torch.zeros(batch_size, config.text_seq_length, dtype=torch.long)
    codes = torch.zeros(batch_size, config.image_seq_length, dtype=torch.long)

    def compute() -> Tensor:
        with torch.autocast("cpu", dtype=torch.bfloat16, cache_enabled=False):
            return weighted_loss(*model.losses(text, codes))

    return saved_bytes(model, compute)


def _layer(model: Transformer, batch_size: int) -> int:
    config, stack = model.config, model.transformer
    shape = (batch_size, config.total_seq_length, config.hidden_size)
    x = torch.zeros(shape, requires_grad=True)

    def compute() -> Tensor:
        with torch.autocast("cpu", dtype=torch.bfloat16, cache_enabled=False):
            return stack.layers[0](x, stack.get_buffer("row_mask"))

    return saved_bytes(model, compute)
