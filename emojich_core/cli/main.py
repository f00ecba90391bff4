"""`emojich`: the command line, for work without a chat."""

import argparse
import errno
import io
import json
import os
import runpy
import sys
from dataclasses import asdict
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from emojich_core.cli.doctor import add_doctor
from emojich_core.cli.image import add_image, check_kept, kept, read_image
from emojich_core.cli.options import (
    MAX_SENTENCE,
    Parser,
    add_device,
    add_model,
    check_folder,
    file_path,
    number,
)
from emojich_core.cli.weights import add_weights
from emojich_core.errors import BundleError, shown
from emojich_core.finetuning.cli import add_finetune
from emojich_core.image_file import BadImage
from emojich_core.request import (
    MAX_COUNT,
    MAX_SEED,
    InvalidRequest,
    Reason,
    clean_prompt,
    new_seed,
)
from emojich_core.startup import without_garbage_collection

if TYPE_CHECKING:  # imports torch, which takes seconds, also for --help
    from PIL.Image import Image

    from emojich_core.pipeline import Pipeline

MAX_BEST_OF = 4096
FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


# Commands of `emojich_core.training`: run by name, not imported, because no image has the package.
TRAINING = {
    ("data", "build"): "emojich_core.training.data",
    ("evaluate",): "emojich_core.training.evaluation",
}


def main() -> None:
    """`emojich`."""
    for words, module in TRAINING.items():
        if tuple(sys.argv[1 : 1 + len(words)]) == words and find_spec("emojich_core.training"):
            del sys.argv[1 : 1 + len(words)]
            runpy.run_module(module, run_name="__main__")
            return
    run(_parser())


