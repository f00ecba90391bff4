"""Ask a model, let a judge look at what it draws, and count what is right."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from PIL import Image
from tqdm import tqdm

from emojich_core.pipeline import Drawing, Pipeline
from emojich_core.request import MAX_SEED, InvalidRequest
from emojich_core.training.data.art import on_white
from emojich_core.training.evaluation.colour_judge import colour_of
from emojich_core.training.evaluation.figures import Figure
from emojich_core.training.evaluation.judge import Judge
from emojich_core.training.evaluation.questions import Question

BEST_OF = 4
AMONG = 5  # recall@5
KEPT = 192  # side of the stickers that are judged and shown on pages, in pixels


@dataclass(frozen=True)
class Answer:
    """What was drawn for a question, and what the judge takes it for."""

    question: Question
    seed: int
    perplexity: float
    picture: np.ndarray  # (KEPT, KEPT, 4) uint8
    found: list[str]  # AMONG hexcodes, the nearest first
    distance: float  # to the nearest drawing
    colour: str | None

    def right(self, among: int = AMONG) -> bool:
        """Whether a right emoji is among the nearest, in the right colour if one was asked for."""
        return self.right_colour and self.right_thing(among)

    def right_thing(self, among: int = AMONG) -> bool:
        """Whether a right emoji is among the nearest."""
        return not self.question.right.isdisjoint(self.found[:among])

    @property
    def right_colour(self) -> bool:
        """Whether the colour is the one asked for, if any."""
        return self.question.colour in (None, self.colour)

    def to_json(self) -> dict[str, Any]:
        """Enough to look into it, and to draw it again."""
        return {
            "prompt": self.question.prompt,
            "seed": self.seed,
            "perplexity": self.perplexity,
            "wanted": sorted(self.question.right),
            "found": self.found,
            "distance": round(self.distance, 4),
            "wanted_colour": self.question.colour,
            "colour": self.colour,
            "right": self.right(),
        }


def draw(pipeline: Pipeline, prompt: str, seed: int, number: int, count: int = 1) -> list[Drawing]:
    """The `count` best of BEST_OF by perplexity.  No two numbers share a generator's seed."""
    first = (seed + number * BEST_OF) % (MAX_SEED + 1)
    return pipeline.generate(prompt, count, first, best_of=BEST_OF)


def small(sticker: Image.Image) -> np.ndarray:
    """A sticker of any size as (KEPT, KEPT, 4) uint8."""
    return np.asarray(sticker.resize((KEPT, KEPT), Image.Resampling.LANCZOS))


def ask(
    pipeline: Pipeline, judge: Judge, questions: Sequence[Question], seed: int, title: str
) -> list[Answer]:
    """The model's best sticker for each question."""
    answers = []
    for number, question in enumerate(tqdm(questions, desc=title)):
        try:
            [drawing] = draw(pipeline, question.prompt, seed, number)
        except InvalidRequest:  # the bundle knows no word of it: that is no right answer
            blank = np.zeros((KEPT, KEPT, 4), np.uint8)
            answers.append(Answer(question, seed, 0.0, blank, [], 0.0, None))
            continue
        picture = small(drawing.image)
        distances = judge.distances(on_white(picture)[None])
        [found] = judge.ranked(distances, AMONG)
        answers.append(
            Answer(
                question,
                drawing.candidate.seed,
                drawing.candidate.perplexity,
                picture,
                found,
                float(distances.min()),
                colour_of(picture),
            )
        )
    return answers


def recall_figures(
    key: str,
    title: str,
    answers: Sequence[Answer],
    floors: dict[int, float],
) -> list[Figure]:
    """Recall@1 and @AMONG, and what they should reach; nothing if nothing could be asked."""
    if not answers:
        return []
    figures = [
        Figure(
            f"{key}_recall_{among}",
            f"recall@{among}, {len(answers)} {title}",
            share(answer.right(among) for answer in answers),
            at_least=floors.get(among),
        )
        for among in (1, AMONG)
    ]
    if any(answer.question.colour for answer in answers):
        colour = share(answer.right_colour for answer in answers)
        thing = share(answer.right_thing() for answer in answers)
        figures.append(Figure(f"{key}_colour", "… the colour alone", colour))
        figures.append(Figure(f"{key}_thing_{AMONG}", f"… the thing alone, @{AMONG}", thing))
    return figures


def share(flags: Iterable[bool]) -> float:
    """How many of the flags are set, 0…1."""
    return float(np.mean(list(flags)))
