"""Training data: open emoji art, rendered, and what one would type in Russian to get it.

The art comes from three npm packages that hold every glyph as SVG, the words from CLDR's Russian
names and keywords as `emojibase-data` ships them.  `make data` installs both into a folder.
"""

import hashlib
import json
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from io import BytesIO
from pathlib import Path

import numpy as np
import pymorphy3
import resvg_py
from PIL import Image
from tqdm import tqdm

STYLES = ("noto", "twemoji", "fluent-emoji-flat")
FILL = 0.9  # how much of the canvas a glyph's own box takes: a rim keeps cut-outs whole

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
    """What one emoji is called."""

    label: str
    keywords: tuple[str, ...]


def load_meanings(modules: Path) -> dict[str, Meaning]:
    """Russian CLDR names and keywords by hexcode, from `modules`/emojibase-data."""
    rows = json.loads((modules / "emojibase-data/ru/data.json").read_text())
    meanings = {}
    for row in rows:
        left_out = row.get("group") in (COMPONENTS, SYMBOLS, FLAGS, None)
        if left_out or GENDERED.search(row["hexcode"]):
            continue
        keywords = tuple(k.lower() for k in row.get("tags", []))
        meanings[row["hexcode"]] = Meaning(row["label"].lower(), keywords)
    return meanings


def load_glyphs(modules: Path, styles: Sequence[str] = STYLES) -> list[Glyph]:
    """Every drawing of every emoji that has a meaning, from `modules`/@iconify-json/*."""
    meanings = load_meanings(modules)
    by_code = {_bare(hexcode): hexcode for hexcode in meanings}
    glyphs = []
    for style in styles:
        package = modules / "@iconify-json" / style
        icons = json.loads((package / "icons.json").read_text())
        chars = json.loads((package / "chars.json").read_text())
        width, height = icons.get("width", 16), icons.get("height", 16)
        found = {}
        for char, name in chars.items():
            hexcode = by_code.get(_bare(char.upper()))
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


def _bare(hexcode: str) -> str:
    """A hexcode without variation selectors, which fonts and tables disagree on."""
    return "-".join(part for part in hexcode.split("-") if part != "FE0F")


def render(glyph: Glyph, size: int) -> np.ndarray:
    """Draw a glyph: (size, size, 4) uint8, straight alpha."""
    png = resvg_py.svg_to_bytes(svg_string=glyph.svg, width=size, height=size)
    return np.asarray(Image.open(BytesIO(bytes(png))).convert("RGBA"))


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
        partial = path.with_suffix(".partial.npy")
        shape = (len(glyphs), size, size, 4)
        out = np.lib.format.open_memmap(partial, mode="w+", dtype=np.uint8, shape=shape)
        for i, glyph in enumerate(tqdm(glyphs, desc=f"rendering at {size} px")):
            out[i] = render(glyph, size)
        out.flush()
        partial.rename(path)
    return np.load(path, mmap_mode="r")


@cache
def _morph() -> pymorphy3.MorphAnalyzer:
    return pymorphy3.MorphAnalyzer(lang="ru")


def _agreeing(keywords: tuple[str, ...]) -> Iterator[str]:
    """Adjective + noun from keywords that agree: красное, сердце → красное сердце."""
    parsed = [(k, _morph().parse(k)[0].tag) for k in keywords if " " not in k]
    for adjective, a in parsed:
        for noun, n in parsed:
            same = a.number == n.number and (a.number == "plur" or a.gender == n.gender)
            if "ADJF" in a and "NOUN" in n and {"nomn"} in a and {"nomn"} in n and same:
                yield f"{adjective} {noun}"


class Captions:
    """Draws captions for an emoji: its name most often, rare keywords before common ones."""

    def __init__(self, meanings: dict[str, Meaning]):
        self._meanings = meanings
        common = Counter(k for m in meanings.values() for k in set(m.keywords))
        self._choices = {h: self._weigh(m, common) for h, m in meanings.items()}

    @staticmethod
    def _weigh(meaning: Meaning, common: Counter[str]) -> tuple[list[str], np.ndarray]:
        weights = {meaning.label: 2.5}
        for keyword in meaning.keywords:
            weights[keyword] = weights.get(keyword, 0) + 0.5 / common[keyword]
        for pair in _agreeing(meaning.keywords):
            weights.setdefault(pair, 1.0)
        total = np.array(list(weights.values()))
        return list(weights), total / total.sum()

    def all(self) -> list[str]:
        """Every caption there is, to train the tokenizer on."""
        return sorted({text for texts, _ in self._choices.values() for text in texts})

    def sample(self, hexcode: str, rng: np.random.Generator) -> str:
        """One caption; now and then a keyword follows, as people add details to a name."""
        texts, weights = self._choices[hexcode]
        text = texts[rng.choice(len(texts), p=weights)]
        keywords = self._meanings[hexcode].keywords
        if keywords and rng.random() < 0.05:
            extra = keywords[rng.integers(len(keywords))]
            if extra not in text:
                text = f"{text} {extra}" if rng.random() < 0.5 else f"{text}, {extra}"
        return text
