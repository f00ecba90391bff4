"""What Real-ESRGAN is worth: the same stickers without it and with it, enlarged, and the time.

python benchmarks/upscaling.py [--model mini] [--out docs/upscale.png]
"""

import argparse
import statistics
import time
from dataclasses import replace
from pathlib import Path

from PIL import Image

from emojich_core.generation import Drawn
from emojich_core.pipeline import Pipeline
from emojich_core.upscale import UpscaleConfig, make_upscaler

PROMPTS = ("кот", "клубника", "кактус")
WHOLE, PART, ZOOM = 256, 128, 2  # sides in pixels: of the sticker shown, of the part enlarged


def show(sticker: Image.Image) -> Image.Image:
    """A sticker on white, and beside it the middle enlarged."""
    chat = Image.new("RGB", sticker.size, "white")
    chat.paste(sticker, (0, 0), sticker)
    corner = (sticker.width - PART) // 2
    part = chat.crop((corner, corner, corner + PART, corner + PART))
    row = Image.new("RGB", (WHOLE + PART * ZOOM, WHOLE))
    row.paste(chat.resize((WHOLE, WHOLE), Image.Resampling.LANCZOS), (0, 0))
    row.paste(part.resize((PART * ZOOM,) * 2, Image.Resampling.NEAREST), (WHOLE, 0))
    return row


def without(pipeline: Pipeline) -> Pipeline:
    """The pipeline, whose pictures are only brought to size."""
    none = UpscaleConfig(scale=1)
    pipeline.bundle = replace(pipeline.bundle, upscale=none)
    pipeline.upscaler = make_upscaler(none)
    return pipeline


def main() -> None:
    """Draw each prompt once, finish it twice: without on the left, with on the right."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", default="mini")
    parser.add_argument("--out", type=Path, default=Path("docs/upscale.png"))
    arguments = parser.parse_args()
    pipelines = {
        "none": without(Pipeline.load(arguments.model)),
        "with": Pipeline.load(arguments.model),
    }
    page = Image.new("RGB", (2 * (WHOLE + PART * ZOOM), WHOLE * len(PROMPTS)))
    times: dict[str, list[float]] = {name: [] for name in pipelines}
    for y, prompt in enumerate(PROMPTS):
        for x, (name, pipeline) in enumerate(pipelines.items()):
            [drawing] = pipeline.generate(prompt, count=1, best_of=4, seed=1)
            page.paste(show(drawing.image), (x * page.width // 2, y * WHOLE))
            for _ in range(3):
                start = time.perf_counter()
                pipeline.finish([Drawn(drawing.codes, 0, 1.0)])
                times[name].append(time.perf_counter() - start)
    page.save(arguments.out)
    for name, taken in times.items():
        print(f"{name}: {statistics.median(taken):.2f} s to finish one sticker")


if __name__ == "__main__":
    main()
