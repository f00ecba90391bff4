"""The judges on plain shapes, the figures' arithmetic, pages, and a whole evaluation end to end."""

import json
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from PIL import Image

from emojich_core.errors import BundleError
from emojich_core.model_options import SHIPPED
from emojich_core.pipeline import Drawing, Pipeline
from emojich_core.reading.lexicon import lexicon
from emojich_core.reading.words import plain
from emojich_core.request import Candidate, clean_prompt
from emojich_core.sticker import SIZE
from emojich_core.training.data.art import Glyph, Meaning, load_glyphs, on_white, render
from emojich_core.training.data.held_out import SHARE, held_out_glyph
from emojich_core.training.data.things import hexcode_of
from emojich_core.training.evaluation import metrics, pages, questions
from emojich_core.training.evaluation.__main__ import main
from emojich_core.training.evaluation.judge import COLOUR_EXAMPLES, Judge, colour_of
from emojich_core.training.evaluation.metrics import (
    ceiling_figures,
    copy_figures,
    crisp_figures,
    detail,
    iou,
    mean_distance,
    recall_figures,
    stage_figures,
    variety_figures,
)
from emojich_core.training.evaluation.questions import Answer, Question, answer_all, generate_best
from emojich_core.training.evaluation.report import (
    Figure,
    background,
    chat_page,
    check_card,
    markdown,
    table,
    write_section,
)
from tests.emojich_core.training.art import write_art, write_held_out


