"""Makes the dataset: renders, recolours and composes, and writes pictures and captions."""

import json
import shutil
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont, features
from tqdm import tqdm

from emojich_core.colours import main_part, possible_colours
from emojich_core.training.data.art import (
    STYLES,
    Glyph,
    Meaning,
    load_drawings,
    load_glyphs,
    load_meanings,
    load_tones,
    on_white,
    render,
)
from emojich_core.training.data.captions import Captions, is_popular
from emojich_core.training.data.compositions import COUNTS, OTHER_COUNTS, Composer, Item
from emojich_core.training.data.dataset import PICTURES, ROWS, Dataset, Row
from emojich_core.training.data.held_out import HeldOut
from emojich_core.training.data.things import things

SIZE = 192  # side of a picture in pixels
MAIN_STYLE = "fluent-emoji-flat"  # the default style: most compositions are of it
TONED_WEIGHT = 0.3  # of an emoji with a skin tone, against one without
POPULAR_WEIGHT = 2.5  # of emoji that people write for in chats every day, against the others
TONE_WORDS = 0.1  # share of its captions that name the tone
SHEET = 8  # pictures along each side of sample.png


def build(modules: Path, out: Path, seed: int = 0) -> Dataset:
    """Make the dataset of the art in `modules` and put it at `out`, in place of the one there.

    Raises FileExistsError when there is something else.
    """
    out = out.resolve()
    if out.exists() and any(out.iterdir()) and not (out / ROWS).exists():
        raise FileExistsError(f"{out} holds other things than a dataset: name another folder.")
    rng = np.random.default_rng(seed)
    partial = out.with_name(f"{out.name}.partial")
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(parents=True)
    items, drawings = plan(modules, rng)
    shape = (len(items), SIZE, SIZE, 4)
    pictures = np.lib.format.open_memmap(partial / PICTURES, "w+", np.uint8, shape)
    rows = []
    for i, item in enumerate(tqdm(items, desc="composing")):
        pictures[i] = item.draw(drawings[item.style])
        rows.append(_row(item))
    pictures.flush()
    with (partial / ROWS).open("w", encoding="utf-8") as file:
        for row in rows:
            file.write(json.dumps(row.to_json(), ensure_ascii=False) + "\n")
    sheet(Dataset(pictures, rows), rng).save(partial / "sample.png")
    del pictures
    old = out.with_name(f"{out.name}.old")
    shutil.rmtree(old, ignore_errors=True)
    if out.exists():
        out.rename(old)
    partial.rename(out)
    shutil.rmtree(old, ignore_errors=True)
    return Dataset.open(out)


def plan(
    modules: Path, rng: np.random.Generator
) -> tuple[list[Item], dict[str, dict[str, np.ndarray]]]:
    """The pictures to make, and the drawings they are made of, by style and hexcode."""
    held_out = HeldOut.load()
    meanings = load_meanings(modules)
    captions = Captions(meanings, held_out)
    compositional = things(meanings)
    tones = {h: t for h, t in load_tones(modules).items() if t[0] in meanings}
    glyphs = load_glyphs(modules)
    toned = _one_tone_each(load_drawings(modules, list(tones)), tones, rng)
    drawings: dict[str, dict[str, np.ndarray]] = {style: {} for style in STYLES}
    for glyph in tqdm([*glyphs, *toned], desc="rendering"):
        drawings[glyph.style][glyph.hexcode] = render(glyph, SIZE)

    items = [_plain(glyph, captions, meanings[glyph.hexcode]) for glyph in glyphs]
    items += [_toned(glyph, *tones[glyph.hexcode], captions) for glyph in toned]
    for style in tqdm(STYLES, desc="choosing"):
        by_hexcode = drawings[style]
        mine = {h: thing for h, thing in compositional.items() if h in by_hexcode}
        colours = {}
        for hexcode in mine:
            drawing = by_hexcode[hexcode][::2, ::2]  # colours are told as well from a quarter
            body = main_part(drawing)
            if body is not None:
                colours[hexcode] = (body, possible_colours(drawing, body))
        composer = Composer(style, mine, colours, by_hexcode, held_out, rng)
        counts = COUNTS if style == MAIN_STYLE else OTHER_COUNTS
        items += composer.recoloured(counts["recoloured"])
        items += composer.pairs(counts["pair"])
        items += composer.counted(counts["counted"])
        items += composer.sized(counts["sized"])
        items += composer.placed(counts["placed"])
        items += composer.dressed(counts["dressed"])
        items += composer.carrying(counts["carrying"])
        items += composer.riding(counts["riding"])
        items += composer.moods(counts["mood"])
    return [item for item in items if item.captions], drawings


