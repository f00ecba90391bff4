"""Questions of an evaluation: prompts, the emoji that are right, and the bundle's answers."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image
from tqdm import tqdm

from emojich_core.pipeline import Drawing, Pipeline
from emojich_core.request import MAX_SEED, InvalidRequest, clean_prompt
from emojich_core.training.data.art import Meaning, on_white
from emojich_core.training.data.held_out import read
from emojich_core.training.data.things import bare, hexcode_of
from emojich_core.training.evaluation.judge import Judge, colour_of

EVERYDAY = Path(__file__).with_name("everyday.tsv")
BEST_OF = 4
TOP = 5  # of recall@5
JUDGED_SIZE = 192  # side in pixels of the stickers that the judge and pages show


@dataclass(frozen=True)
class Question:
    """A prompt, and all emoji that would be right for it."""

    prompt: str
    right: frozenset[str]  # hexcodes
    colour: str | None = None  # of the thing, if the prompt names one


def names(meanings: Mapping[str, Meaning]) -> list[Question]:
    """The names of emoji, in alphabetical order; emoji that share a name are all right."""
    called = defaultdict(set)
    for hexcode, meaning in meanings.items():
        called[meaning.label].add(hexcode)
    return [Question(label, frozenset(called[label])) for label in sorted(called)]


def everyday(meanings: Mapping[str, Meaning]) -> list[Question]:
    """Prompts in words that the lexicon lacks, and the emoji that are right for them."""
    known = {bare(hexcode): hexcode for hexcode in meanings}
    rows = [line.split("\t") for line in EVERYDAY.read_text("utf-8").splitlines()]
    return [
        Question(prompt, frozenset(known[h] for h in map(hexcode_of, right.split()) if h in known))
        for prompt, right in rows
    ]


def held_out_compositions(meanings: Mapping[str, Meaning], held_out: Path) -> list[Question]:
    """Prompts for coloured things that the training set neither says nor shows.

    Every emoji that has the noun as its name or a keyword is right: a person takes a blue cat's
    face for a blue cat, too.
    """
    called = defaultdict(set)
    for hexcode, meaning in meanings.items():
        for word in (meaning.label, *meaning.keywords):
            called[word].add(hexcode)
    return [
        Question(
            composition.caption,
            frozenset({composition.hexcode, *called[composition.caption.partition(" ")[2]]}),
            composition.colour,
        )
        for composition in read(held_out)
    ]


def answerable(questions: list[Question], gallery: set[str]) -> list[Question]:
    """The questions that the bot accepts as prompts and that the judge has a right drawing for."""
    return [q for q in questions if q.right & gallery and _is_prompt(q.prompt)]


def sample(questions: list[Question], count: int | None, seed: int) -> list[Question]:
    """At most `count` of the questions, all if None, in an order that follows from the seed."""
    chosen = np.random.default_rng(seed).permutation(len(questions))[:count]
    return [questions[i] for i in chosen]


@dataclass(frozen=True)
class Answer:
    """The sticker for a question, and the emoji that the judge takes it for."""

    question: Question
    seed: int
    perplexity: float
    picture: np.ndarray  # (JUDGED_SIZE, JUDGED_SIZE, 4) uint8
    found: list[str]  # the TOP nearest hexcodes, the nearest first
    distance: float  # to the nearest drawing
    colour: str | None

    def right(self, top: int = TOP) -> bool:
        """Whether a right emoji is among the `top` nearest, and the colour is the one asked for."""
        return self.right_colour and self.right_thing(top)

    def right_thing(self, top: int = TOP) -> bool:
        """Whether a right emoji is among the `top` nearest."""
        return not self.question.right.isdisjoint(self.found[:top])

    @property
    def right_colour(self) -> bool:
        """Whether the colour is the one asked for; true where the question names none."""
        return self.question.colour in (None, self.colour)

    def to_json(self) -> dict[str, Any]:
        """The answer in the report; with the seed, the sticker can be generated again."""
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


def generate_best(
    pipeline: Pipeline, prompt: str, seed: int, number: int, count: int = 1
) -> list[Drawing]:
    """The `count` best of BEST_OF candidates by perplexity.

    `number` of the request within the evaluation: no two requests share a candidate's seed.
    """
    first = (seed + number * BEST_OF) % (MAX_SEED + 1)
    return pipeline.generate(prompt, count, first, best_of=BEST_OF)


def shrink(sticker: Image.Image) -> np.ndarray:
    """An RGBA sticker of any size → (JUDGED_SIZE, JUDGED_SIZE, 4) uint8."""
    return np.asarray(sticker.resize((JUDGED_SIZE, JUDGED_SIZE), Image.Resampling.LANCZOS))


def answer_all(
    pipeline: Pipeline, judge: Judge, questions: Sequence[Question], seed: int, title: str
) -> list[Answer]:
    """The bundle's best sticker for each question; `title` of the progress bar."""
    answers = []
    for number, question in enumerate(tqdm(questions, desc=title)):
        try:
            [drawing] = generate_best(pipeline, question.prompt, seed, number)
        except InvalidRequest:  # the bundle knows no word of the prompt: a wrong answer
            blank = np.zeros((JUDGED_SIZE, JUDGED_SIZE, 4), np.uint8)
            answers.append(Answer(question, seed, 0.0, blank, [], 0.0, None))
            continue
        picture = shrink(drawing.image)
        distances = judge.distances(on_white(picture)[None])
        [found] = judge.ranked(distances, TOP)
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


def _is_prompt(text: str) -> bool:
    """Whether the bot takes a text as it is: English words would become Russian ones."""
    try:
        return clean_prompt(text) == text
    except InvalidRequest:
        return False
