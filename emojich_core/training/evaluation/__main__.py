"""`python -m emojich_core.training.evaluation`: figures of a bundle, and pages of its stickers."""

import argparse
from pathlib import Path

from emojich_core.cli.main import run
from emojich_core.cli.options import (
    Parser,
    add_device,
    add_model,
    check_file,
    check_folder,
    file_path,
    number,
)
from emojich_core.request import MAX_SEED

MAX_NAMES = 10_000  # more than there are emoji
PROGRAM = "python -m emojich_core.training.evaluation"
QUICK = 80  # names, everyday words, compositions and drawings of a quick run, each


def main() -> None:
    """Measure a bundle, or only draw the page of prompts."""
    parser = Parser(prog=PROGRAM, description="Measure a bundle: the figures of its model card.")
    add_model(parser)
    add_device(parser)
    parser.add_argument(
        "--data", type=file_path, default=Path(".data"), help="where the art is (.data)"
    )
    parser.add_argument(
        "--out", type=file_path, default=Path("out/evaluation"), help="folder (out/evaluation)"
    )
    parser.add_argument(
        "--names",
        type=number(1, MAX_NAMES),
        default=400,
        metavar="N",
        help="at most this number of each kind (400)",
    )
    parser.add_argument("--held-out", type=file_path, metavar="FILE", help="another held_out.json")
    parser.add_argument(
        "--seed", type=number(0, MAX_SEED), default=0, help="for the same drawings again (0)"
    )
    parser.add_argument(
        "--quick", action="store_true", help=f"at most {QUICK} of each: a rough look"
    )
    parser.add_argument(
        "--page", type=file_path, metavar="FILE", help="only draw the page of 64 prompts, as a PNG"
    )
    parser.add_argument("--card", action="store_true", help="put the figures into the model card")
    parser.set_defaults(command=_evaluate)
    run(parser)


def _evaluate(arguments: argparse.Namespace) -> None:
    modules = arguments.data / "node_modules"
    art = (modules / "emojibase-data").exists() and (modules / "@iconify-json").exists()
    if not art and not arguments.page:
        raise FileNotFoundError(f"There is no emoji art in {modules}: run `make data`.")
    if arguments.page:
        check_file(arguments.page)
    else:
        check_folder(arguments.out)
    try:
        from emojich_core.training.evaluation import evaluate, pages
    except ImportError as error:
        raise OSError(f'{error.name} is missing: pip install "emojich[train]"') from error
    if arguments.page:
        from emojich_core.pipeline import Pipeline

        pipeline = Pipeline.load(arguments.model, arguments.device)
        page = pages.prompts_page(pipeline, pages.PROMPTS, arguments.seed)
        arguments.page.parent.mkdir(parents=True, exist_ok=True)
        page.save(arguments.page, "PNG")
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
    command = f"{PROGRAM} --model {Path(arguments.model).name} --names {arguments.names}"
    command += f" --seed {arguments.seed}" + " --quick" * arguments.quick
    if arguments.held_out:
        command += f" --held-out {arguments.held_out.name}"
    evaluate.evaluate(settings, command)
    print(f"{arguments.out}: evaluation.json and pages of pictures")


if __name__ == "__main__":
    main()
