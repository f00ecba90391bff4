"""Draws docs/edges.png: the same stickers, cut out as by ru-dalle and as by Emojich, enlarged.

python benchmarks/edges.py [--model mini] [--out docs/edges.png]
"""

import argparse
from dataclasses import replace
from pathlib import Path

from PIL import Image

from emojich_core.pipeline import Pipeline

PROMPTS = ("кот", "клубника", "кактус")
BACKGROUND = (38, 52, 73, 255)  # a dark chat, which shows bad edges best
WHOLE, PART, ZOOM = 256, 64, 4  # sides in pixels: of the sticker shown, of the part enlarged


def show(sticker: Image.Image) -> Image.Image:
    """A sticker on the dark background, and beside it a part of its edge enlarged."""
    chat = Image.alpha_composite(Image.new("RGBA", sticker.size, BACKGROUND), sticker)
    # Around where the middle row leaves the subject.
    y = sticker.height // 2
    middle = sticker.getchannel("A").crop((0, y, sticker.width, y + 1))
    x = middle.point(lambda alpha: 255 * (alpha > 128)).getbbox()[2]
    part = chat.crop((x - PART // 2, y - PART // 2, x + PART // 2, y + PART // 2))
    row = Image.new("RGB", (WHOLE + PART * ZOOM, WHOLE))
    row.paste(chat.resize((WHOLE, WHOLE), Image.Resampling.LANCZOS), (0, 0))
    row.paste(part.resize((PART * ZOOM,) * 2, Image.Resampling.NEAREST), (WHOLE, 0))
    return row


def main() -> None:
    """Draw each prompt with hard edges on the left and soft edges on the right."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", default="mini")
    parser.add_argument("--out", type=Path, default=Path("docs/edges.png"))
    arguments = parser.parse_args()
    soft = Pipeline.load(arguments.model)
    hard = Pipeline.load(arguments.model)
    hard.bundle = replace(hard.bundle, matting=replace(hard.bundle.matting, edges="hard"))
    page = Image.new("RGB", (2 * (WHOLE + PART * ZOOM), WHOLE * len(PROMPTS)))
    for y, prompt in enumerate(PROMPTS):
        for x, pipeline in enumerate((hard, soft)):
            [drawing] = pipeline.generate(prompt, count=1, best_of=4, seed=1)
            page.paste(show(drawing.image), (x * page.width // 2, y * WHOLE))
    page.save(arguments.out)


if __name__ == "__main__":
    main()
