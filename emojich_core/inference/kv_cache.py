"""The KV cache: it keeps keys and values only as long as a later position attends to them.

A row layer attends to the text and the last row's worth of codes, so older ones are overwritten.
A column layer needs all codes to the end, but at each position only one column of them.  The masks
decide: a key is kept from its own position to the last position that attends to it.
"""

import math
from dataclasses import dataclass
from functools import cache

import torch
from torch import Tensor

from emojich_core.networks.transformer import (
    KeyValues,
    Kind,
    Lookup,
    TransformerConfig,
    attention_masks,
)

# A layer gathers the keys that it attends to if they are at most this share of its cache.
GATHER_BELOW = 0.75


@dataclass(frozen=True)
class Layout:
    """Where a layer keeps the keys of one sequence of S positions, and which it reads."""

    size: int  # number of places
    write: Tensor  # (S,) the place of each position's key
    read: Tensor | None  # (S, W) the places that each position reads; None: all, W = size
    seen: Tensor  # (S, W) bool: whether the mask lets the position attend to the key there
    occupant: Tensor  # (S, size) int32: whose key each place holds, after each position; -1: none


def layout_of(mask: Tensor) -> Layout:
    """The smallest layout for a mask (S, S) whose row is a query and whose column is a key."""
    length = len(mask)
    last_seen = (mask * torch.arange(length)[:, None]).amax(dim=0).tolist()
    write: list[int] = []
    until: list[int] = []  # the last position that needs the key in each place
    occupant = torch.full((length, length), -1)
    for position in range(length):
        free = next((i for i, last in enumerate(until) if last < position), len(until))
        if free == len(until):
            until.append(0)
        until[free] = last_seen[position]
        write.append(free)
        occupant[position:, free] = position
    size, places = len(until), torch.tensor(write)
    occupant = occupant[:, :size]
    if (width := int(mask.sum(dim=1).max())) > GATHER_BELOW * size:
        seen = mask.gather(1, occupant.clamp(min=0)) & (occupant >= 0)
        return Layout(size, places, None, seen, occupant.int())
    keys = torch.where(mask, torch.arange(length), length).sort(dim=1).values[:, :width]
    seen = keys < length
    return Layout(size, places, places[keys.clamp(max=length - 1)], seen, occupant.int())


class _Places:
    """A layout as tables on a device, and the first place of each slot."""

    def __init__(self, layout: Layout, slots: int, like: Tensor):
        device = like.device
        self.write = layout.write.to(device)
        self.read = None if layout.read is None else layout.read.to(device)
        hidden = ~layout.seen.to(device)
        self.bias = like.new_zeros(hidden.shape).masked_fill(hidden, -math.inf)
        self.first = torch.arange(slots, device=device) * layout.size
        self.occupant = layout.occupant.to(device)

    def at(self, positions: Tensor) -> Lookup:
        """Where layers write and read when the sequences are at `positions` (B,)."""
        read = None
        if self.read is not None:
            read = (self.read[positions] + self.first[:, None]).flatten()
        bias = self.bias[positions][:, None, None]
        return Lookup(self.write[positions] + self.first, read, bias)


class KVCache:
    """Keys and values of all layers, for sequences that each have a slot and a position.

    The cache has the dtype and device of `like`.
    """

    def __init__(self, config: TransformerConfig, slots: int, like: Tensor):
        layouts = _layouts(config)
        self.kinds = config.layer_kinds
        self.places = {k: _Places(layout, slots, like) for k, layout in layouts.items()}
        self.layers = [
            like.new_zeros((2, slots, layouts[kind].size, config.hidden_size))
            for kind in self.kinds
        ]

    def at(self, positions: Tensor) -> dict[Kind, Lookup]:
        """Where layers of each kind write and read when the sequences are at `positions` (B,)."""
        return {kind: places.at(positions) for kind, places in self.places.items()}

    def fill(self, slot: int, key_values: KeyValues) -> None:
        """Start the sequence of a slot with the keys and values of `Transformer.forward`.

        Empty places become 0: a masked value weighs nothing, but nothing times a NaN that an
        earlier sequence left there would be NaN.
        """
        length = key_values[0][0].shape[1]
        # Tables on the device: a GPU would wait for indices that come from the host.
        occupants = {kind: places.occupant[length - 1] for kind, places in self.places.items()}
        positions = {kind: each.clamp(min=0) for kind, each in occupants.items()}
        empty = {kind: (each < 0)[:, None] for kind, each in occupants.items()}
        for layer, kind, computed in zip(self.layers, self.kinds, key_values, strict=True):
            for part, stored in zip(computed, layer, strict=True):
                rows = part[0].index_select(0, positions[kind])
                stored[slot].copy_(rows.masked_fill_(empty[kind], 0))

    @property
    def bytes_per_slot(self) -> int:
        """How many bytes one slot takes."""
        return sum(layer[:, 0].nbytes for layer in self.layers)


@cache
def _layouts(config: TransformerConfig) -> dict[Kind, Layout]:
    return {kind: layout_of(mask) for kind, mask in attention_masks(config).items()}
