"""Shows what Real-ESRGAN does: the same stickers without and with it, enlarged, and its time.

    python -m benchmarks.upscaling [BUNDLE …]     # by default mini; writes docs/upscale.png

In the left column images are only resized; then comes a column for the upscaler of each bundle.
All finish the same codes, decoded by the first bundle.
"""

import argparse
from dataclasses import replace
from functools import partial
from pathlib import Path

from PIL import Image

from benchmarks.timing import median
from emojich_core.inference.slots import ImageCodes
from emojich_core.networks.upscale import UpscaleConfig, make_upscaler
from emojich_core.pipeline import Pipeline

PROMPTS = ("кот", "панда", "гитара")
PART, SIDE = (106, 60, 406, 360), 320  # the part of a sticker that is shown, and the side shown, px
ROUNDS = 5


def without(pipeline: Pipeline) -> Pipeline:
    """The pipeline with an upscaler that only resizes."""
    none = UpscaleConfig(scale=1)
    pipeline.bundle = replace(pipeline.bundle, upscale=none)
    pipeline.upscaler = make_upscaler(none)
    return pipeline


def main() -> None:
    """Decode each prompt once, and finish it with each upscaler."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("bundles", nargs="*", default=["mini"])
    parser.add_argument("--out", type=Path, default=Path("docs/upscale.png"))
    arguments = parser.parse_args()
    ways = [Pipeline.load(name, "cpu") for name in arguments.bundles]
    artist = ways[0]
    ways.insert(0, without(Pipeline.load(arguments.bundles[0], "cpu")))
    page = Image.new("RGB", (SIDE * len(ways), SIDE * len(PROMPTS)), "white")
    for y, prompt in enumerate(PROMPTS):
        [drawing] = artist.generate(prompt, count=1, best_of=4, seed=1)
        image_codes = ImageCodes(drawing.codes, 0, 1.0)
        for x, pipeline in enumerate(ways):
            [finished] = pipeline.finish([image_codes])
            shown = finished.image.crop(PART).resize((SIDE, SIDE), Image.Resampling.LANCZOS)
            page.paste(shown, (x * SIDE, y * SIDE), shown)
            taken = median(partial(pipeline.finish, [image_codes]), ROUNDS)
            scale = pipeline.bundle.upscale.scale
            print(f"{prompt}, x{scale}: {taken * 1e3:.0f} ms to finish one sticker")
    page.save(arguments.out)


if __name__ == "__main__":
    main()
