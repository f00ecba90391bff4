"""Measure a bundle: does it draw what was asked, how well does it cut out and sharpen, how fast.

Everything is drawn as the bot draws it, the best of four by the model's own perplexity.  What a
drawing shows is told by the nearest real drawing; see `judge`.
"""

import json
import os
import platform
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

import cv2
import numpy as np
import torch
from PIL import Image
from tqdm import tqdm

from emojich_core.bundles import BundleError
from emojich_core.pipeline import Pipeline
from emojich_core.training.data.art import load_glyphs, load_meanings, on_white, rendered
from emojich_core.training.data.held_out import FILE as HELD_OUT
from emojich_core.training.data.held_out_glyphs import held_out_glyph
from emojich_core.training.evaluation import questions
from emojich_core.training.evaluation.answers import (
    AMONG,
    BEST_OF,
    Answer,
    ask,
    draw,
    recall_figures,
    small,
)
from emojich_core.training.evaluation.cost_figures import cost_figures
from emojich_core.training.evaluation.figures import (
    Figure,
    has_section,
    markdown,
    table,
    write_section,
)
from emojich_core.training.evaluation.judge import CONTOUR_SIZE, Judge
from emojich_core.training.evaluation.likeness_figures import (
    ceiling_figures,
    copy_figures,
    variety_figures,
)
from emojich_core.training.evaluation.page import chat_page
from emojich_core.training.evaluation.stage_figures import pass_through, stage_figures

PROMPTS = Path(__file__).with_name("prompts.txt")
SHOWN = 64  # stickers of a page


@dataclass(frozen=True)
class Settings:
    """What to measure, and on how much."""

    model: str
    data: Path  # the folder that `make data` fills
    out: Path
    device: str | None = None
    held_out: Path = HELD_OUT
    seed: int = 0
    names: int = 400
    varied: int = 60  # of the names: all their candidates are compared
    most: int | None = None  # keywords, compositions, held-out drawings each; None for all
    page: bool = True
    card: bool = False


def evaluate(settings: Settings, command: str) -> list[Figure]:
    """Measure, print the table, and write evaluation.json and pages into the folder `out`.

    `command` is what the report says made it.
    """
    pipeline = Pipeline.load(settings.model, settings.device)
    card = pipeline.bundle.path / "README.md"
    if settings.card and not has_section(card):
        raise BundleError(f"{card} has no section <!-- figures --> … <!-- /figures --> to rewrite.")
    settings.out.mkdir(parents=True, exist_ok=True)
    modules = settings.data / "node_modules"
    glyphs = load_glyphs(modules)
    hexcodes = [glyph.hexcode for glyph in glyphs]
    asked = _questions(settings, modules, set(hexcodes))
    cost = cost_figures(pipeline, settings.seed)

    gallery = on_white(np.asarray(rendered(glyphs, CONTOUR_SIZE, settings.data)))
    judge, colour_blind = Judge(gallery, hexcodes), Judge(gallery, hexcodes, colour=False)

    answers = {}
    for kind, chosen in asked.items():
        looking = colour_blind if kind == "compositions" else judge
        answers[kind] = ask(pipeline, looking, chosen, settings.seed, kind)
    named, meant, composed = answers.values()

    kept_back = [i for i, hexcode in enumerate(hexcodes) if held_out_glyph(hexcode)]
    kept_back = sorted(_some(kept_back, settings))
    bar = tqdm(kept_back, desc="held-out drawings")
    passages = [pass_through(pipeline, glyphs[i]) for i in bar]
    distances = judge.distances(np.array([on_white(small(p.sticker)) for p in passages]))
    styles, originals = np.array([glyph.style for glyph in glyphs]), gallery[kept_back]
    figures = [
        *recall_figures("names", "names", named, {1: 0.9, AMONG: 0.95}),
        *recall_figures("keywords", "held-out keywords", meant, {AMONG: 0.55}),
        *recall_figures("compositions", "held-out compositions", composed, {AMONG: 0.5}),
        *ceiling_figures(judge, distances, kept_back, styles),
        *variety_figures(pipeline, named[: settings.varied], settings.seed, originals),
        *copy_figures(named, judge, distances, kept_back, originals),
        *stage_figures(passages),
        *cost,
    ]

    for key, drawn in answers.items():
        answers_page(drawn).save(settings.out / f"{key}.png")
    if settings.page:
        prompts_page(pipeline, settings.seed).save(settings.out / "page.png")
    _write_report(settings, command, pipeline, figures, answers)
    print(table(figures))
    if settings.card:
        how = f"`{command}`, on {_machine(pipeline)}; best of {BEST_OF} by the model's perplexity."
        write_section(card, f"{how}\n\n{markdown(figures)}")
    return figures


def answers_page(answers: Sequence[Answer]) -> Image.Image:
    """The first answers with their prompts, right ones on green and wrong ones on red."""
    shown = answers[:SHOWN]
    return chat_page(
        [Image.fromarray(answer.picture) for answer in shown],
        [answer.question.prompt for answer in shown],
        [answer.right() for answer in shown],
    )


def prompts_page(pipeline: Pipeline, seed: int) -> Image.Image:
    """The best sticker for each of PROMPTS."""
    lines = PROMPTS.read_text("utf-8").splitlines()
    bar = enumerate(tqdm(lines, desc="page"))
    return chat_page([draw(pipeline, line, seed, i)[0].image for i, line in bar], lines)


def _questions(
    settings: Settings, modules: Path, gallery: set[str]
) -> dict[str, list[questions.Question]]:
    """What is asked, by kind."""
    meanings, held_out = load_meanings(modules), settings.held_out
    kinds = {
        "names": (questions.names(meanings), settings.names),
        "keywords": (questions.held_out_keywords(meanings, held_out), settings.most),
        "compositions": (questions.held_out_compositions(meanings, held_out), settings.most),
    }
    return {
        key: questions.sample(questions.answerable(possible, gallery), count, settings.seed)
        for key, (possible, count) in kinds.items()
    }


def _some(numbers: list[int], settings: Settings) -> list[int]:
    order = np.random.default_rng(settings.seed).permutation(len(numbers))
    return [numbers[i] for i in order[: settings.most]]


def _write_report(
    settings: Settings,
    command: str,
    pipeline: Pipeline,
    figures: Sequence[Figure],
    answers: dict[str, list[Answer]],
) -> None:
    report = {
        "model": pipeline.bundle.name,
        "command": command,
        "seed": settings.seed,
        "best_of": BEST_OF,
        "machine": _machine(pipeline),
        "versions": _versions(),
        "figures": [figure.to_json() for figure in figures],
        "answers": {key: [answer.to_json() for answer in drawn] for key, drawn in answers.items()},
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
