"""Open emoji art: drawings, rendered, and their Russian names and keywords.

The art comes from three npm packages that hold every glyph as SVG, the words from CLDR's Russian
names and keywords as `emojibase-data` ships them.  `make data` installs both into a folder; where
files of it cannot be read, an OSError says so.
"""

import hashlib
import json
import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import resvg_py
from PIL import Image
from tqdm import tqdm

from emojich_core.training.data.things import bare

STYLES = ("noto", "twemoji", "fluent-emoji-flat")
FILL = 0.9  # share of the canvas that a glyph's own box takes: a rim keeps cut-outs whole

# Groups of emojibase that are left out: parts of emoji, signs and flags make no stickers.
COMPONENTS, SYMBOLS, FLAGS = 2, 8, 9
# Women and men of one thing: kept as the plain person ("person running", "cook") that exists too.
GENDERED = re.compile(r"-200D-264[02]|^1F46[89]-200D")


@dataclass(frozen=True)
class Glyph:
    """One drawing of one emoji."""

    hexcode: str  # as emojibase writes it: 1F408-200D-2B1B
    emoji: str
    style: str
    svg: str


@dataclass(frozen=True)
class Meaning:
    """The Russian name and keywords of an emoji."""

    label: str
    keywords: tuple[str, ...]
    group: int | None = None  # emojibase's: 0 smileys, 1 people, 3 nature, 4 food, …


def load_meanings(modules: Path) -> dict[str, Meaning]:
    """Russian CLDR names and keywords by hexcode, from `modules`/emojibase-data."""
    rows = _read(modules / "emojibase-data/ru/data.json")
    meanings = {}
    for row in rows:
        left_out = row.get("group") in (COMPONENTS, SYMBOLS, FLAGS, None)
        if left_out or GENDERED.search(row["hexcode"]):
            continue
        keywords = tuple(k.lower() for k in row.get("tags", []))
        # Some labels end in a template that was not filled in: "человек идет: , направленные…".
        label = row["label"].lower().partition(": ,")[0]
        meanings[row["hexcode"]] = Meaning(label, keywords, row["group"])
    return meanings


def load_tones(modules: Path) -> dict[str, tuple[str, str]]:
    """Skin tones: the hexcode of each → that of the emoji without one, and the tone's name."""
    rows = _read(modules / "emojibase-data/ru/data.json")
    tones = {}
    for row in rows:
        for skin in row.get("skins", ()):
            name = skin["label"].rpartition(": ")[2].lower()
            if isinstance(skin["tone"], int) and "тон кожи" in name:
                tones[skin["hexcode"]] = (row["hexcode"], name)
    return tones


def load_glyphs(modules: Path, styles: Sequence[str] = STYLES) -> list[Glyph]:
    """Every drawing of every emoji that has a meaning, from `modules`/@iconify-json/*."""
    return load_drawings(modules, list(load_meanings(modules)), styles)


def load_drawings(
    modules: Path, hexcodes: Sequence[str], styles: Sequence[str] = STYLES
) -> list[Glyph]:
    """Every drawing of the emoji `hexcodes`, by style, then hexcode."""
    by_code = {bare(hexcode): hexcode for hexcode in hexcodes}
    glyphs = []
    for style in styles:
        package = modules / "@iconify-json" / style
        icons, chars = _read(package / "icons.json"), _read(package / "chars.json")
        width, height = icons.get("width", 16), icons.get("height", 16)
        found = {}
        for char, name in chars.items():
            hexcode = by_code.get(bare(char.upper()))
            name = icons.get("aliases", {}).get(name, {}).get("parent", name)
            if hexcode and name in icons["icons"]:
                found[hexcode] = icons["icons"][name]
        for hexcode, icon in sorted(found.items()):
            w, h = icon.get("width", width), icon.get("height", height)
            side = max(w, h) / FILL
            box = f"{(w - side) / 2} {(h - side) / 2} {side} {side}"
            svg = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="{box}">{icon["body"]}</svg>'
            emoji = "".join(chr(int(part, 16)) for part in hexcode.split("-"))
            glyphs.append(Glyph(hexcode, emoji, style, svg))
    return glyphs


def _read(file: Path) -> Any:
    try:
        return json.loads(file.read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise OSError(f"{file} cannot be read: run `make data`.") from error


def render(glyph: Glyph, size: int) -> np.ndarray:
    """Draw a glyph: (size, size, 4) uint8, straight alpha."""
    png = resvg_py.svg_to_bytes(svg_string=glyph.svg, width=size, height=size)
    return np.asarray(Image.open(BytesIO(bytes(png)), formats=("PNG",)).convert("RGBA"))


def on_white(rgba: np.ndarray) -> np.ndarray:
    """Composite (…, 4) uint8 on white: (…, 3) uint8."""
    alpha = rgba[..., 3:].astype(np.uint16)
    return ((rgba[..., :3] * alpha + 255 * (255 - alpha)) // 255).astype(np.uint8)


def rendered(glyphs: list[Glyph], size: int, cache_dir: Path) -> np.ndarray:
    """All glyphs at one size, (N, size, size, 4) uint8, memory-mapped from a cache file."""
    digest = hashlib.sha256("".join(g.svg for g in glyphs).encode()).hexdigest()[:12]
    path = cache_dir / f"glyphs-{size}-{digest}.npy"
    if not path.exists():
        cache_dir.mkdir(parents=True, exist_ok=True)
        partial = path.with_suffix(f".{os.getpid()}.npy")  # another process may render it, too
        shape = (len(glyphs), size, size, 4)
        out = np.lib.format.open_memmap(partial, mode="w+", dtype=np.uint8, shape=shape)
        for i, glyph in enumerate(tqdm(glyphs, desc=f"rendering at {size} px")):
            out[i] = render(glyph, size)
        out.flush()
        partial.rename(path)
    return np.load(path, mmap_mode="r")
