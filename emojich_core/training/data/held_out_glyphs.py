"""Emoji whose drawings up-scaler and U-Net never see, so that they can be judged on them."""

import hashlib
from pathlib import Path

import numpy as np

from emojich_core.training.data.art import Glyph, load_glyphs

SHARE = 0.05


def held_out_glyph(hexcode: str) -> bool:
    """Whether the emoji is held out, in all its styles."""
    digest = hashlib.sha256(hexcode.encode()).digest()
    return int.from_bytes(digest[:4], "big") < SHARE * 2**32


def choose_glyphs(data: Path, count: int, seed: int = 0) -> list[Glyph]:
    """`count` of the drawings that are not held out, or all, of all styles, at random."""
    glyphs = [g for g in load_glyphs(data / "node_modules") if not held_out_glyph(g.hexcode)]
    rng = np.random.default_rng(seed)
    return [glyphs[i] for i in rng.permutation(len(glyphs))[:count]]
