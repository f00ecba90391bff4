"""No training caption contains a held-out combination of words."""

from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from emojich_core.colours import COLOURS
from emojich_core.training.data.art import Meaning, load_meanings
from emojich_core.training.data.captions import Captions, lexicon_weights
from emojich_core.training.data.compositions import (
    MOODS,
    SHARES,
    WORN,
    Composer,
    Item,
    carrying_captions,
    colour_captions,
    count_captions,
    mood_captions,
    pair_captions,
    size_captions,
)
from emojich_core.training.data.dataset import ROWS, Dataset
from emojich_core.training.data.held_out import Composition, HeldOut
from emojich_core.training.data.morphology import lemmas
from emojich_core.training.data.things import hexcode_of, other_names, things
from tests.emojich_core.training.meanings import MEANINGS

ROOT = Path(__file__).parents[3]
MODULES = ROOT / ".data/node_modules"
DATASET = ROOT / ".data/dataset"

needs_art = pytest.mark.skipif(
    not (MODULES / "emojibase-data").exists(), reason="no emoji art here: make data"
)
LIST = HeldOut(
    (Composition("синий", "1F431", "синий кот"), Composition("розовый", "1F355", "розовая пицца")),
)


@pytest.mark.parametrize(
    "caption",
    [
        "синий кот",
        "СИНИЕ КОТЫ",
        "синего кота",
        "кот синего цвета",
        "два синих кота",
        "розовой пиццей",
    ],
)
def test_held_out_word_is_found_in_every_form(caption: str) -> None:
    assert not LIST.allows(caption)


@pytest.mark.parametrize(
    "caption", ["кусок пиццы", "пицца", "синяя пицца", "розовый кот", "кот", "котик"]
)
def test_other_captions_are_allowed(caption: str) -> None:
    assert LIST.allows(caption)


def test_captions_of_emoji_contain_no_held_out_combination() -> None:
    held_out = HeldOut((Composition("колючий", "1F994", "колючий ежик"),))
    captions = Captions(MEANINGS, held_out)
    _nothing_of(held_out, [*_plain(captions), *_with_details(captions)])
    assert "колючий ежик" in _plain(Captions(MEANINGS, HeldOut(())))


def test_compositions_contain_no_held_out_combination() -> None:
    items = _compositions(LIST)
    assert {item.kind for item in items} == SHARES.keys() - {"plain"}
    _nothing_of(LIST, [text for item in items for text in item.captions])
    shown = {(item.colour, item.hexcodes[0]) for item in items if item.kind == "recoloured"}
    assert ("синий", "1F431") not in shown
    assert ("синий", "1F436") in shown
    assert ("розовый", "1F431") in shown


def test_captions_of_compositions_agree() -> None:
    named = {thing.names[0].form(): thing for thing in things(MEANINGS).values()}
    cat, pizza, glasses = (named[name] for name in ("кот", "пицца", "очки"))
    assert next(iter(colour_captions(cat.names, "синий"))) == "синий кот"
    assert "очки красного цвета" in colour_captions(glasses.names, "красный")
    assert list(pair_captions(cat.names[0], pizza.names[0])) == [
        "кот и пицца",
        "пицца и кот",
    ]
    assert list(carrying_captions(cat.names[0], pizza)) == [
        "кот с пиццей",
        "кот держит пиццу",
        "кот ест пиццу",
    ]
    assert list(mood_captions(cat.names[:1], "злой", "злится")) == ["злой кот", "кот злится"]
    assert "две кошки" in count_captions(cat.names, 2)
    assert "двое очков" in count_captions(glasses.names, 2)
    assert "маленькая пицца" in size_captions(pizza.names, big=False)
    # A colour in the label gives way to the one that is drawn.
    assert "синее яблоко" in colour_captions(named["яблоко"].names, "синий")


