"""How far to trust the judge, how much candidates differ, how many drawings are copies."""

import itertools
from collections.abc import Sequence

import numpy as np
from tqdm import tqdm

from emojich_core.pipeline import Pipeline
from emojich_core.training.data.art import on_white
from emojich_core.training.evaluation.answers import AMONG, BEST_OF, Answer, draw, share, small
from emojich_core.training.evaluation.figures import Figure
from emojich_core.training.evaluation.judge import Judge, apart, features

COPY = 0.95  # a copy is as near to a drawing as this share of reconstructions are to theirs


def ceiling_figures(
    judge: Judge, distances: np.ndarray, numbers: Sequence[int], styles: np.ndarray
) -> list[Figure]:
    """How often the judge is right about the gallery's drawings `numbers` after all stages.

    `distances` (M, N) of what became of them, `styles` (N,) of the gallery.  What it finds without
    a drawing's own style tells how it does with pictures that are no copies.  No figures of none.
    """
    if not numbers:
        return []
    wanted = [judge.hexcodes[i] for i in numbers]
    others = np.where(styles[list(numbers)][:, None] == styles, np.inf, distances)
    figures = []
    for key, title, seen in (
        ("judge_self", "the judge on reconstructions", distances),
        ("judge_other", "… by another style's drawings", others),
    ):
        ranked = judge.ranked(seen, AMONG)
        for among in (1, AMONG):
            right = [code in row[:among] for code, row in zip(wanted, ranked, strict=True)]
            figures.append(Figure(f"{key}_{among}", f"{title}, recall@{among}", share(right)))
    return figures


def copy_figures(
    answers: Sequence[Answer],
    judge: Judge,
    distances: np.ndarray,
    numbers: Sequence[int],
    originals: np.ndarray,
) -> list[Figure]:
    """How many drawings are as near to a real one as COPY of the reconstructions to theirs.

    `distances` as above; `originals` (M, H, W, 3) uint8, the real drawings `numbers`.  No figures
    where there are no answers or no drawings.
    """
    if not answers or not numbers:
        return []
    threshold = float(np.quantile(distances[np.arange(len(numbers)), list(numbers)], COPY))
    copies = share(answer.distance <= threshold for answer in answers)
    # Some emoji are drawn nearly alike: what of real drawings would count as another's copy.
    same = np.array([[judge.hexcodes[i] == code for code in judge.hexcodes] for i in numbers])
    nearest = np.where(same, np.inf, judge.distances(originals)).min(axis=1)
    return [
        Figure("near_copies", f"near-copies of a drawing (within {threshold:.3f})", copies),
        Figure("near_emoji", "… of real drawings, of another emoji's", share(nearest <= threshold)),
    ]


def variety_figures(
    pipeline: Pipeline, answers: Sequence[Answer], seed: int, originals: np.ndarray
) -> list[Figure]:
    """How far the candidates of a prompt are apart, against what (M, H, W, 3) real drawings are.

    No figure where there are no answers, or fewer than two drawings.
    """
    if not answers or len(originals) < 2:
        return []
    means = []
    for number, answer in enumerate(tqdm(answers, desc="variety")):
        drawings = draw(pipeline, answer.question.prompt, seed, number, count=BEST_OF)
        means.append(mean_distance(np.array([on_white(small(d.image)) for d in drawings])))
    relative = float(np.mean(means)) / max(mean_distance(originals), 1e-9)
    return [Figure("variety", "distance between candidates, against that of emoji", relative)]


def mean_distance(pictures: np.ndarray) -> float:
    """The mean distance between any two of (M, H, W, 3) uint8."""
    seen = features(pictures)
    distances = apart(seen, seen)
    pairs = list(itertools.combinations(range(len(pictures)), 2))
    return float(np.mean([distances[pair] for pair in pairs])) if pairs else 0.0
