"""Keys and values of the positions computed so far, and no more of them than will be looked at.

A row layer looks at the text and the last row's worth of codes: what is older can be overwritten.
A column layer needs all codes to the end, but at each position only one column of them.  All of it
follows from the masks: a key is kept from its own position to the last that may see it.
"""

from dataclasses import dataclass
from functools import cache

import torch
from torch import Tensor

from emojich_core.transformer import Kept, Kind, Lookup, TransformerConfig, attention_masks

# A layer that looks at so much of what it keeps looks at all of it, rather than pick.
PICKED_BELOW = 0.75


@dataclass(frozen=True)
class Layout:
    """Where a layer keeps the keys of one sequence of S positions, and which it looks at."""

    size: int  # how many places there are
    write: Tensor  # (S,) the place of each position's key
    read: Tensor | None  # (S, W) the places that each position looks at; None: all, W = size
    seen: Tensor  # (S, W) bool: whether it may see what it finds there

    def to(self, device: torch.device) -> "Layout":
        """The same on another device."""
        read = None if self.read is None else self.read.to(device)
        return Layout(self.size, self.write.to(device), read, self.seen.to(device))


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
        return Layout(size, places, None, seen)
    keys = torch.where(mask, torch.arange(length), length).sort(dim=1).values[:, :width]
    seen = keys < length
    return Layout(size, places, places[keys.clamp(max=length - 1)], seen)


class KVCache:
    """Keys and values of all layers, for sequences that each have a slot and a position."""

    def __init__(self, config: TransformerConfig, slots: int, like: Tensor):
        self.layouts = {kind: layout.to(like.device) for kind, layout in _layouts(config).items()}
        self.kinds = config.layer_kinds
        heads = config.num_attention_heads
        width = config.hidden_size // heads
        self.layers = [
            like.new_zeros((2, slots, heads, self.layouts[kind].size, width)) for kind in self.kinds
        ]

    def at(self, positions: Tensor) -> dict[Kind, Lookup]:
        """Where layers of each kind write and look when the sequences are at `positions` (B,)."""
        return {
            kind: Lookup(
                layout.write[positions],
                None if layout.read is None else layout.read[positions],
                layout.seen[positions],
            )
            for kind, layout in self.layouts.items()
        }

    def fill(self, slots: Tensor, kept: Kept) -> None:
        """Let the sequences `slots` (B,) begin with what `Transformer.forward` kept of one or of B.

        What they held before is lost.
        """
        length = kept[0][0].shape[2]
        for layer, kind, computed in zip(self.layers, self.kinds, kept, strict=True):
            write = self.layouts[kind].write[:length].tolist()
            latest = {place: position for position, place in enumerate(write)}
            places, positions = torch.tensor(list(latest)), torch.tensor(list(latest.values()))
            for part, stored in zip(computed, layer, strict=True):
                begun = part[:, :, positions].transpose(1, 2)
                stored[slots[:, None], :, places] = begun.to(stored.dtype)

    @property
    def bytes_per_slot(self) -> int:
        """What one more slot takes."""
        return sum(layer[:, 0].nbytes for layer in self.layers)


@cache
def _layouts(config: TransformerConfig) -> dict[Kind, Layout]:
    return {kind: layout_of(mask) for kind, mask in attention_masks(config).items()}
