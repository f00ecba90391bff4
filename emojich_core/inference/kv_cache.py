"""Keys and values of the positions computed so far, and no more of them than will be looked at.

A row layer looks at the text and the last row's worth of codes: what is older can be overwritten.
A column layer needs all codes to the end, but at each position only one column of them.  All of it
follows from the masks: a key is kept from its own position to the last that may see it.
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

# A layer that looks at so much of what it keeps looks at all of it, rather than pick.
PICKED_BELOW = 0.75


@dataclass(frozen=True)
class Layout:
    """Where a layer keeps the keys of one sequence of S positions, and which it looks at."""

    size: int  # how many places there are
    write: Tensor  # (S,) the place of each position's key
    read: Tensor | None  # (S, W) the places that each position looks at; None: all, W = size
    seen: Tensor  # (S, W) bool: whether it may see what it finds there
    lies: Tensor  # (S, size) int32: whose key lies in each place after each position; -1: nobody's


def layout_of(mask: Tensor) -> Layout:
    """The smallest layout for a mask (S, S) whose row is a query and whose column is a key."""
    length = len(mask)
    last_seen = (mask * torch.arange(length)[:, None]).amax(dim=0).tolist()
    write: list[int] = []
    until: list[int] = []  # the last position that needs what lies in a place
    occupant = torch.full((length, length), -1)  # (position, place) → whose key lies there
    for position in range(length):
        free = next((i for i, last in enumerate(until) if last < position), len(until))
        if free == len(until):
            until.append(0)
        until[free] = last_seen[position]
        write.append(free)
        occupant[position:, free] = position
    size, places = len(until), torch.tensor(write)
    occupant = occupant[:, :size]
    if (width := int(mask.sum(dim=1).max())) > PICKED_BELOW * size:
        seen = mask.gather(1, occupant.clamp(min=0)) & (occupant >= 0)
        return Layout(size, places, None, seen, occupant.int())
    keys = torch.where(mask, torch.arange(length), length).sort(dim=1).values[:, :width]
    seen = keys < length
    return Layout(size, places, places[keys.clamp(max=length - 1)], seen, occupant.int())


class _Places:
    """A layout as tables on a device, and where the places of each slot begin."""

    def __init__(self, layout: Layout, slots: int, like: Tensor):
        device = like.device
        self.write = layout.write.to(device)
        self.read = None if layout.read is None else layout.read.to(device)
        hidden = ~layout.seen.to(device)
        self.bias = like.new_zeros(hidden.shape).masked_fill(hidden, -math.inf)
        self.first = torch.arange(slots, device=device) * layout.size
        self.lies = layout.lies.to(device)

    def at(self, positions: Tensor) -> Lookup:
        """Where layers write and look when the sequences are at `positions` (B,)."""
        read = None
        if self.read is not None:
            read = (self.read[positions] + self.first[:, None]).flatten()
        bias = self.bias[positions][:, None, None]
        return Lookup(self.write[positions] + self.first, read, bias)


class KVCache:
    """Keys and values of all layers, for sequences that each have a slot and a position.

    `like` says by its dtype in what they are kept, and on which device.
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
        """Where layers of each kind write and look when the sequences are at `positions` (B,)."""
        return {kind: places.at(positions) for kind, places in self.places.items()}

    def fill(self, slot: int, kept: KeyValues) -> None:
        """Let the sequence of a slot begin with what `Transformer.forward` kept of one.

        What it held before is lost, to the last place: what is masked weighs nothing, but nothing
        times NaN would be NaN.
        """
        length = kept[0][0].shape[1]
        # Looked up in tables on the device: a GPU would wait for indices that come from the host.
        lies = {kind: places.lies[length - 1] for kind, places in self.places.items()}
        positions = {kind: each.clamp(min=0) for kind, each in lies.items()}
        empty = {kind: (each < 0)[:, None] for kind, each in lies.items()}
        for layer, kind, computed in zip(self.layers, self.kinds, kept, strict=True):
            for part, stored in zip(computed, layer, strict=True):
                rows = part[0].index_select(0, positions[kind])
                stored[slot].copy_(rows.masked_fill_(empty[kind], 0))

    @property
    def bytes_per_slot(self) -> int:
        """What one more slot takes."""
        return sum(layer[:, 0].nbytes for layer in self.layers)


@cache
def _layouts(config: TransformerConfig) -> dict[Kind, Layout]:
    return {kind: layout_of(mask) for kind, mask in attention_masks(config).items()}
