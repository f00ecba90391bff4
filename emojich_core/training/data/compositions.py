"""Which pictures the dataset is made of, and what is said about each."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from emojich_core.training.data import compose, scenes
from emojich_core.training.data.captions import spelled
from emojich_core.training.data.colours import Body, recolour
from emojich_core.training.data.held_out import HeldOut
from emojich_core.training.data.morphology import NounPhrase
from emojich_core.training.data.scenes import PLACES
from emojich_core.training.data.things import FOOD, NATURE, Thing

# How often a kind of picture is drawn in training.  With plain ones at 0.42 `mini` forgot a fifth
# of the names while it learned to compose; these bring them back, and it composes as well.
SHARES = {
    "plain": 0.70,
    "recoloured": 0.22,
    "pair": 0.003,
    "counted": 0.004,
    "sized": 0.003,
    "placed": 0.04,
    "dressed": 0.03,
}
# How many of each there are of the style that the transformer draws, and of every other style.
# A model that sees a thing in two or three colours learns pictures; in most colours, the thing.
COUNTS = {
    "recoloured": 6000,
    "pair": 3000,
    "counted": 500,
    "sized": 500,
    "placed": 700,
    "dressed": 200,
}
OTHER_COUNTS = {kind: count // 2 for kind, count in COUNTS.items()}
HATS = {"1F3A9": "в шляпе", "1F451": "в короне"}  # hexcode → how it is said of who wears it
EVERYDAY_WEIGHT = 4.0  # how much likelier common things are chosen than the others
EVERYDAY_DRAWN = 6.0  # and how much oftener their recoloured pictures are drawn

Drawings = Mapping[str, np.ndarray]  # hexcode → (S, S, 4) uint8, of one style


@dataclass(frozen=True)
class Item:
    """One picture of the dataset."""

    kind: str  # a key of SHARES
    style: str
    hexcodes: tuple[str, ...]
    captions: dict[str, float]  # and their weights
    draw: Callable[[Drawings], np.ndarray]
    colour: str | None = None
    weight: float = 1.0  # against the others of its kind
    details: Sequence[str] = field(default=())


class Composer:
    """Chooses compositions of one style, at random, without what is held out."""

    def __init__(
        self,
        style: str,
        things: Mapping[str, Thing],
        colours: Mapping[str, tuple[Body, Sequence[str]]],
        held_out: HeldOut,
        rng: np.random.Generator,
    ):
        """`things` that the style has; the main part of each, and `colours` it can be given."""
        self.style = style
        self._things = list(things.values())
        self._colours = colours
        self._held_out = held_out
        self._rng = rng

    def recoloured(self, count: int) -> list[Item]:
        """`count` colour × thing pairs, or as many as there are; first of everyday things."""
        pairs = [
            (thing, colour)
            for thing in self._things
            if thing.hexcode in self._colours
            for colour in self._colours[thing.hexcode][1]
            if self._held_out.allows_picture(colour, thing.hexcode, thing.lemmas)
        ]
        weights = [EVERYDAY_WEIGHT if thing.everyday else 1.0 for thing, _ in pairs]
        items: list[Item] = []
        for i in self._order(weights):
            thing, colour = pairs[i]
            captions = self._allowed(colour_captions(thing.names, colour))
            if captions and len(items) < count:
                items.append(
                    Item(
                        "recoloured",
                        self.style,
                        (thing.hexcode,),
                        captions,
                        self._recolour(thing, colour),
                        colour,
                        EVERYDAY_DRAWN if thing.everyday else 1.0,
                    )
                )
        return items

    def pairs(self, count: int) -> list[Item]:
        """`count` pairs of different everyday things."""
        everyday = [thing for thing in self._things if thing.everyday]
        items: dict[tuple[str, str], Item] = {}
        for _ in range(20 * count):
            if len(items) == count or len(everyday) < 2:
                break
            left, right = (everyday[i] for i in self._rng.choice(len(everyday), 2, replace=False))
            codes = (left.hexcode, right.hexcode)
            captions = self._allowed(pair_captions(left.names[0], right.names[0]))
            if codes in items or left.lemmas & right.lemmas or not captions:
                continue
            draw = self._pair(left, right)
            items[codes] = Item("pair", self.style, codes, captions, draw)
        return list(items.values())

    def counted(self, count: int) -> list[Item]:
        """`count` pictures of two or three of one everyday thing."""
        choices = [(t, n) for t in self._things if t.everyday for n in (2, 3)]
        items: list[Item] = []
        for i in self._order([1.0] * len(choices)):
            thing, n = choices[i]
            captions = self._allowed(count_captions(thing.names, n))
            if captions and len(items) < count:
                draw = self._count(thing, n)
                items.append(Item("counted", self.style, (thing.hexcode,) * n, captions, draw))
        return items

    def sized(self, count: int) -> list[Item]:
        """`count` pictures of one thing, three small ones for each that is called big."""
        weights = [EVERYDAY_WEIGHT if thing.everyday else 1.0 for thing in self._things]
        items: list[Item] = []
        for i in self._order(weights):
            thing = self._things[i]
            big = self._rng.random() < 0.25
            captions = self._allowed(size_captions(thing.names, big))
            if captions and len(items) < count:
                draw = self._size(thing, big)
                items.append(Item("sized", self.style, (thing.hexcode,), captions, draw))
        return items

    def placed(self, count: int) -> list[Item]:
        """`count` pictures of one everyday thing in a place: кот в космосе."""
        choices = [(t, place) for t in self._things if t.everyday for place in PLACES]
        items: list[Item] = []
        for i in self._order([1.0] * len(choices)):
            thing, place = choices[i]
            captions = self._allowed(followed_captions(thing.names, place))
            if captions and len(items) < count:
                draw = self._place(thing, place)
                items.append(Item("placed", self.style, (thing.hexcode,), captions, draw))
        return items

    def dressed(self, count: int) -> list[Item]:
        """`count` pictures of somebody with something on the head: кот в шляпе."""
        choices = [(t, hat) for t in self._things if t.head for hat in HATS]
        items: list[Item] = []
        for i in self._order([1.0] * len(choices)):
            thing, hat = choices[i]
            captions = self._allowed(followed_captions(thing.names, HATS[hat]))
            if captions and len(items) < count:
                draw = self._dress(thing, hat)
                items.append(Item("dressed", self.style, (thing.hexcode, hat), captions, draw))
        return items

    def _order(self, weights: Sequence[float]) -> list[int]:
        """A random order in which what weighs more comes earlier (Efraimidis, Spirakis 2006)."""
        keys = self._rng.random(len(weights)) ** (1 / np.maximum(weights, 1e-9))
        return [int(i) for i in np.argsort(-keys)]

    def _allowed(self, captions: Mapping[str, float]) -> dict[str, float]:
        return {t: w for t, w in spelled(captions).items() if self._held_out.allows(t)}

    def _turned(self, thing: Thing) -> Callable[[Drawings], np.ndarray]:
        """The drawing of a thing, half of the time mirrored if it has no letters on it."""
        hexcode = thing.hexcode
        if thing.group in (NATURE, FOOD) and self._rng.random() < 0.5:
            return lambda drawings: compose.mirrored(drawings[hexcode])
        return lambda drawings: drawings[hexcode]

    def _recolour(self, thing: Thing, colour: str) -> Callable[[Drawings], np.ndarray]:
        """Never mirrored: a shape that stands as it does on its plain drawing is learned sooner."""
        hexcode, body = thing.hexcode, self._colours[thing.hexcode][0]
        return lambda drawings: recolour(drawings[hexcode], colour, body)

    def _pair(self, left: Thing, right: Thing) -> Callable[[Drawings], np.ndarray]:
        first, second = self._turned(left), self._turned(right)
        return lambda drawings: compose.pair(first(drawings), second(drawings))

    def _count(self, thing: Thing, count: int) -> Callable[[Drawings], np.ndarray]:
        turned = self._turned(thing)
        return lambda drawings: compose.counted(turned(drawings), count)

    def _size(self, thing: Thing, big: bool) -> Callable[[Drawings], np.ndarray]:
        turned = self._turned(thing)
        return turned if big else lambda drawings: compose.small(turned(drawings))

    def _place(self, thing: Thing, place: str) -> Callable[[Drawings], np.ndarray]:
        turned = self._turned(thing)
        return lambda drawings: scenes.placed(turned(drawings), place)

    def _dress(self, thing: Thing, hat: str) -> Callable[[Drawings], np.ndarray]:
        return lambda drawings: scenes.wearing(drawings[thing.hexcode], drawings[hat])


def colour_captions(names: Sequence[NounPhrase], colour: str) -> dict[str, float]:
    """синий кот; rarely: кот синий, кот синего цвета, синего кота, синие коты."""
    captions: dict[str, float] = {}
    for i, name in enumerate(names):
        weight = 1.0 if i == 0 else 0.4
        coloured = name.with_adjective(colour)
        adjective = coloured.adjectives[0]
        bare, of_colour = name.form(), adjective.inflect({"gent", "masc", "sing"})
        _add(captions, coloured.form(), weight)
        _add(captions, f"{bare} {adjective.word}", weight * 0.06)
        _add(captions, f"{bare} {of_colour.word} цвета", weight * 0.06)
        _add(captions, coloured.form("accs"), weight * 0.06)
        _add(captions, coloured.form(number="plur"), weight * 0.04)
    return captions


def pair_captions(left: NounPhrase, right: NounPhrase) -> dict[str, float]:
    """кот и пицца; less often: кот с пиццей, пицца и кот."""
    captions: dict[str, float] = {}
    first, second, instrumental = left.form(), right.form(), right.form("ablt")
    _add(captions, f"{first} и {second}", 1.0)
    _add(captions, instrumental and f"{first} {_with(instrumental)} {instrumental}", 0.4)
    _add(captions, f"{second} и {first}", 0.2)
    return captions


def count_captions(names: Sequence[NounPhrase], count: int) -> dict[str, float]:
    """два кота; rarely: 2 кота."""
    captions: dict[str, float] = {}
    for i, name in enumerate(names):
        weight = 1.0 if i == 0 else 0.4
        text = name.counted(count)
        if text is not None:
            _add(captions, text, weight)
            _add(captions, f"{count} {text.partition(' ')[2]}", weight * 0.1)
    return captions


def size_captions(names: Sequence[NounPhrase], big: bool) -> dict[str, float]:
    """маленький дом; большой дом."""
    captions: dict[str, float] = {}
    for i, name in enumerate(names):
        weight = 1.0 if i == 0 else 0.4
        words = ("большой", "огромный") if big else ("маленький", "крошечный")
        for word, share in zip(words, (1.0, 0.15), strict=True):
            sized = name.with_adjective(word)
            _add(captions, sized.form(), weight * share)
            _add(captions, sized.form("accs"), weight * share * 0.06)
    return captions


def followed_captions(names: Sequence[NounPhrase], words: str) -> dict[str, float]:
    """кот в космосе; rarely: кота в космосе."""
    captions: dict[str, float] = {}
    for i, name in enumerate(names):
        weight = 1.0 if i == 0 else 0.4
        for case, share in (("nomn", 1.0), ("accs", 0.06)):
            if form := name.form(case):
                _add(captions, f"{form} {words}", weight * share)
    return captions


def _add(captions: dict[str, float], text: str | None, weight: float) -> None:
    if text:
        captions.setdefault(text.replace("ё", "е"), weight)


def _with(word: str) -> str:
    """The preposition с, or со before what is hard to say after it: со львом, со слоном."""
    hard = len(word) > 1 and word[1] not in "аеёиоуыэюяьъ"
    return "со" if (word[0] in "сзшж" and hard) or word[:2] in {"ль", "лб", "рт"} else "с"
