"""Four images by ru-dalle 1.1.3 and by Emojich, on the same weights: see bench.py, which runs this.

Needs the environment of parity/.
"""

import argparse
import copy
import time

import torch

from benchmarks.arrivals import COUNT, USERS
from benchmarks.reference import time_generation
from benchmarks.results import Curve, Results
from benchmarks.steps import cpu_precisions, measure, random_model, text_seconds
from benchmarks.timing import median
from emojich_core.inference import slots
from emojich_core.inference.kv_cache import KVCache
from emojich_core.inference.precision import Precision, prepare, stored_as
from emojich_core.inference.sampling import Sampling
from emojich_core.inference.slots import generate
from emojich_core.networks.tokenizer import Tokenizer
from emojich_core.networks.transformer import Transformer
from parity.reference import BPE, draw, transformers, vqgans

IMAGES = 4
PROMPT = "рыжий кот в космосе"
MANY = USERS * COUNT  # slots: one for each image of those users
# ru-dalle decodes its 256 codes in less than a minute.
SMALL = {
    "num_layers": 8,
    "hidden_size": 512,
    "num_attention_heads": 8,
    "vocab_size": 2000 + 32,
    "text_seq_length": 32,
    "image_tokens_per_dim": 16,
}


def compare_small(results: Results) -> None:
    """Compare at the small configuration: both draw whole images, from the same weights."""
    theirs, ours = transformers("v2", SMALL)
    text = Tokenizer(BPE).encode(PROMPT, ours.config.text_seq_length)
    vqgan, _ = vqgans(dwt=True, ch=32)  # narrow: the time is to be that of the transformer
    start = time.perf_counter()
    images = draw(theirs, vqgan, PROMPT, IMAGES, 1, Sampling())
    reference = time.perf_counter() - start
    integrated = time_generation(theirs, ours.config, (IMAGES,))[IMAGES].whole
    results.numbers["reference_s"] = reference
    found = {name: _ours(ours, text, name) for name in cpu_precisions()}
    same = images.codes.equal(_with_one_generator(ours, text))
    best = min(found, key=lambda name: found[name])
    results.numbers |= {"ours_f32_s": found["float32"], "ours_best_s": found[best]}
    results.row("small: 4 images, ru-dalle", f"{reference:.1f} s")
    results.row(
        "small: the same, from 5 of its steps and one scoring pass",
        f"{integrated:.1f} s, {integrated / reference:.2f} times as long: the method at full size",
    )
    results.row("small: float32 draws the same codes", "yes" if same else "no", "yes")
    for name, taken in found.items():
        results.row(
            f"small: 4 images, {name}", f"{taken:.2f} s, {reference / taken:.1f} times faster"
        )


def _ours(model: Transformer, text: torch.Tensor, precision: Precision) -> float:
    """Median seconds of four images, scores included."""
    model = prepare(copy.deepcopy(model).to(stored_as(precision)), precision)
    return median(lambda: generate(model, text, list(range(IMAGES)), Sampling()), 3)


def _with_one_generator(model: Transformer, text: torch.Tensor) -> torch.Tensor:
    """Codes of four images that share a generator, as they do in ru-dalle."""
    make_noise = slots.make_noise
    model = prepare(copy.deepcopy(model), "float32")
    slots.make_noise = lambda noise, generators: make_noise(noise, generators[:1] * len(generators))
    try:
        images = generate(model, text, [1] * IMAGES, Sampling())
    finally:
        slots.make_noise = make_noise
    return torch.stack([image.codes for image in images])


def compare_full(results: Results) -> None:
    """Compare at the published size; of ru-dalle only some steps, because it would take hours."""
    theirs, ours = transformers("v2", {})
    config = ours.config
    reference = time_generation(theirs, config, (1, 2, IMAGES))
    del theirs
    four = reference[IMAGES].whole
    results.numbers["full_reference_two_s"] = reference[2].whole  # for arrivals.py
    for count, each in reference.items():
        shown = ", ".join(f"{s:.2f} s at {known}" for known, s in each.steps.items())
        results.row(
            f"full: {count} images, ru-dalle, integrated",
            f"{each.whole:.0f} s (a step: {shown}; scoring {each.scoring:.0f} s)",
        )
    points = [(count, each.whole / count) for count, each in reference.items()]
    results.curves.append(Curve("ru-dalle, float32", points))
    model = prepare(ours, "float32")
    del ours
    wanted = {"float32": "6 times", "int8": "50 times"}
    for precision in cpu_precisions():
        if precision != "float32":
            model = random_model(config, precision)
        text = text_seconds(model)
        steps = [measure(model, slots, rounds=7) for slots in (1, 2, IMAGES, 8, 16, MANY)]
        del model
        whole = {s.slots: text + config.image_seq_length * s.whole for s in steps}
        results.curves.append(Curve(f"Emojich, {precision}", [(n, whole[n] / n) for n in whole]))
        results.row(
            f"full: 4 images, {precision}",
            f"{whole[IMAGES]:.0f} s, {four / whole[IMAGES]:.1f} times faster",
            wanted.get(precision, ""),
        )
        shown = ", ".join(f"{s.whole * 1e3:.0f} ms at {s.slots}" for s in steps)
        results.row(f"full: a step, {precision}, by slots", shown)
    rate, theirs_rate = MANY * 3600 / whole[MANY], 2 * 3600 / reference[2].whole
    results.row(
        f"full: images an hour, codes alone, {MANY} slots always taken, {precision}",
        f"{rate:.0f}; ru-dalle, two by two: {theirs_rate:.1f}; {rate / theirs_rate:.0f} times",
    )
    like = torch.empty(0, dtype=torch.bfloat16)
    cache = KVCache(config, 1, like).bytes_per_slot
    dense = 2 * config.num_layers * config.total_seq_length * config.hidden_size * like.itemsize
    results.row(
        "full: keys and values of a slot, bfloat16 (in float32 twice as much)",
        f"{cache / 2**20:.0f} MiB, {cache / dense:.2f} of a dense cache of {dense / 2**20:.0f} MiB",
        "0.4",
    )


def main() -> None:
    """Compare, and print the results as JSON in the last line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true")
    quick = parser.parse_args().quick
    torch.set_grad_enabled(False)
    results = Results()
    compare_small(results)
    if not quick:
        compare_full(results)
    print(results.to_json())


if __name__ == "__main__":
    main()