def run(parser: argparse.ArgumentParser) -> None:
    """Run the command that the arguments name; exit with 1 and one line if it cannot be done."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # a closed stream is None
            stream.reconfigure(errors="backslashreplace")  # a terminal may have no Russian letters
    try:
        arguments = parser.parse_args()
        arguments.command(arguments)
        if sys.stdout:
            sys.stdout.flush()
    except BrokenPipeError:  # the program that read the output has ended
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)
    except (BadImage, BundleError, InvalidRequest) as error:
        sys.exit(f"emojich: {shown(error, MAX_SENTENCE)}")
    except OSError as error:
        sys.exit(f"emojich: {_sentence(error)}")
    except (MemoryError, RuntimeError) as error:
        # Imported only here, because it imports torch, which takes seconds.
        from emojich_core.inference.memory import OutOfMemory, lacks_memory

        if isinstance(error, OutOfMemory) and "CUDA" in str(error):
            sys.exit("emojich: The GPU has not enough memory: free some, or take --device cpu.")
        if lacks_memory(error):
            sys.exit("emojich: There is not enough memory: free some, or take a smaller model.")
        raise
    except KeyboardInterrupt:
        sys.exit(130)


def _sentence(error: OSError) -> str:
    """File, error and fix in one sentence; an error without a file is a sentence already."""
    if error.errno in FULL:
        return (
            f"{shown(error.filename or 'A file')} cannot be written ({error.strerror}): make room."
        )
    if error.filename is None:
        return shown(error, MAX_SENTENCE)
    return f"{shown(error.filename)} cannot be used ({error.strerror}): name another one."


def _parser() -> argparse.ArgumentParser:
    parser = Parser(
        prog="emojich",
        description="Stickers from Russian prompts.",
        epilog="To make and measure models: emojich data build, emojich evaluate.",
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    generate = commands.add_parser(
        "generate",
        help="draw stickers into a folder",
        description="Write 0.webp … (best first), grid.png and result.json for each prompt.",
    )
    what = generate.add_mutually_exclusive_group(required=True)
    what.add_argument("prompt", nargs="?", help='what to draw, in Russian: "кот в шляпе"')
    what.add_argument(
        "--prompts", type=file_path, metavar="FILE", help="a file with one prompt a line"
    )
    generate.add_argument("--count", type=number(1, MAX_COUNT), default=4, help="images (4)")
    generate.add_argument("--seed", type=number(0, MAX_SEED), help="for the same images again")
    generate.add_argument(
        "--best-of", type=number(1, MAX_BEST_OF), metavar="N", help="draw N, keep the best `count`"
    )
    generate.add_argument("--top-k", type=number(1, 2**16), help="of the likeliest codes only")
    generate.add_argument(
        "--top-p", type=number(0, 1, float), help="of those that have this probability only"
    )
    generate.add_argument(
        "--temperature", type=number(0.01, 100, float), help="above 1 wilder, below 1 tamer"
    )
    add_image(generate)
    generate.add_argument("--out", type=file_path, default=Path("out"), help="folder (out/)")
    add_model(generate)
    add_device(generate)
    generate.add_argument("--json", action="store_true", help="print the results as JSON, too")
    generate.set_defaults(command=lambda arguments: _generate(generate, arguments))
    weights = "fetch, import and check the published models"
    add_weights(commands.add_parser("weights", help=weights, description=weights.capitalize()))
    doctor = "check an installation: token, Redis, models, device, disk"
    add_doctor(commands.add_parser("doctor", help=doctor, description=doctor.capitalize()))
    finetune = "teach a model a style of your own"
    add_finetune(commands.add_parser("finetune", help=finetune, description=finetune.capitalize()))
    return parser


def _generate(parser: argparse.ArgumentParser, arguments: argparse.Namespace) -> None:
    if arguments.best_of is None:
        arguments.best_of = arguments.count
    if arguments.best_of < arguments.count:
        parser.error(f"--best-of must be at least --count, which is {arguments.count}")
    prompts = _prompts(arguments)
    image = read_image(parser, arguments)
    check_folder(arguments.out)
    with without_garbage_collection():
        from emojich_core.pipeline import Pipeline

        pipeline = Pipeline.load(arguments.model, arguments.device)
    check_kept(parser, arguments, pipeline.bundle)
    for prompt in prompts:
        pipeline.read(prompt)  # raises InvalidRequest before any prompt is drawn
    results = []
    for i, prompt in enumerate(prompts):
        folder = arguments.out / f"{i:03}" if arguments.prompts else arguments.out
        results.append(_draw(pipeline, prompt, image, folder, arguments))
    if arguments.json:
        plain = sys.stdout is not None and sys.stdout.encoding.lower() != "utf-8"
        print(json.dumps(results if arguments.prompts else results[0], ensure_ascii=plain))


def _prompts(arguments: argparse.Namespace) -> list[str]:
    """The prompts to draw, all checked before the first is drawn."""
    if arguments.prompts is None:
        return [clean_prompt(_as_utf8(arguments.prompt))]
    try:
        lines = arguments.prompts.read_text("utf-8").splitlines()
    except UnicodeDecodeError as error:
        raise OSError(f"{arguments.prompts} is not UTF-8 ({error}).") from error
    prompts = []
    for place, line in enumerate(lines, start=1):
        if line.strip():
            try:
                prompts.append(clean_prompt(line))
            except InvalidRequest as error:
                message = f"{arguments.prompts}, line {place}: {error}"
                raise InvalidRequest(error.reason, message) from error
    if not prompts:
        raise InvalidRequest(Reason.EMPTY, f"{arguments.prompts} has no prompts: one a line.")
    return prompts


def _as_utf8(argument: str) -> str:
    """An argument decoded as UTF-8; Python has decoded it by the locale."""
    try:
        return os.fsencode(argument).decode("utf-8")
    except UnicodeError:
        return argument


def _draw(
    pipeline: "Pipeline",
    prompt: str,
    image: "Image | None",
    folder: Path,
    arguments: argparse.Namespace,
) -> dict[str, Any]:
    """Draw one prompt into a folder; returns the content of result.json."""
    from tqdm import tqdm

    from emojich_core.sticker import grid

    reading = pipeline.read(prompt)
    if reading.instead:
        model = pipeline.bundle.name
        told = f"{model} has not learned «{reading.unknown}»: it draws «{reading.instead}» instead."
        print(told, file=sys.stderr)
    seed = new_seed() if arguments.seed is None else arguments.seed
    sampling = _sampling(pipeline, arguments)
    folder.mkdir(parents=True, exist_ok=True)
    look = "{desc}: {percentage:3.0f}% {bar} {elapsed}"
    with tqdm(total=1.0, desc=prompt[:40], bar_format=look) as bar:
        drawings = pipeline.generate(
            prompt,
            arguments.count,
            seed,
            progress=lambda done: bar.update(done - bar.n),
            best_of=arguments.best_of,
            image_prompt=pipeline.image_prompt(image, **kept(arguments)) if image else None,
            **sampling,
        )
    candidates = []
    for drawing in drawings:
        file = f"{drawing.candidate.number}.webp"
        (folder / file).write_bytes(drawing.sticker)
        fields = drawing.candidate.to_json()
        del fields["number"]
        candidates.append({"file": file, **fields})
    for left in range(len(drawings), MAX_COUNT):  # files of an earlier, larger request
        (folder / f"{left}.webp").unlink(missing_ok=True)
    grid([drawing.image for drawing in drawings]).save(folder / "grid.png")
    # Everything that determines the pictures, so that a user can draw them again.
    result = {
        "prompt": prompt,
        "reading": asdict(reading),
        "model": pipeline.bundle.name,
        "seed": seed,
        "count": arguments.count,
        "best_of": arguments.best_of,
        **sampling,
        **({"image": str(arguments.image), "keep": kept(arguments)} if image else {}),
        "device": pipeline.device.type,
        "precision": pipeline.precision,
        "versions": {package: version(package) for package in ("emojich", "torch")},
        "candidates": candidates,
    }
    if any(drawing.candidate.score is not None for drawing in drawings):
        result["judge"] = "ruclip"
    text = json.dumps(result, ensure_ascii=False, indent=2)
    (folder / "result.json").write_text(text + "\n", "utf-8")
    return result


def _sampling(pipeline: "Pipeline", arguments: argparse.Namespace) -> dict[str, Any]:
    """`temperature`, `top_k`, `top_p`: from the options, else from the bundle."""
    sampling = pipeline.bundle.sampling
    return {
        name: getattr(sampling, name) if (given := getattr(arguments, name)) is None else given
        for name in ("temperature", "top_k", "top_p")
    }
