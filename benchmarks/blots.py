"""How many candidates of `mini` are blots or repeats, with and without retries.

`python -m benchmarks.blots`: the prompts of the model card's page, four candidates of each.  A blot
has more than twice the perplexity of the best candidate in the first round.
"""

import time
from collections.abc import Iterable

from torch import Tensor
from tqdm import tqdm

from emojich_core.inference.retries import BLOT
from emojich_core.inference.slots import generate
from emojich_core.pipeline import Pipeline
from emojich_core.training.evaluation.evaluate import PROMPTS

SEEDS = [0, 1, 2, 3]


def main() -> None:
    """Run all prompts with retries and without; print both counts and times."""
    pipeline = Pipeline.load("mini", "cpu")
    prompts = [line for line in PROMPTS.read_text(encoding="utf-8").splitlines() if line]
    length = pipeline.bundle.transformer.text_seq_length
    before = after = distinct_before = distinct_after = 0
    once = whole = 0.0
    for prompt in tqdm(prompts):
        start = time.perf_counter()
        text = pipeline.tokenizer.encode(prompt, length)
        first = generate(pipeline.transformer, text, SEEDS, pipeline.bundle.sampling)
        once += time.perf_counter() - start
        best = min(image.perplexity for image in first)
        start = time.perf_counter()
        drawings = pipeline.generate(prompt, len(SEEDS), SEEDS[0])
        whole += time.perf_counter() - start
        before += blots(best, (image.perplexity for image in first))
        after += blots(best, (drawing.candidate.perplexity for drawing in drawings))
        distinct_before += distinct(image.codes for image in first)
        distinct_after += distinct(drawing.codes for drawing in drawings)
    print(f"{len(prompts)} prompts, {len(SEEDS) * len(prompts)} candidates")
    print(f"blots: {before}; with what is drawn again {after}")
    print(f"different from each other: {distinct_before}; then {distinct_after}")
    codes, stickers = once / len(prompts), whole / len(prompts)
    print(f"seconds a prompt: {codes:.2f} for codes drawn once, {stickers:.2f} for stickers")


def blots(best: float, perplexities: Iterable[float]) -> int:
    """How many exceed BLOT times the best."""
    return sum(perplexity > BLOT * best for perplexity in perplexities)


def distinct(images: Iterable[Tensor]) -> int:
    """How many of these images are different."""
    return len({tuple(codes.tolist()) for codes in images})


if __name__ == "__main__":
    main()
