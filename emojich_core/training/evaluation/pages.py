"""Pages of a bundle's stickers, for people to look at."""

from collections.abc import Sequence
from pathlib import Path

from PIL import Image
from tqdm import tqdm

from emojich_core.pipeline import Pipeline
from emojich_core.sticker import SIZE
from emojich_core.training.data.art import Glyph, render
from emojich_core.training.evaluation.questions import Answer, generate_best
from emojich_core.training.evaluation.report import background, chat_page
from emojich_core.training.presets import STYLES

PROMPTS = Path(__file__).with_name("prompts.txt")
COMPOSITIONS = Path(__file__).with_name("compositions.txt")
ANSWERS = 64  # of a page
MAIN_STYLE = next(iter(STYLES))
# Stickers at full size beside the drawings that the transformer has learned.
COMPARED = {
    "😺": "кот",
    "🐼": "панда",
    "🦊": "лиса",
    "🐧": "пингвин",
    "🍓": "клубника",
    "🍔": "бургер",
    "🌹": "роза",
    "🚀": "ракета",
    "🎸": "гитара",
    "🤖": "робот",
    "👻": "привидение",
    "😂": "смех до слез",
}
COMPARED_COLUMNS = 3  # each a drawing and a sticker


def answers_page(answers: Sequence[Answer]) -> Image.Image:
    """The first answers with their prompts, right ones on green and wrong ones on red."""
    shown = answers[:ANSWERS]
    return chat_page(
        [Image.fromarray(answer.picture) for answer in shown],
        [answer.question.prompt for answer in shown],
        [answer.right() for answer in shown],
    )


def prompts_page(pipeline: Pipeline, prompts: Path, seed: int) -> Image.Image:
    """The best sticker for each line of the file `prompts`."""
    lines = prompts.read_text("utf-8").splitlines()
    bar = enumerate(tqdm(lines, desc=prompts.stem))
    return chat_page([generate_best(pipeline, line, seed, i)[0].image for i, line in bar], lines)


def comparison_page(pipeline: Pipeline, glyphs: Sequence[Glyph], seed: int) -> Image.Image:
    """The best sticker for each prompt of COMPARED, 512 px wide, right of its glyph.

    Emoji that have no glyph in the main style are left out.
    """
    drawings = {glyph.emoji: glyph for glyph in glyphs if glyph.style == MAIN_STYLE}
    shown = [emoji for emoji in COMPARED if emoji in drawings]
    rows = -(-len(shown) // COMPARED_COLUMNS)
    page = background(2 * COMPARED_COLUMNS * SIZE, rows * SIZE)
    for number, emoji in enumerate(tqdm(shown, desc="comparison")):
        left, top = number % COMPARED_COLUMNS * 2 * SIZE, number // COMPARED_COLUMNS * SIZE
        page.alpha_composite(Image.fromarray(render(drawings[emoji], SIZE)), (left, top))
        sticker = generate_best(pipeline, COMPARED[emoji], seed, number)[0].image
        page.alpha_composite(sticker, (left + SIZE, top))
    return page.convert("RGB")