def summary(dataset: Dataset) -> str:
    """A summary: pictures by kind and style, and the number of distinct captions."""
    table = Counter((row.kind, row.style) for row in dataset.rows)
    lines = [f"{'':<12}" + "".join(f"{style:>20}" for style in STYLES)]
    lines += [
        f"{kind:<12}" + "".join(f"{table[kind, style]:>20}" for style in STYLES)
        for kind in dict.fromkeys(row.kind for row in dataset.rows)
    ]
    lines.append(f"{len(dataset)} pictures, {len(dataset.captions())} distinct captions")
    return "\n".join(lines)


def sheet(dataset: Dataset, rng: np.random.Generator) -> Image.Image:
    """A page of random pictures on white, each above a caption of it."""
    indices, captions = dataset.sample(rng, SHEET * SHEET)
    line = 20
    page = Image.new("RGB", (SHEET * SIZE, SHEET * (SIZE + line)), "white")
    pen = ImageDraw.Draw(page)
    # Pillow's own font has Cyrillic letters only where it was built with FreeType.
    font = ImageFont.load_default(14) if features.check("freetype2") else None
    for place, (i, caption) in enumerate(zip(indices, captions, strict=True)):
        x, y = place % SHEET * SIZE, place // SHEET * (SIZE + line)
        page.paste(Image.fromarray(on_white(dataset.pictures[i])), (x, y))
        if font is not None:
            pen.text((x + SIZE / 2, y + SIZE), caption[:30], "black", font, anchor="ma")
    return page


def _plain(glyph: Glyph, captions: Captions, meaning: Meaning) -> Item:
    hexcode = glyph.hexcode
    return Item(
        "plain",
        glyph.style,
        (hexcode,),
        captions.weights(hexcode),
        lambda drawings: drawings[hexcode],
        weight=POPULAR_WEIGHT if is_popular(hexcode, meaning) else 1.0,
        details=captions.details(hexcode),
    )


def _toned(glyph: Glyph, base: str, tone: str, captions: Captions) -> Item:
    hexcode = glyph.hexcode
    weights = captions.weights(base)
    if not weights:
        return Item("plain", glyph.style, (hexcode,), {}, lambda drawings: drawings[hexcode])
    first, total = next(iter(weights)), sum(weights.values())
    said = captions.allowed({f"{first}, {tone}": total * TONE_WORDS})
    return Item(
        "plain",
        glyph.style,
        (hexcode,),
        {**weights, **said},
        lambda drawings: drawings[hexcode],
        weight=TONED_WEIGHT,
        details=captions.details(base),
    )


def _one_tone_each(
    glyphs: Sequence[Glyph], tones: Mapping[str, tuple[str, str]], rng: np.random.Generator
) -> list[Glyph]:
    """A random drawing of an emoji with skin tones, of each style."""
    found: dict[tuple[str, str], list[Glyph]] = {}
    for glyph in glyphs:
        found.setdefault((glyph.style, tones[glyph.hexcode][0]), []).append(glyph)
    return [variants[rng.integers(len(variants))] for _, variants in sorted(found.items())]


def _row(item: Item) -> Row:
    return Row(
        item.kind,
        item.style,
        item.hexcodes,
        item.colour,
        {text: round(weight, 5) for text, weight in item.captions.items()},
        tuple(item.details),
        item.weight,
    )
