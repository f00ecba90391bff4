"""Things: emoji that can be coloured, counted or put side by side, and their names."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from emojich_core.reading.words import plain
from emojich_core.training.data.morphology import NounPhrase, genitive_to_nominative, noun_phrase

if TYPE_CHECKING:  # art.py needs `bare`
    from emojich_core.training.data.art import Meaning

SMILEYS, PEOPLE, NATURE, FOOD, PLACES, ACTIVITIES, OBJECTS = 0, 1, 3, 4, 5, 6, 7

# Everyday names of things whose CLDR label is another word, or several.
NAMES = {
    "🐱": ("кот",),
    "🐈": ("кот",),
    "🐕": ("пес",),
    "🐻\u200d❄️": ("белый медведь", "медведь"),
    "🚗": ("машина",),
    "📱": ("телефон",),
    "🎄": ("елка",),
    "🎂": ("торт",),
    "🎈": ("шарик",),
    "🎃": ("тыква",),
    "🌸": ("цветок",),
    "🌼": ("ромашка",),
    "🧸": ("мишка",),
    "🦄": ("единорог",),
    "🦖": ("динозавр",),
    "🦕": ("динозавр",),
    "🎩": ("шляпа",),
    "👒": ("шляпа",),
    "🧢": ("кепка",),
    "🍦": ("мороженое",),
    "🍟": ("картошка",),
    "🥔": ("картошка",),
    "🌶": ("перец",),
    "🍔": ("бургер",),
    "🌽": ("кукуруза",),
    "🥤": ("газировка",),
    "☕": ("кофе", "чай"),
    "🍺": ("пиво",),
    "🍷": ("вино",),
    "🥛": ("молоко",),
    "🍳": ("яичница",),
    "⚽": ("мяч",),
    "🏀": ("мяч",),
    "🎾": ("мяч",),
    "🔑": ("ключ",),
    "💎": ("алмаз",),
    "👢": ("сапог",),
    "📷": ("камера",),
    "⛄": ("снеговик",),
    "🚲": ("велосипед",),
    "⛵": ("лодка",),
    "☂": ("зонтик",),
    "👻": ("призрак",),
    "👽": ("пришелец",),
    "🪣": ("ведро",),
    "🪑": ("стул",),
    "🍭": ("леденец",),
    "🥐": ("рогалик",),
    "🐉": ("дракон",),
    "🚒": ("машина",),
    "🚓": ("машина",),
    "🛋": ("диван",),
    "🛏": ("кровать",),
    "🍰": ("торт",),
    "💡": ("лампа",),
    "🏎": ("машина",),
    "🦊": ("лиса",),
    "🎒": ("рюкзак",),
    "🍊": ("апельсин",),
    "🍝": ("макароны",),
    "🐳": ("кит",),
    "🐪": ("верблюд",),
    "🐫": ("верблюд",),
    "🧁": ("кекс",),
    "👠": ("туфли",),
    "🎹": ("пианино",),
}

# Common things that stand well next to each other, or more than once.
EVERYDAY = (
    "🐱🐈🐶🐕🐭🐹🐰🦊🐻🐼🐨🐯🦁🐮🐷🐸🐵🐔🐧🐦🦆🦉🦇🐺🐴🦄🐝🐛🦋🐌🐞🐢🐍🐙🦀🐠🐟🐬🐋🦈🐊🐘🐪🦒🐎🐖🐑🐐🦔"
    "🌵🎄🌳🌴🍄🌷🌹🌻🌼🌸🍎🍐🍊🍋🍌🍉🍇🍓🍒🍑🍍🥥🥝🍅🍆🥑🌽🥕🥔🍞🥐🧀🥚🥞🍔🍕🌮🍣🍦🍩🍪🎂🍰🧁🍫🍬🍭🍯🥛☕🫖🍺🍷🥤"
    "🏠🏰⛺🚗🚕🚌🚓🚒🚜🚲🛵🏍🚂✈🚀🛸🚁⛵🚢⚓⏰☀🌙⭐☁⛄❄☂🔥💧🎈🎁🎀🏆⚽🏀🏈🎾🧸🧶"
    "👓🕶👕👖🧣🧤🧦👗👜🎒👟👠👢👑🎩🧢💍💎🔔🎤🎧🎸🎹🎺🎻🥁📱💻📷📺💡🕯📖📚✉📦✏✂🔑🔨🪓🛋🪑🛏🪣🧹🪞"
    "👻👽🤖🤡💀❤"
)

# Things whose drawing is a face, or stands upright: a hat sits well on them.
HEADS = "🐱🐶🐭🐹🐰🦊🐻🐼🐨🐯🦁🐮🐷🐸🐵🐔🐧🦉🐺🐴🦄🐙👻👽🤖⛄"

# Smileys that are things.
THINGS_AMONG_SMILEYS = "👻👽🤖🤡💀💩❤👾💣💋"
# Labels of one noun that are views, weather, signs, games or cannot be counted or coloured.
NOT_THINGS = (
    "🌁🌃🏙🌄🌅🌆🌇🌉🌌🎆🎇🎑🏞🏖🏜🏝🏕🗾🗺🌍🌎🌏🌐🎪💈🚧🚏🛑🚥🚦🛣🛤🌫🌬🌪🌧🌨🌩🌦🌥🌤⛈⛅🌊🌀🌈"
    "🎽🥋🥅🏏🏑🏒🥍🏓🏸🥌🎭🎮🎰🀄🎴♠♥♦♣🃏🔇🔈🔉🔊🔕📶📳📴💹📈📉📊🧬🎼🎵🎶🌗🌖🌘🌔🌓🌒🌑🌕🎊🎉✨💲"
    "🏧♨💒🚻📧📨📩📤📥🗒🗓📅📆🔞🧾🩻🍘🍙🍚🍛🍢🍤🍥🕍🕌🛕⛩🕋📰🗞🛫🛬🏗⛽⚡🎚🎛🪬🛘🏵"
)
CLOCK_FACES = range(0x1F550, 0x1F568)
# Adjectives of labels that are colours: a blue "красное яблоко" is a "синее яблоко".
COLOUR_ADJECTIVES = {
    *("красный", "оранжевый", "желтый", "зеленый", "голубой", "синий", "фиолетовый", "розовый"),
    *("коричневый", "серый", "черный", "белый", "алый", "бурый", "золотой", "серебряный"),
    *("бронзовый", "сиреневый", "бирюзовый"),
}


@dataclass(frozen=True)
class Thing:
    """An emoji that compositions can be made of."""

    hexcode: str
    group: int
    names: tuple[NounPhrase, ...]  # without colours; the likeliest first
    everyday: bool
    head: bool  # whether a hat sits well on it

    @cached_property
    def lemmas(self) -> frozenset[str]:
        """Dictionary forms of its names' nouns: things that share one are the same to people."""
        return frozenset(name.lemma for name in self.names)


