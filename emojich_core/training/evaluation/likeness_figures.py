"""How far to trust the judge, how much candidates differ, how many drawings are copies."""

import itertools
from collections.abc import Sequence

import numpy as np
from PIL import Image

from emojich_core.pipeline import Drawing
from emojich_core.training.data.art import on_white
from emojich_core.training.evaluation.answers import AMONG, Answer, share, small
from emojich_core.training.evaluation.figures import Figure
from emojich_core.training.evaluation.judge import Judge, apart, features

THUMBNAIL = 64  # side in pixels, for telling whether candidates look alike
ALIKE = 0.08  # root mean squared difference of two thumbnails, below which nobody sees it
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


def variety_figures(requests: Sequence[Sequence[Drawing]], originals: np.ndarray) -> list[Figure]:
    """How much the candidates of a request differ.

    `originals` (M, H, W, 3) uint8, real drawings, whose distance the candidates' is compared with.
    No figures where there are no requests, or fewer than two drawings.
    """
    if not requests or len(originals) < 2:
        return []
    files = [[drawing.sticker for drawing in request] for request in requests]
    alike = [
        np.sqrt(((one - other) ** 2).mean()) < ALIKE
        for request in requests
        for one, other in itertools.combinations([_thumbnail(d.image) for d in request], 2)
    ]
    means = [
        mean_distance(np.array([on_white(small(drawing.image)) for drawing in request]))
        for request in requests
    ]
    relative = float(np.mean(means)) / max(mean_distance(originals), 1e-9)
    same = share(len(set(each)) < len(each) for each in files)
    return [
        Figure("same_files", "requests of four with the same file twice", same, at_most=0.0),
        Figure("alike", "pairs of candidates that look alike", share(alike), at_most=0.15),
        Figure("variety", "distance between candidates, against that of emoji", relative),
    ]


def _thumbnail(sticker: Image.Image) -> np.ndarray:
    """(THUMBNAIL, THUMBNAIL, 3) in [0, 1], on white."""
    rgb = Image.fromarray(on_white(np.asarray(sticker.convert("RGBA"))))
    side = (THUMBNAIL, THUMBNAIL)
    return np.asarray(rgb.resize(side, Image.Resampling.BOX), np.float32) / 255


def mean_distance(pictures: np.ndarray) -> float:
    """The mean distance between any two of (M, H, W, 3) uint8."""
    seen = features(pictures)
    distances = apart(seen, seen)
    pairs = list(itertools.combinations(range(len(pictures)), 2))
    return float(np.mean([distances[pair] for pair in pairs])) if pairs else 0.0
