"""Words under a picture: which a prompt asks for, and how they are drawn."""

import numpy as np
import pytest
from PIL import Image

from emojich_core.bundles.bundle import load_bundle
from emojich_core.reading.lettering import LINE, MAX_TEXT, MOST_LINES, in_lines, written_in
from emojich_core.request import ONE_WAY
from emojich_core.scenes.layouts import arrange
from emojich_core.scenes.lettering import LETTERS

RED = (255, 0, 0, 255)


@pytest.mark.parametrize(
    ("prompt", "subject", "words"),
    [
        ("надпись «привет»", "", "привет"),
        ("кот с надписью люблю", "кот", "люблю"),
        ('лиса в лесу, с надписью: "всем пока!"', "лиса в лесу", "всем пока!"),
        ("кот говорит «мяу»", "кот", "мяу"),
        ("табличка с надписью «стоп»", "", "стоп"),
        ("надпись с днём рождения", "", "с днём рождения"),
        ("кот с надписью «» в шляпе", "кот в шляпе", ""),
        ('кот говорит ""', "кот", ""),
        # No words are asked for, or such as cannot be shown.
        ("кот говорит привет", "кот говорит привет", ""),
        ("надпись на стене", "надпись на стене", ""),
        ("«кот в шляпе»", "«кот в шляпе»", ""),
        ("надпись «hello»", "надпись «hello»", ""),
        (f"надпись «{'а' * (MAX_TEXT + 1)}»", f"надпись «{'а' * (MAX_TEXT + 1)}»", ""),
        ("словарь и подписка", "словарь и подписка", ""),
    ],
)
def test_words_are_found_in_a_prompt(prompt: str, subject: str, words: str) -> None:
    assert written_in(prompt) == (subject, words)


def test_words_alone_are_under_what_they_mean_and_never_mirrored() -> None:
    vocabulary = load_bundle("mini").vocabulary
    assert vocabulary is not None
    hello, nothing = (vocabulary.read(f"надпись «{each}»") for each in ("привет", "абырвалг"))
    assert hello.prompt == vocabulary.read("привет").prompt
    assert nothing.prompt == vocabulary.names["✨"]
    assert hello.pose == nothing.pose == ONE_WAY
    assert not hello.unknown
    assert not nothing.unknown


def test_lines_have_whole_words() -> None:
    text = "мама мыла раму каждый день"
    lines = in_lines(text)
    assert " ".join(lines) == text
    assert all(len(line) <= LINE for line in lines)
    assert len(lines) <= MOST_LINES


def test_every_russian_letter_can_be_drawn() -> None:
    assert set("АБВГДЕЁЖЗИЙКЛМНОПРСТУФХЦЧШЩЪЫЬЭЮЯ0123456789") <= LETTERS.keys()
    square = Image.new("RGBA", (128, 128), RED)
    pictures = {arrange(f"надпись {each}", [square]).tobytes() for each in LETTERS}
    assert len(pictures) >= len(LETTERS) - 1  # З and 3 are the same


def test_words_are_below_the_picture_and_both_are_seen() -> None:
    square = Image.new("RGBA", (256, 256), RED)
    for text in ("мяу", "дай поесть", "ты самая лучшая мама"):
        pixels = np.asarray(arrange(f"надпись {text}", [square]))
        red = (pixels == RED).all(axis=-1)
        words = (pixels[..., 3] > 200) & ~red
        assert red.mean() > 0.2
        assert words.mean() > 0.08
        assert np.nonzero(red)[0].mean() < np.nonzero(words)[0].mean()
        assert np.nonzero(red)[0].max() < 256 - 30
