"""The file of the words that a bundle has learned."""

from pathlib import Path

import pytest

from emojich_core.bundles.bundle import VOCABULARY, derive_bundle, load_bundle, verify_bundle
from emojich_core.model_options import SHIPPED
from emojich_core.reading.vocabulary import Vocabulary, words_of
from emojich_core.request import Reading

MINI = SHIPPED / "mini" / VOCABULARY


def test_vocabulary_keeps_all_kinds_of_rows(tmp_path: Path) -> None:
    names, nouns = {"🐶": "морда собаки", "🚗": "автомобиль"}, {"🐶": "собака"}
    better = {"автомобиль": "машина"}
    saved = Vocabulary(names, {"ночь"}, nouns, {"красный"}, better, {"🐶": ("в шляпе",)})
    saved.save(tmp_path / VOCABULARY)
    loaded = Vocabulary.load(tmp_path / VOCABULARY)
    assert vars(loaded) == vars(saved)
    assert loaded.read("тачка").prompts[0] == "машина"


def test_vocabulary_that_has_read_a_prompt_learns_captions() -> None:
    mini = Vocabulary.load(MINI)
    mini.read("кот в шляпе")
    assert mini.with_captions(["рыжий абырвалг"]).read("абырвалг") == Reading("абырвалг")


def test_old_vocabulary_keeps_all_adjectives(tmp_path: Path) -> None:
    """Files of earlier versions do not say which adjectives can be drawn."""
    (tmp_path / VOCABULARY).write_text("🐶\tсобака\nпушистый\nпес\n", "utf-8")
    assert Vocabulary.load(tmp_path / VOCABULARY).read("пушистый пёс в шляпе").prompt == (
        "пушистый пёс в шляпе"
    )


def test_words_of_a_caption_are_its_lemmas() -> None:
    assert list(words_of("Два рыжих кота и ёж в шляпе")) == ["рыжий", "кот", "еж", "шляпа"]
    assert list(words_of("ура")) == ["ура"]
    assert list(words_of("нет")) == ["нет"]


@pytest.mark.parametrize(
    "text",
    [
        "🐶\tсобака\tпес\tв шляпе\tи так далее\n",
        "\n",
        "кот" * 99 + "\n",
        "\udcff",
        "🐶\t\x1b[31mпёс\n",
        "пё\0с\n",
    ],
)
def test_damaged_vocabulary_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / VOCABULARY).write_bytes(text.encode("utf-8", "surrogateescape"))
    with pytest.raises(ValueError, match=r"row 1|decode"):
        Vocabulary.load(tmp_path / VOCABULARY)


def test_fine_tuned_bundle_knows_the_words_of_its_captions(tmp_path: Path) -> None:
    base = load_bundle("mini")
    derive_bundle(base, tmp_path / "mine", base.weights("transformer"), "mini", ["рыжий абырвалг"])
    verify_bundle(tmp_path / "mine")
    mine = load_bundle(str(tmp_path / "mine"))
    assert mine.vocabulary is not None
    assert mine.vocabulary.read("абырвалга") == Reading("абырвалга")
    assert mine.vocabulary.names == Vocabulary.load(MINI).names
    assert Vocabulary.load(MINI).words < mine.vocabulary.words
