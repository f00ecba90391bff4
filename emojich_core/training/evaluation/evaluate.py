"""Measures a bundle: whether it draws the prompts, how well it cuts out and sharpens, how fast.

Stickers are generated as the bot generates them, the best of four by the model's own perplexity.
The nearest real drawing tells what a sticker shows; see judge.py.
"""

import json
import os
import platform
from collections.abc import Mapping, Sequence
from copy import copy
from dataclasses import dataclass, replace
from importlib.metadata import version
from pathlib import Path
from typing import Literal

import cv2
import numpy as np
import torch
from tqdm import tqdm

from emojich_core.pipeline import Pipeline
from emojich_core.training.data.art import Glyph, load_glyphs, load_meanings, on_white, rendered
from emojich_core.training.data.held_out import FILE as HELD_OUT
from emojich_core.training.data.held_out import held_out_glyph
from emojich_core.training.evaluation import metrics, pages, questions
from emojich_core.training.evaluation.judge import CONTOUR_SIZE, Judge
from emojich_core.training.evaluation.metrics import recall_figures
from emojich_core.training.evaluation.questions import (
    BEST_OF,
    TOP,
    Answer,
    Question,
    answer_all,
    generate_best,
    shrink,
)
from emojich_core.training.evaluation.report import (
    Figure,
    check_card,
    markdown,
    table,
    write_section,
)

Kind = Literal["names", "everyday", "compositions"]  # of questions


@dataclass(frozen=True)
class Settings:
    """The parts of an evaluation, and their numbers of prompts and drawings."""

    model: str
    data: Path  # the folder that `make data` fills
    out: Path
    device: str | None = None
    held_out: Path = HELD_OUT
    seed: int = 0
    names: int = 400
    varied: int = 60  # of the names: all their candidates are compared
    most: int | None = None  # everyday words, compositions, held-out drawings each; None for all
    page: bool = True
    card: bool = False


@dataclass(frozen=True)
class Art:
    """The real drawings, and the judges that compare stickers with them."""

    glyphs: Sequence[Glyph]
    pictures: np.ndarray  # (N, CONTOUR_SIZE, CONTOUR_SIZE, 3) uint8, of the glyphs, on white
    judge: Judge
    colour_blind: Judge  # for compositions, whose colour is judged separately


def evaluate(settings: Settings, command: str) -> list[Figure]:
    """Measure, print the table, and write evaluation.json and pages into the folder `out`.

    The report names `command`, by which it can be repeated.
    Raises BundleError for a bundle that cannot be used or whose card cannot be rewritten, OSError
    where files are missing or cannot be written.
    """
    pipeline = Pipeline.load(settings.model, settings.device)
    card = pipeline.bundle.path / "README.md"
    if settings.card:
        check_card(card)
    settings.out.mkdir(parents=True, exist_ok=True)
    glyphs = load_glyphs(settings.data / "node_modules")
    asked = _questions(settings, {glyph.hexcode for glyph in glyphs})
    cost = metrics.cost_figures(pipeline, settings.seed)  # before anything big
    art = _art(glyphs, settings.data)
    answers = _answers(pipeline, art, asked, settings.seed)
    alone = answer_all(
        _weights_alone(pipeline), art.colour_blind, asked["compositions"], settings.seed, "alone"
    )
    figures = [
        *_recall_figures(answers),
        *recall_figures("alone", "of them by the weights alone", alone, {}),
        *_drawing_figures(pipeline, art, answers["names"], settings),
        *cost,
    ]
    _write_pages(settings, pipeline, art, answers)
    _write_report(settings, command, pipeline, figures, answers)
    print(table(figures))
    if settings.card:
        how = f"`{command}`, on {_machine(pipeline)}; best of {BEST_OF} by the model's perplexity."
        write_section(card, f"{how}\n\n{markdown(figures)}")
    return figures


def _questions(settings: Settings, gallery: set[str]) -> dict[Kind, list[Question]]:
    """The questions of each kind; `gallery` has the hexcodes that there are drawings of."""
    meanings = load_meanings(settings.data / "node_modules")
    kinds: dict[Kind, tuple[list[Question], int | None]] = {
        "names": (questions.names(meanings), settings.names),
        "everyday": (questions.everyday(meanings), settings.most),
        "compositions": (
            questions.held_out_compositions(meanings, settings.held_out),
            settings.most,
        ),
    }
    return {
        kind: questions.sample(questions.answerable(possible, gallery), count, settings.seed)
        for kind, (possible, count) in kinds.items()
    }


def _art(glyphs: Sequence[Glyph], cache: Path) -> Art:
    pictures = on_white(np.asarray(rendered(list(glyphs), CONTOUR_SIZE, cache)))
    hexcodes = [glyph.hexcode for glyph in glyphs]
    judge, colour_blind = Judge(pictures, hexcodes), Judge(pictures, hexcodes, colour=False)
    return Art(glyphs, pictures, judge, colour_blind)