def things(meanings: Mapping[str, "Meaning"]) -> dict[str, Thing]:
    """The things among the emoji, by hexcode: those whose name is analysed with confidence."""
    heads, left_out = _symbols(HEADS), _symbols(NOT_THINGS)
    among_smileys = _symbols(THINGS_AMONG_SMILEYS)
    found = {}
    for hexcode, meaning in meanings.items():
        if bare(hexcode) in left_out or meaning.group is None or meaning.group == PEOPLE:
            continue
        if meaning.group == SMILEYS and bare(hexcode) not in among_smileys:
            continue
        if int(hexcode.partition("-")[0], 16) in CLOCK_FACES:
            continue
        names = [_colourless(p) for t in other_names(hexcode, meaning) if (p := noun_phrase(t))]
        label = noun_phrase(meaning.label)
        if label is not None and not label.tail:
            names.append(_colourless(label))
        if names:
            unique = tuple({name.form(): name for name in names}.values())
            kinds = (is_everyday(hexcode), bare(hexcode) in heads)
            found[hexcode] = Thing(hexcode, meaning.group, unique, *kinds)
    return found


def other_names(hexcode: str, meaning: "Meaning") -> tuple[str, ...]:
    """Everyday names instead of the label: кот; собака for "морда собаки"."""
    given = _NAMES.get(bare(hexcode), ())
    first, _, owner = meaning.label.partition(" ")
    if first in {"морда", "голова"} and (name := genitive_to_nominative(owner)):
        return (*given, name)
    return given


def is_everyday(hexcode: str) -> bool:
    """Whether it is one of the EVERYDAY things."""
    return bare(hexcode) in _EVERYDAY


def bare(hexcode: str) -> str:
    """A hexcode without variation selectors, which fonts and tables disagree on."""
    return "-".join(part for part in hexcode.split("-") if part != "FE0F")


def hexcode_of(emoji: str) -> str:
    """🐱 → 1F431, without variation selectors."""
    return bare("-".join(f"{ord(char):X}" for char in emoji))


def _colourless(phrase: NounPhrase) -> NounPhrase:
    others = [a for a in phrase.adjectives if plain(a.normal_form) not in COLOUR_ADJECTIVES]
    return NounPhrase(tuple(others), phrase.head, phrase.tail)


def _symbols(emoji: str) -> set[str]:
    return {hexcode_of(char) for char in emoji if char != "\ufe0f"}


_NAMES = {hexcode_of(emoji): names for emoji, names in NAMES.items()}
_EVERYDAY = _symbols(EVERYDAY)
