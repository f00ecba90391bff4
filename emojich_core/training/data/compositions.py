"""The pictures of the dataset, and the captions of each."""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import numpy as np

from emojich_core.colours import Body, recolour
from emojich_core.scenes import compose, places, together
from emojich_core.scenes.worn import Place, wearing
from emojich_core.training.data.captions import spelled
from emojich_core.training.data.held_out import HeldOut
from emojich_core.training.data.morphology import NounPhrase
from emojich_core.training.data.things import FOOD, NATURE, Thing, bare, hexcode_of

# The share of each kind of picture in training.  With plain ones at 0.42 `mini` forgot a fifth
# of the names while it learned to compose.
SHARES = {
    "plain": 0.60,
    "recoloured": 0.18,
    "pair": 0.01,
    "counted": 0.01,
    "sized": 0.01,
    "placed": 0.06,
    "dressed": 0.05,
    "carrying": 0.04,
    "riding": 0.02,
    "mood": 0.02,
}
# The number of each kind in the main style, and in every other style.
# A model that sees a thing in two or three colours memorises pictures; in most colours, it learns
# the thing.
COUNTS = {
    "recoloured": 6000,
    "pair": 3000,
    "counted": 500,
    "sized": 500,
    "placed": 1000,
    "dressed": 250,
    "carrying": 700,
    "riding": 200,
    "mood": 150,
}
OTHER_COUNTS = {kind: count // 2 for kind, count in COUNTS.items()}
# Things to wear: the place on a head, and the words for it.
WORN: dict[str, tuple[Place, str]] = {
    "🎩": ("top", "в шляпе"),
    "👑": ("top", "в короне"),
    "🧢": ("top", "в кепке"),
    "🎓": ("top", "в шапке"),
    "👓": ("eyes", "в очках"),
    "🕶": ("eyes", "в темных очках"),
    "🎧": ("ears", "в наушниках"),
    "🎀": ("neck", "с бантом"),
}
PLACES = ("в космосе", "на море", "в лесу", "в пустыне", "в снегу", "под дождем", "в огне")
CARRIED = "🍕🍔🍟🍎🍌🍓🥕🧀🍩🎂🍦🍺☕🍷🎁🎈🌹🌷🌻❤⭐🎸🎤⚽🏀🏆📱💻📖✉🔑📷🔥💎"
RIDDEN = "🚗🚲🛵🏍🚀🛸⛵✈🚂🛋🛏☁🐎🐢"
# The symbol of a mood, the adjective that says it, and the verb.
MOODS = {
    "💤": ("сонный", "спит"),
    "💢": ("злой", "злится"),
    "💧": ("грустный", "плачет"),
    "❤": ("влюбленный", "любит"),
    "💡": ("умный", "думает"),
    "🎵": ("музыкальный", "поет"),
}
EVERYDAY_WEIGHT = 4.0  # of common things against the others, when they are chosen
EVERYDAY_RECOLOURED = 6.0  # and when their recoloured pictures are sampled

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
    """Chooses compositions of one style at random, none of them held out."""

    def __init__(
        self,
        style: str,
        things: Mapping[str, Thing],
        colours: Mapping[str, tuple[Body, Sequence[str]]],
        hexcodes: Collection[str],
        held_out: HeldOut,
        rng: np.random.Generator,
    ):
        """`things` that the style has; the main part of each, and `colours` it can be given.

        `hexcodes` of all drawings of the style.
        """
        self.style = style
        self._things = list(things.values())
        self._hexcodes = {bare(hexcode): hexcode for hexcode in hexcodes}
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
                        EVERYDAY_RECOLOURED if thing.everyday else 1.0,
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
        """`count` pictures of a head that wears something: кот в шляпе."""
        choices = [
            (head, worn, place, followed_captions(head.names, words))
            for head in self._heads()
            for emoji, (place, words) in WORN.items()
            for worn in self._drawings_of(emoji)
        ]
        return [
            self._together("dressed", head, worn, captions, partial(_wearing, place=place))
            for head, worn, place, captions in self._chosen(choices, count)
        ]

    def carrying(self, count: int) -> list[Item]:
        """`count` pictures of an animal with a thing: кот с пиццей."""
        choices = [
            (head, thing.hexcode, None, carrying_captions(head.names[0], thing))
            for head in self._heads()
            for thing in self._things_of(CARRIED)
            if not head.lemmas & thing.lemmas
        ]
        return [
            self._together("carrying", head, thing, captions, together.carrying)
            for head, thing, _, captions in self._chosen(choices, count)
        ]

    def riding(self, count: int) -> list[Item]:
        """`count` pictures of an animal on something: кот на машине."""
        choices = [
            (head, thing.hexcode, None, followed_captions(head.names[:1], f"на {where}"))
            for head in self._heads()
            for thing in self._things_of(RIDDEN)
            if (where := thing.names[0].form("loct"))
        ]
        return [
            self._together("riding", head, thing, captions, together.riding)
            for head, thing, _, captions in self._chosen(choices, count)
        ]

    def moods(self, count: int) -> list[Item]:
        """`count` pictures of a head in a mood: злой кот."""
        choices = [
            (head, symbol, None, mood_captions(head.names, *words))
            for head in self._heads()
            for emoji, words in MOODS.items()
            for symbol in self._drawings_of(emoji)
        ]
        return [
            self._together("mood", head, symbol, captions, together.in_mood)
            for head, symbol, _, captions in self._chosen(choices, count)
        ]

    def _heads(self) -> list[Thing]:
        return [thing for thing in self._things if thing.head]

    def _things_of(self, symbols: str) -> list[Thing]:
        """The things that these emoji are, of those there are."""
        things = {bare(thing.hexcode): thing for thing in self._things}
        return [things[h] for h in map(hexcode_of, symbols) if h in things]

    def _drawings_of(self, emoji: str) -> Iterator[str]:
        """The hexcode of an emoji's drawing, if the style has one."""
        if hexcode := self._hexcodes.get(hexcode_of(emoji)):
            yield hexcode

    def _chosen(
        self, choices: Sequence[tuple[Thing, str, Any, dict[str, float]]], count: int
    ) -> list[tuple[Thing, str, Any, dict[str, float]]]:
        """`count` choices at random, with the captions that are not held out, if any."""
        allowed = [
            (thing, other, more, captions)
            for thing, other, more, said in choices
            if (captions := self._allowed(said))
        ]
        return [allowed[i] for i in self._order([1.0] * len(allowed))[:count]]

    def _together(
        self,
        kind: str,
        thing: Thing,
        other: str,
        captions: dict[str, float],
        draw: Callable[[np.ndarray, np.ndarray], np.ndarray],
    ) -> Item:
        return Item(
            kind,
            self.style,
            (thing.hexcode, other),
            captions,
            lambda drawings: draw(drawings[thing.hexcode], drawings[other]),
        )

    def _order(self, weights: Sequence[float]) -> list[int]:
        """A random order in which heavier items come earlier (Efraimidis, Spirakis 2006)."""
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
        return lambda drawings: places.placed(turned(drawings), place)


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
    """кот и пицца; less often: пицца и кот."""
    captions: dict[str, float] = {}
    first, second = left.form(), right.form()
    _add(captions, f"{first} и {second}", 1.0)
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


def carrying_captions(animal: NounPhrase, thing: Thing) -> dict[str, float]:
    """кот с пиццей; less often кот держит пиццу, кот ест пиццу."""
    captions: dict[str, float] = {}
    name, carried = animal.form(), thing.names[0]
    instrumental, accusative = carried.form("ablt"), carried.form("accs")
    _add(captions, instrumental and f"{name} {_with(instrumental)} {instrumental}", 1.0)
    _add(captions, accusative and f"{name} держит {accusative}", 0.2)
    if thing.group == FOOD:
        drinks = bare(thing.hexcode) in map(hexcode_of, "🍺☕🍷")
        _add(captions, accusative and f"{name} {'пьет' if drinks else 'ест'} {accusative}", 0.5)
    return captions


def mood_captions(names: Sequence[NounPhrase], adjective: str, verb: str) -> dict[str, float]:
    """злой кот; less often кот злится."""
    captions: dict[str, float] = {}
    for i, name in enumerate(names):
        weight = 1.0 if i == 0 else 0.4
        _add(captions, name.with_adjective(adjective).form(), weight)
        _add(captions, f"{name.form()} {verb}", weight * 0.4)
    return captions


def _add(captions: dict[str, float], text: str | None, weight: float) -> None:
    if text:
        captions.setdefault(text.replace("ё", "е"), weight)


def _with(word: str) -> str:
    """The preposition с, or со before what is hard to say after it: со львом, со слоном."""
    hard = len(word) > 1 and word[1] not in "аеёиоуыэюяьъ"
    return "со" if (word[0] in "сзшж" and hard) or word[:2] in {"ль", "лб", "рт"} else "с"


def _wearing(head: np.ndarray, worn: np.ndarray, place: Place) -> np.ndarray:
    return wearing(head, [(worn, place)])