def _answers(
    pipeline: Pipeline, art: Art, asked: Mapping[Kind, list[Question]], seed: int
) -> dict[Kind, list[Answer]]:
    judges = {"names": art.judge, "everyday": art.judge, "compositions": art.colour_blind}
    return {kind: answer_all(pipeline, judges[kind], asked[kind], seed, kind) for kind in asked}


def _weights_alone(pipeline: Pipeline) -> Pipeline:
    """The same models, which draw every prompt as it is and give no picture a colour."""
    alone = copy(pipeline)
    alone.bundle = replace(pipeline.bundle, vocabulary=None)
    return alone


def _recall_figures(answers: Mapping[Kind, Sequence[Answer]]) -> list[Figure]:
    return [
        *recall_figures("names", "names", answers["names"], {TOP: 0.95}),
        *recall_figures("everyday", "everyday words", answers["everyday"], {TOP: 0.9}),
        *recall_figures("compositions", "held-out compositions", answers["compositions"], {1: 0.6}),
    ]


def _drawing_figures(
    pipeline: Pipeline, art: Art, answers: Sequence[Answer], settings: Settings
) -> list[Figure]:
    """Figures that need drawings which up-scaler and U-Net have not seen; none without such.

    They measure the judge, the stickers for names, and the stages.
    """
    numbers = _held_out_numbers(art.glyphs, settings)
    if not numbers:
        return []
    bar = tqdm(numbers, desc="held-out drawings")
    reconstructions = [metrics.reconstruct(pipeline, art.glyphs[i]) for i in bar]
    varied = enumerate(tqdm(answers[: settings.varied], desc="variety"))
    requests = [
        generate_best(pipeline, answer.question.prompt, settings.seed, number, count=BEST_OF)
        for number, answer in varied
    ]
    shrunk = np.array([on_white(shrink(each.sticker)) for each in reconstructions])
    distances = art.judge.distances(shrunk)
    styles, originals = np.array([glyph.style for glyph in art.glyphs]), art.pictures[numbers]
    return [
        *metrics.ceiling_figures(art.judge, distances, numbers, styles),
        *metrics.crisp_figures([drawings[0].image for drawings in requests], art.glyphs),
        *metrics.variety_figures(requests, originals),
        *metrics.copy_figures(answers, art.judge, distances, numbers, originals),
        *metrics.stage_figures(reconstructions),
    ]


def _held_out_numbers(glyphs: Sequence[Glyph], settings: Settings) -> list[int]:
    """The numbers of the glyphs that are held out, at most `settings.most`, in order."""
    numbers = [i for i, glyph in enumerate(glyphs) if held_out_glyph(glyph.hexcode)]
    order = np.random.default_rng(settings.seed).permutation(len(numbers))
    return sorted(numbers[i] for i in order[: settings.most])


def _write_pages(
    settings: Settings,
    pipeline: Pipeline,
    art: Art,
    answers: Mapping[Kind, Sequence[Answer]],
) -> None:
    out, seed = settings.out, settings.seed
    for kind, of_kind in answers.items():
        pages.answers_page(of_kind).save(out / f"{kind}.png")
    if settings.page:
        for prompts in (pages.PROMPTS, pages.COMPOSITIONS):
            pages.prompts_page(pipeline, prompts, seed).save(out / f"page-{prompts.stem}.png")
        pages.comparison_page(pipeline, art.glyphs, seed).save(out / "page-comparison.png")


def _write_report(
    settings: Settings,
    command: str,
    pipeline: Pipeline,
    figures: Sequence[Figure],
    answers: Mapping[Kind, Sequence[Answer]],
) -> None:
    report = {
        "model": pipeline.bundle.name,
        "command": command,
        "seed": settings.seed,
        "best_of": BEST_OF,
        "machine": _machine(pipeline),
        "versions": _versions(),
        "figures": [figure.to_json() for figure in figures],
        "answers": {kind: [a.to_json() for a in of_kind] for kind, of_kind in answers.items()},
    }
    text = json.dumps(report, ensure_ascii=False, indent=1)
    (settings.out / "evaluation.json").write_text(text + "\n", "utf-8")


def _machine(pipeline: Pipeline) -> str:
    if pipeline.device.type == "cuda":
        return torch.cuda.get_device_name(pipeline.device)
    threads = torch.get_num_threads()
    return f"{threads} of {os.cpu_count()} CPU cores ({platform.machine()})"


def _versions() -> dict[str, str]:
    packages = ("emojich", "torch", "numpy", "pillow", "scikit-image")
    versions = {name: version(name) for name in packages}
    return {"python": platform.python_version(), "opencv": cv2.__version__, **versions}
