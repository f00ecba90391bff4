"""`emojich evaluate`: the figures and pages of pictures of a bundle."""

import argparse
import os
from pathlib import Path

QUICK = 80  # names, held-out keywords, compositions and drawings of a quick run, each


def add_evaluate(parser: argparse.ArgumentParser) -> None:
    """Give the parser of `emojich evaluate` its options."""
    parser.add_argument("--model", default=os.environ.get("EMOJICH_MODEL", "mini"))
    parser.add_argument("--device", default=os.environ.get("EMOJICH_DEVICE"))
    parser.add_argument("--data", type=Path, default=Path(".data"), help="where the art is (.data)")
    parser.add_argument(
        "--out", type=Path, default=Path("out/evaluation"), help="folder (out/evaluation)"
    )
    parser.add_argument(
        "--names", type=int, default=400, metavar="N", help="at most so many of each kind (400)"
    )
    parser.add_argument("--held-out", type=Path, metavar="FILE", help="another held_out.json")
    parser.add_argument("--seed", type=int, default=0, help="for the same drawings again (0)")
    parser.add_argument(
        "--quick", action="store_true", help=f"at most {QUICK} of each: a rough look"
    )
    parser.add_argument(
        "--page", type=Path, metavar="FILE", help="only draw the page of 64 prompts, as a PNG"
    )
    parser.add_argument("--card", action="store_true", help="put the figures into the model card")
    parser.set_defaults(command=_evaluate)


def _evaluate(arguments: argparse.Namespace) -> None:
    modules = arguments.data / "node_modules"
    art = (modules / "emojibase-data").exists() and (modules / "@iconify-json").exists()
    if not art and not arguments.page:
        raise FileNotFoundError(f"There is no emoji art in {modules}: run `make data`.")
    try:
        from emojich_core.training.evaluation import evaluate
    except ImportError as error:
        raise OSError(f'{error.name} is missing: pip install "emojich[train]"') from error
    if arguments.page:
        from emojich_core.pipeline import Pipeline

        pipeline = Pipeline.load(arguments.model, arguments.device)
        page = evaluate.prompts_page(pipeline, arguments.seed)
        arguments.page.parent.mkdir(parents=True, exist_ok=True)
        page.save(arguments.page)
        print(arguments.page)
        return
    names = min(arguments.names, QUICK) if arguments.quick else arguments.names
    settings = evaluate.Settings(
        model=arguments.model,
        data=arguments.data,
        out=arguments.out,
        device=arguments.device,
        held_out=arguments.held_out or evaluate.HELD_OUT,
        seed=arguments.seed,
        names=names,
        varied=QUICK // 4 if arguments.quick else 60,
        most=names,
        page=not arguments.quick,
        card=arguments.card,
    )
    # How to repeat it; where the files are is everyone's own affair.
    command = f"emojich evaluate --model {Path(arguments.model).name} --names {arguments.names}"
    command += f" --seed {arguments.seed}" + " --quick" * arguments.quick
    evaluate.evaluate(settings, command)
    print(f"{arguments.out}: evaluation.json and pages of pictures")