@pytest.fixture(scope="module")
def art(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("art")
    write_art(folder)
    return folder


@pytest.fixture(scope="module")
def glyphs(art: Path) -> list[Glyph]:
    return load_glyphs(art / "node_modules")


@pytest.fixture(scope="module")
def pictures(glyphs: list[Glyph]) -> np.ndarray:
    return np.stack([on_white(render(glyph, 96)) for glyph in glyphs])


@pytest.fixture(scope="module")
def judge(glyphs: list[Glyph], pictures: np.ndarray) -> Judge:
    return Judge(pictures, [glyph.hexcode for glyph in glyphs])


@pytest.mark.parametrize(
    "change",
    [
        lambda picture: picture,
        lambda picture: picture[:, ::-1],
        lambda picture: cv2.GaussianBlur(picture, (0, 0), 3),
        lambda picture: cv2.resize(picture, (200, 200)),
        lambda picture: np.roll(picture, 2, axis=1),
    ],
    ids=["same", "mirrored", "blurred", "larger", "moved"],
)
def test_the_judge_finds_a_drawing_again(
    judge: Judge, pictures: np.ndarray, change: Callable[[np.ndarray], np.ndarray]
) -> None:
    changed = np.stack([change(picture) for picture in pictures])
    assert [found for [found] in judge.nearest(changed, 1)] == judge.hexcodes


def test_nearest_pictures_are_different_emoji_by_distance(
    judge: Judge, pictures: np.ndarray
) -> None:
    [found] = judge.nearest(pictures[:1], 5)
    assert len(set(found)) == 5
    distances = judge.distances(pictures[:1])[0]
    assert distances[0] == pytest.approx(0, abs=1e-3)
    assert distances[[i for i, h in enumerate(judge.hexcodes) if h != found[0]]].min() > 0.05


def test_the_judge_finds_another_style_by_the_same_emoji(
    judge: Judge, pictures: np.ndarray, glyphs: list[Glyph]
) -> None:
    styles = np.array([glyph.style for glyph in glyphs])
    others = np.where(styles[:, None] == styles, np.inf, judge.distances(pictures))
    assert [found[0] for found in judge.ranked(others, 5)] == judge.hexcodes


def test_judge_without_colour_finds_a_picture_in_any_colour(
    glyphs: list[Glyph], pictures: np.ndarray
) -> None:
    square = next(i for i, glyph in enumerate(glyphs) if glyph.hexcode == "1F7E9")
    blue = pictures[square][..., [0, 2, 1]]  # the green square in another colour
    hexcodes = [glyph.hexcode for glyph in glyphs]
    blind = Judge(pictures, hexcodes, colour=False)
    assert blind.nearest(blue[None], 1) == [["1F7E9"]]
    assert blind.distances(blue[None]).min() < Judge(pictures, hexcodes).distances(blue[None]).min()


def disc(colour: tuple[int, int, int], outline: int = 0) -> np.ndarray:
    """A disc (96, 96, 4) with a black outline so wide, an eye and gloss."""
    rgba = np.zeros((96, 96, 4), np.uint8)
    cv2.circle(rgba, (48, 48), 40, (*colour, 255), -1)
    if outline:
        cv2.circle(rgba, (48, 48), 40, (10, 10, 10, 255), outline)
        cv2.circle(rgba, (35, 40), 6, (10, 10, 10, 255), -1)
        cv2.circle(rgba, (60, 30), 12, (255, 255, 255, 255), -1)
    return rgba


@pytest.mark.parametrize("name", COLOUR_EXAMPLES)
def test_colour_of_a_disc_is_recognized(name: str) -> None:
    assert colour_of(disc(COLOUR_EXAMPLES[name])) == name
    darker = tuple(round(0.9 * channel) for channel in COLOUR_EXAMPLES[name])
    if name not in ("белый", "голубой"):
        assert colour_of(disc((darker[0], darker[1], darker[2]), outline=8)) == name


def test_empty_picture_has_no_colour() -> None:
    assert colour_of(np.zeros((96, 96, 4), np.uint8)) is None


MEANINGS = {
    "A": Meaning("кот", ("зверь", "усы")),
    "B": Meaning("кот", ("морда",)),
    "C": Meaning("собака", ("зверь", "кот")),
    "D": Meaning("dog", ()),
}


def test_emoji_that_share_a_word_are_all_correct_answers(tmp_path: Path) -> None:
    named = {q.prompt: q.right for q in questions.names(MEANINGS)}
    assert named == {"кот": {"A", "B"}, "собака": {"C"}, "dog": {"D"}}
    rows = [{"colour": "синий", "hexcode": "B", "caption": "синий кот"}]
    held_out = tmp_path / "held_out.json"
    held_out.write_text(json.dumps({"compositions": rows}))
    [composition] = questions.held_out_compositions(MEANINGS, held_out)
    assert composition == Question("синий кот", frozenset("ABC"), "синий")


def test_questions_have_a_possible_answer() -> None:
    possible = questions.answerable(questions.names(MEANINGS), {"B", "D"})
    assert [q.prompt for q in possible] == ["кот"]  # no drawing of a dog; "dog" is not Russian


def test_the_sample_follows_from_the_seed() -> None:
    many = [Question(str(i), frozenset()) for i in range(100)]
    first = questions.sample(many, 10, seed=1)
    assert questions.sample(many, 10, seed=1) == first
    assert questions.sample(many, 10, seed=2) != first
    assert len(set(first)) == 10
    assert len(questions.sample(many, None, seed=1)) == 100


def answer(found: str, right: str, wanted: str | None = None, colour: str = "") -> Answer:
    question = Question("кот", frozenset(right), wanted)
    return Answer(question, 0, 1.0, np.zeros((2, 2, 4), np.uint8), list(found), 0.1, colour)


def test_recall_counts_the_first_and_the_first_five() -> None:
    answers = [answer("abcde", "a"), answer("abcde", "e"), answer("abcde", "x"), answer("ab", "ya")]
    figures = {f.key: f for f in recall_figures("n", "names", answers, {1: 0.5, 5: 0.8})}
    assert figures["n_recall_1"].value == 0.5
    assert figures["n_recall_1"].met
    assert figures["n_recall_5"].value == 0.75
    assert not figures["n_recall_5"].met
    assert set(figures) == {"n_recall_1", "n_recall_5"}


def test_a_composition_needs_both_colour_and_thing() -> None:
    answers = [
        answer("ab", "b", "синий", "синий"),
        answer("ab", "b", "синий", "красный"),
        answer("ab", "x", "синий", "синий"),
        answer("ab", "a", "синий", "синий"),
    ]
    values = {f.key: f.value for f in recall_figures("c", "compositions", answers, {})}
    assert values == {
        "c_recall_1": 0.25,
        "c_recall_5": 0.5,
        "c_colour": 0.75,
        "c_thing_5": 0.75,
    }


def drawing(picture: Image.Image) -> Drawing:
    return Drawing(Candidate(0, 0, 1.0, "unet"), picture, picture.tobytes(), torch.zeros(1))


def picture_of(colour: tuple[int, int, int], noise: float = 0.0) -> Image.Image:
    """A disc of a colour, with noise in it."""
    y, x = np.mgrid[:512, :512]
    rgba = np.zeros((512, 512, 4), np.uint8)
    rgba[(x - 256) ** 2 + (y - 256) ** 2 < 200**2] = (*colour, 255)
    rough = rgba[..., :3] + noise * np.random.default_rng(0).standard_normal((512, 512, 3))
    rgba[..., :3] = rough.clip(0, 255)
    return Image.fromarray(rgba)


def test_variety_figures_count_equal_and_similar_candidates(pictures: np.ndarray) -> None:
    red, green, blue = (picture_of(c) for c in ((200, 0, 0), (0, 200, 0), (0, 0, 200)))
    same, other = [drawing(red), drawing(red)], [drawing(green), drawing(blue)]
    nearly = [drawing(red), drawing(picture_of((205, 0, 0)))]
    figures = {f.key: f.value for f in variety_figures([same, other, nearly], pictures)}
    assert figures["same_files"] == pytest.approx(1 / 3)
    assert figures["alike"] == pytest.approx(2 / 3)
    assert figures["variety"] > 0


def test_detail_figure_measures_what_a_blur_removes() -> None:
    plain, rough, rougher = (detail(picture_of((90, 90, 90), noise)) for noise in (0, 10, 20))
    assert plain is not None
    assert rough is not None
    assert rougher is not None
    assert plain < 1e-6 < rough
    assert rougher == pytest.approx(4 * rough, rel=0.05)
    assert detail(Image.new("RGBA", (512, 512))) is None


def test_empty_inputs_give_no_figures(judge: Judge, pictures: np.ndarray) -> None:
    none, nowhere = np.zeros((0, len(pictures))), pictures[:0]
    assert recall_figures("n", "names", [], {}) == []
    assert ceiling_figures(judge, none, [], np.array(judge.hexcodes)) == []
    assert copy_figures([answer("a", "a")], judge, none, [], nowhere) == []
    assert copy_figures([], judge, judge.distances(pictures[:1]), [0], pictures[:1]) == []
    assert variety_figures([], pictures) == []
    assert variety_figures([[]], pictures[:1]) == []
    assert crisp_figures([], []) == []
    assert stage_figures([]) == []


def test_mean_distance_of_copies_is_zero(pictures: np.ndarray) -> None:
    assert mean_distance(pictures[[0, 0, 0]]) == pytest.approx(0, abs=1e-3)
    assert mean_distance(pictures[[0, 5]]) > 0.1


def test_iou_is_intersection_over_union() -> None:
    a, b = np.zeros((2, 4), bool), np.zeros((2, 4), bool)
    assert iou(a, b) == 1
    a[0], b[0, :2] = True, True
    assert iou(a, b) == 0.5


def test_table_shows_limits_and_marks() -> None:
    figures = [
        Figure("a", "recall", 0.912, at_least=0.9),
        Figure("b", "time", 5.25, "s", at_most=4),
        Figure("c", "error", 0.01234, ""),
    ]
    assert table(figures).splitlines()[1:] == [
        "recall   91.2 %  ≥ 90.0 %  ✓",
        "time     5.25 s     ≤ 4 s  ✗",
        "error     0.012",
    ]
    assert markdown(figures).splitlines()[2] == "| recall | 91.2 % | ≥ 90.0 % | ✓ |"
    assert figures[1].to_json()["met"] is False
    assert figures[2].to_json()["met"] is None


def test_the_section_of_a_card_is_rewritten_and_nothing_else(tmp_path: Path) -> None:
    card = tmp_path / "README.md"
    with pytest.raises(BundleError, match="has no section"):
        check_card(card)
    card.write_text("# A\n<!-- figures -->\nold\n\nold\n<!-- /figures -->\nend\n")
    check_card(card)
    for _ in range(2):
        write_section(card, "\n| new \\1 |\n")
        written = "# A\n<!-- figures -->\n| new \\1 |\n<!-- /figures -->\nend\n"
        assert card.read_text() == written
    card.write_text("# A\n")
    with pytest.raises(BundleError, match="has no section"):
        check_card(card)


def test_the_shipped_card_has_the_section() -> None:
    check_card(SHIPPED / "mini/README.md")


def test_page_shows_eight_stickers_per_row() -> None:
    red = Image.new("RGBA", (64, 64), (255, 0, 0, 255))
    one, nine = chat_page([red], ["кот"]), chat_page([red] * 9, ["кот"] * 9)
    assert one.width == nine.width == 1600
    assert nine.height > 1.7 * one.height
    assert nine.getpixel((16 + 98, 16 + 80)) == (255, 0, 0)
    assert nine.getpixel((16 + 98 + 196, one.height + 60)) != (255, 0, 0)


def test_page_shows_shortened_and_marked_captions() -> None:
    nothing = Image.new("RGBA", (8, 8))
    long = "очень длинная подпись " * 9
    plain, named, longer = (chat_page([nothing], [text]) for text in ("", long, long + "!"))
    assert plain.tobytes() != named.tobytes()
    assert named.tobytes() == longer.tobytes()  # the end is not there
    right, wrong = (chat_page([nothing], ["кот"], [mark]) for mark in (True, False))
    assert right.tobytes() != wrong.tobytes()


@pytest.mark.parametrize(("file", "count"), [(pages.PROMPTS, 64), (pages.COMPOSITIONS, 40)])
def test_each_page_file_has_its_number_of_accepted_prompts(file: Path, count: int) -> None:
    prompts = file.read_text("utf-8").splitlines()
    assert len(set(prompts)) == len(prompts) == count
    assert [clean_prompt(prompt) for prompt in prompts] == prompts


def test_a_twentieth_of_the_glyphs_is_held_out() -> None:
    codes = [f"{code:X}" for code in range(0x1F300, 0x1F300 + 4000)]
    kept_back = [code for code in codes if held_out_glyph(code)]
    assert len(kept_back) / len(codes) == pytest.approx(SHARE, abs=0.01)
    assert [held_out_glyph(code) for code in ("1F408", "1F415", "1F354")] == [False] * 3


Run = Callable[..., None]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """`python -m emojich_core.training.evaluation` in a folder of its own."""
    monkeypatch.chdir(tmp_path)

    def run(*arguments: str) -> None:
        monkeypatch.setattr("sys.argv", ["evaluation", "--device", "cpu", *arguments])
        main()

    return run


@pytest.fixture
def bundle(tiny_bundle: Path, tmp_path: Path) -> Path:
    """A copy of the tiny bundle with a model card."""
    shutil.copytree(tiny_bundle, tmp_path / "tiny")
    (tmp_path / "tiny/README.md").write_text("# Tiny\n<!-- figures -->\n<!-- /figures -->\n")
    return tmp_path / "tiny"


@pytest.mark.slow
def test_evaluation_writes_figures_card_and_page(
    run: Run,
    bundle: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(metrics, "TIMED_RUNS", 1)
    monkeypatch.setattr(questions, "EVERYDAY", tmp_path / "everyday.tsv")
    (tmp_path / "everyday.tsv").write_text("кружок\t🔴\n")
    write_art(tmp_path / "data")
    write_held_out(tmp_path / "held_out.json")
    where = ("--model", "tiny", "--data", "data", "--held-out", "held_out.json")
    run(*where, "--seed", "3", "--names", "4", "--quick", "--card")
    report = json.loads((tmp_path / "out/evaluation/evaluation.json").read_text())
    assert report["seed"] == 3
    assert report["command"] == (
        "python -m emojich_core.training.evaluation --model tiny --names 4 --seed 3 --quick"
        " --held-out held_out.json"
    )
    assert set(report["versions"]) >= {"python", "torch", "emojich"}
    figures = {figure["key"]: figure for figure in report["figures"]}
    assert set(figures) >= {
        *(f"{key}_recall_{k}" for key in ("names", "everyday", "compositions") for k in (1, 5)),
        *("judge_self_1", "judge_other_5", "variety", "near_copies", "matting_iou"),
        *("matting_error", "upscale_gain", "upscale_ssim", "weights", "seconds", "memory"),
    }
    assert all(np.isfinite(figure["value"]) for figure in figures.values())
    assert figures["weights"]["met"]
    answers = report["answers"]
    assert [len(answers[key]) for key in ("names", "everyday", "compositions")] == [4, 1, 2]
    assert sum(a["right"] for a in answers["names"]) == round(
        figures["names_recall_5"]["value"] * 4
    )
    assert {a["prompt"]: a["wanted"] for a in answers["everyday"]} == {"кружок": ["1F534"]}
    for name in ("names", "everyday", "compositions"):
        assert Image.open(tmp_path / f"out/evaluation/{name}.png").width == 1600
    assert "recall@1, 4 names" in capsys.readouterr().out
    card = (bundle / "README.md").read_text()
    assert "| recall@1, 4 names |" in card
    assert str(tmp_path) not in card


def test_page_without_evaluation_needs_no_art(
    run: Run, bundle: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "prompts.txt").write_text("кот\nсобака и пицца\n")
    monkeypatch.setattr(pages, "PROMPTS", tmp_path / "prompts.txt")
    run("--model", "tiny", "--page", "pages/page.png")
    assert Image.open(tmp_path / "pages/page.png").width == 1600


def test_the_comparison_shows_a_sticker_right_of_its_glyph(tiny_bundle: Path) -> None:
    square = '<rect width="100%" height="100%" fill="red"/>'
    svg = f'<svg xmlns="http://www.w3.org/2000/svg">{square}</svg>'
    other = Glyph("1F63A", "😺", "noto", svg.replace("red", "blue"))
    glyphs = [other, Glyph("1F63A", "😺", pages.MAIN_STYLE, svg), other]
    pipeline = Pipeline.load(str(tiny_bundle), "cpu")
    page = pages.comparison_page(pipeline, glyphs, seed=0)
    assert page.size == (6 * SIZE, SIZE)
    assert page.getpixel((SIZE // 2, SIZE // 2)) == (255, 0, 0)
    sticker = generate_best(pipeline, "кот", 0, 0)[0].image
    ground = background(*page.size).crop((SIZE, 0, 2 * SIZE, SIZE))
    ground.alpha_composite(sticker)
    assert page.crop((SIZE, 0, 2 * SIZE, SIZE)) == ground.convert("RGB")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ((), "make data"),
        (("--data", "data", "--model", "nowhere"), "EMOJICH_MODEL"),
        (("--data", "data", "--model", "tiny", "--card"), "figures"),
        (("--data", "data", "--model", "tiny", "--held-out", "nowhere.json"), "nowhere.json"),
        (("--data", "data", "--model", "tiny", "--held-out", "odd.json"), "write it like that one"),
    ],
)
def test_missing_file_is_one_line(
    run: Run, bundle: Path, tmp_path: Path, arguments: tuple[str, ...], words: str
) -> None:
    write_art(tmp_path / "data")
    (bundle / "README.md").unlink()
    (tmp_path / "odd.json").write_text('{"pairs": []}')
    with pytest.raises(SystemExit) as stopped:
        run(*arguments)
    assert words in str(stopped.value)
    assert "\n" not in str(stopped.value)


def test_a_missing_package_is_named(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "skimage.metrics", None)
    monkeypatch.delitem(sys.modules, "emojich_core.training.evaluation.metrics")
    monkeypatch.delitem(sys.modules, "emojich_core.training.evaluation.evaluate")
    monkeypatch.delattr("emojich_core.training.evaluation.evaluate")
    write_art(tmp_path / ".data")
    with pytest.raises(SystemExit, match=r'skimage.*pip install "emojich\[train\]"'):
        run()


def test_everyday_words_are_300_outside_the_lexicon() -> None:
    rows = [line.split("\t") for line in questions.EVERYDAY.read_text("utf-8").splitlines()]
    prompts = [prompt for prompt, _ in rows]
    assert len({plain(prompt) for prompt in prompts}) == len(prompts) == 300
    assert [clean_prompt(prompt) for prompt in prompts] == prompts
    said = {plain(word) for row in lexicon().values() for word in row}
    assert [prompt for prompt in prompts if plain(prompt) in said] == []
    known = {hexcode_of(emoji) for emoji in lexicon()}
    assert {hexcode_of(emoji) for _, right in rows for emoji in right.split()} <= known


def test_unknown_prompt_counts_as_a_wrong_answer() -> None:
    pipeline, blank = Pipeline.load("mini", "cpu"), np.full((1, 96, 96, 3), 255, np.uint8)
    question = Question("абырвалг", frozenset("A"))
    [answer] = answer_all(pipeline, Judge(blank, ["A"]), [question], 0, "")
    assert not answer.right()
