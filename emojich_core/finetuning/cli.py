"""`emojich finetune`: its options, and the memory that a run would take."""

import argparse
import sys
from typing import TYPE_CHECKING

from emojich_core.cli.options import MAX_SENTENCE, add_device, check_folder, file_path, number
from emojich_core.errors import shown
from emojich_core.model_options import known_bundles
from emojich_core.request import MAX_SEED

if TYPE_CHECKING:  # it imports torch, which takes seconds: not for --help
    from emojich_core.networks.transformer import TransformerConfig

MAX_STEPS = 1_000_000
MAX_BATCH = 4096


def add_finetune(parser: argparse.ArgumentParser) -> None:
    """Give the parser of `emojich finetune` its options."""
    parser.add_argument("--base", default="mini", help="bundle to begin with (mini)")
    parser.add_argument(
        "--data", type=file_path, help="folder of images with a captions.csv: file,text"
    )
    parser.add_argument(
        "--out", type=file_path, help="the new bundle; OUT.run keeps what a run needs"
    )
    parser.add_argument(
        "--train",
        choices=("frozen", "all", "lora"),
        default="frozen",
        help="frozen: all but self-attention and feed-forward, as the paper (default); "
        "all: everything; lora: low-rank adapters of these layers alone",
    )
    parser.add_argument("--steps", type=number(1, MAX_STEPS), default=400, help="updates (400)")
    parser.add_argument(
        "--batch-size", type=number(1, MAX_BATCH), default=16, help="images a step (16)"
    )
    parser.add_argument(
        "--lr",
        type=number(1e-9, 1, float),
        help="highest learning rate; by default it follows from the base's width",
    )
    parser.add_argument(
        "--seed", type=number(0, MAX_SEED), default=0, help="for the same run again (0)"
    )
    add_device(parser)
    parser.add_argument(
        "--plan", action="store_true", help="print the memory it would take, and do nothing"
    )
    parser.set_defaults(command=lambda arguments: _finetune(parser, arguments))


def _finetune(parser: argparse.ArgumentParser, arguments: argparse.Namespace) -> None:
    if arguments.plan:
        _plan(arguments)
        return
    if arguments.data is None or arguments.out is None:
        parser.error("--data and --out are needed")
    check_folder(arguments.out.absolute().parent)
    try:
        from emojich_core.finetuning.finetune import Diverged, OtherRun, Settings, finetune
    except ModuleNotFoundError as error:
        sys.exit(f'emojich: fine-tuning needs {error.name}: pip install "emojich[train]"')
    from emojich_core.bundles.bundle import load_bundle
    from emojich_core.finetuning.pairs import BadData
    from emojich_core.finetuning.recipe import default_lr
    from emojich_core.inference.devices import pick_device
    from emojich_core.inference.memory import OutOfMemory

    base = load_bundle(arguments.base)
    train = arguments.train
    lr = arguments.lr or default_lr(base.transformer, train)
    settings = Settings(train, arguments.steps, arguments.batch_size, lr, arguments.seed)
    device = pick_device(arguments.device)
    try:
        loss = finetune(base, arguments.data, arguments.out, settings, device)
    except BadData as error:
        sys.exit(f"emojich: {error}")
    except (OtherRun, Diverged) as error:
        sys.exit(f"emojich: {shown(error, MAX_SENTENCE)}")
    except OutOfMemory:
        message = f"{device} has not enough memory for {arguments.batch_size} images a step"
        sys.exit(f"emojich: {message}: take a smaller --batch-size; --plan counts what it takes.")
    out = arguments.out
    print(f"{out}, of held-out loss {loss:.4f}; what it draws: {out}.run/best.png")
    print(f'draw with it: emojich generate "кот" --model {out}')


def _plan(arguments: argparse.Namespace) -> None:
    """Print a table of the memory that each kind of fine-tuning would take."""
    import torch

    from emojich_core.finetuning.memory import account
    from emojich_core.finetuning.recipe import TRAIN

    config = _config(arguments.base)
    gpu = arguments.device.startswith("cuda") if arguments.device else torch.cuda.is_available()
    where = "a GPU" if gpu else "a CPU"
    print(f"{arguments.base}, {arguments.batch_size} images a step, on {where}; in GB.")
    print("Without / with gradient checkpointing, which is on from 0.5 billion parameters.")
    row = "{:<8}{:>12}{:>9}{:>11}{:>8}{:>16}{:>16}".format
    print(row("TRAIN", "TRAINED", "WEIGHTS", "GRADIENTS", "ADAMW", "ACTIVATIONS", "TOTAL"))
    for train in TRAIN:
        m = account(config, train, arguments.batch_size, gpu)
        sizes = (f"{size / 1e9:.2f}" for size in (m.weights, m.gradients, m.optimizer))
        pairs = ((m.activations, m.activations_checkpointed), (m.total(False), m.total(True)))
        ends = (f"{plain / 1e9:.2f} / {less / 1e9:.2f}" for plain, less in pairs)
        print(row(train, f"{m.trained / 1e6:.1f} M", *sizes, *ends))


def _config(base: str) -> "TransformerConfig":
    """The numbers of a bundle's transformer; of a published one also before it is fetched."""
    from emojich_core.bundles.bundle import load_bundle
    from emojich_core.bundles.published import MODELS

    if base in MODELS and base not in known_bundles():
        return MODELS[base].config
    return load_bundle(base).transformer
