"""The captions of an emoji, and their frequencies."""

import numpy as np

from emojich_core.training.data.art import Meaning
from emojich_core.training.data.captions import Captions, detailed, is_popular
from emojich_core.training.data.dataset import Row
from emojich_core.training.data.held_out import Composition, HeldOut
from emojich_core.training.data.things import OBJECTS, PEOPLE, SMILEYS
from tests.emojich_core.training.meanings import MEANINGS

NOTHING = HeldOut(())


def test_label_is_the_most_frequent_caption() -> None:
    captions = Captions(MEANINGS, NOTHING)
    for hexcode, meaning in MEANINGS.items():
        weights = captions.weights(hexcode)
        assert max(weights, key=lambda text: weights[text]) == meaning.label


def test_other_forms_are_rare_captions() -> None:
    weights = Captions(MEANINGS, NOTHING).weights("1F34C")
    for form in ("банана", "бананом"):
        assert 0 < weights[form] < 0.1 * weights["банан"]


def test_caption_does_not_use_morda() -> None:
    weights = Captions(MEANINGS, NOTHING).weights("1F436")
    assert weights["собака"] > weights["животное"] > 0
    assert weights["собачья морда"] == 0.4


def test_words_of_the_lexicon_are_captions() -> None:
    captions = Captions(MEANINGS, NOTHING)
    weights = captions.weights("1F436")
    assert weights["собачка"] > weights["щенок"] > weights["щенка"] > 0
    assert is_popular("1F436", MEANINGS["1F436"])
    assert is_popular("1F44D", Meaning("большой палец вверх", (), PEOPLE))
    assert is_popular("1F609", Meaning("подмигивает", (), SMILEYS))
    assert not is_popular("1F4CF", Meaning("линейка", (), OBJECTS))


def test_words_of_women_and_men_are_said_of_the_person() -> None:
    magician = {
        "1F9D9": Meaning("маг", (), PEOPLE),
        "1F9D1-200D-1F373": Meaning("повар", (), PEOPLE),
    }
    captions = Captions(magician, NOTHING)
    assert {"волшебник", "волшебница"} <= captions.weights("1F9D9").keys()
    assert "повариха" in captions.weights("1F9D1-200D-1F373")


def test_held_out_words_are_no_captions() -> None:
    assert "рыжий кот" in Captions(MEANINGS, NOTHING).weights("1F431")
    held_out = HeldOut([Composition("рыжий", "1F431", "рыжий кот")])
    allowed = Captions(MEANINGS, held_out).weights("1F431")
    assert "рыжий котенок" in allowed
    assert not {"рыжий кот", "рыжего кота", "рыжие коты"} & allowed.keys()


def test_captions_have_both_spellings_of_yo() -> None:
    weights = Captions(MEANINGS, NOTHING).weights("1F994")
    assert 0 < weights["ёж"] < weights["еж"]


def test_row_samples_captions_by_their_weights() -> None:
    captions, rng = Captions(MEANINGS, NOTHING), np.random.default_rng(0)
    weights, details = captions.weights("1F34C"), tuple(captions.details("1F34C"))
    row = Row("plain", "noto", ("1F34C",), None, weights, details, 1.0)
    said = [row.sample_caption(rng) for _ in range(300)]
    assert said.count("банан") > 90
    assert "банан, фрукт" in said or "банан фрукт" in said
    assert detailed("банан", "банан", rng) == "банан"