def test_shipped_list_of_held_out_combinations_is_complete() -> None:
    held_out = HeldOut.load()
    assert len(held_out.compositions) == 60
    colours = Counter(c.colour for c in held_out.compositions)
    assert set(colours) == set(COLOURS)
    for composition in held_out.compositions:
        assert not held_out.allows(composition.caption)
        assert any(composition.colour in lemmas(w) for w in composition.caption.split())


@needs_art
@pytest.mark.slow
def test_captions_of_the_art_contain_no_held_out_combination() -> None:
    held_out, meanings = HeldOut.load(), load_meanings(MODULES)
    colours = {c.colour for c in held_out.compositions}
    nouns = {c.thing for c in held_out.compositions}
    # Captions are made of an emoji's own words: without one of these, none can be held out.
    words = {hexcode: _words(hexcode, meaning) for hexcode, meaning in meanings.items()}
    captions = Captions({h: m for h, m in meanings.items() if words[h] & (colours | nouns)})
    assert any(words[h] & colours and words[h] & nouns for h in captions.hexcodes)
    _nothing_of(held_out, [*_plain(captions), *_with_details(captions)])


def _words(hexcode: str, meaning: Meaning) -> frozenset[str]:
    """The lemmas of all words of which an emoji's captions are made."""
    texts = [meaning.label, *meaning.keywords]
    texts += [*other_names(hexcode, meaning), *lexicon_weights(hexcode)]
    return frozenset().union(*(lemmas(word) for text in texts for word in text.split()))


@pytest.mark.slow
@pytest.mark.skipif(not (DATASET / ROWS).exists(), reason="no dataset here")
def test_captions_of_the_dataset_contain_no_held_out_combination() -> None:
    held_out, dataset = HeldOut.load(), Dataset.open(DATASET)
    said = set(dataset.captions())
    said |= {
        f"{text} {word}" for row in dataset.rows for text in row.captions for word in row.details
    }
    _nothing_of(held_out, said)
    pairs = {(c.colour, c.hexcode) for c in held_out.compositions}
    assert not any((row.colour, row.hexcodes[0]) in pairs for row in dataset.rows)


def _plain(captions: Captions) -> list[str]:
    return [text for hexcode in captions.hexcodes for text in captions.weights(hexcode)]


def _with_details(captions: Captions) -> list[str]:
    """Every caption with every detail that may follow it."""
    return [
        f"{text} {detail}"
        for hexcode in captions.hexcodes
        for text in captions.weights(hexcode)
        for detail in captions.details(hexcode)
    ]


def _compositions(held_out: HeldOut) -> list[Item]:
    from emojich_core.colours import Body

    found = things(MEANINGS)
    body = Body(60.0, False, 1.0, (0.5, 0.6, 0.7), 0.1, 0.0)
    colours = {hexcode: (body, list(COLOURS)) for hexcode in found}
    drawn = [*found, *map(hexcode_of, (*WORN, *MOODS))]
    composer = Composer("noto", found, colours, drawn, held_out, np.random.default_rng(0))
    return [
        *composer.recoloured(500),
        *composer.pairs(50),
        *composer.counted(50),
        *composer.sized(50),
        *composer.placed(50),
        *composer.dressed(50),
        *composer.carrying(50),
        *composer.riding(50),
        *composer.moods(50),
    ]


def _nothing_of(held_out: HeldOut, said: "list[str] | set[str]") -> None:
    """Compare word by word, by other means than HeldOut's own index."""
    assert said
    pairs = [(c.colour, c.thing) for c in held_out.compositions]
    parts = frozenset().union(*pairs)
    told: dict[str, frozenset[str]] = {}  # word → its lemmas that occur in held-out combinations
    for text in said:
        spoken = text.replace(",", " ").replace(":", " ").split()
        for word in spoken:
            if word not in told:
                told[word] = lemmas(word) & parts
        union = frozenset().union(*(told[word] for word in spoken))
        if len(union) > 1:
            assert not any(colour in union and thing in union for colour, thing in pairs), text
