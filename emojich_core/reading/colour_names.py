"""Names of colours: the basic colour of a shade, and the colours that things have in life."""

from functools import cache
from pathlib import Path

from emojich_core.colours import GIVEN
from emojich_core.reading.tables import rows
from emojich_core.reading.words import forms, plain
from emojich_core.reading.written_emoji import bare

NATURAL_COLOURS = Path(__file__).with_name("natural_colours.tsv")
# Shades, and the basic colour that each is nearest to.
SHADES = {
    **dict.fromkeys(("рыжий", "апельсиновый", "огненный"), "оранжевый"),
    **dict.fromkeys(("алый", "бордовый", "багровый", "малиновый", "вишневый"), "красный"),
    **dict.fromkeys(("сиреневый", "лиловый", "пурпурный", "лавандовый"), "фиолетовый"),
    **dict.fromkeys(("салатовый", "изумрудный", "оливковый"), "зеленый"),
    **dict.fromkeys(("бирюзовый", "лазурный", "небесный"), "голубой"),
    **dict.fromkeys(("бежевый", "шоколадный", "бурый", "каштановый"), "коричневый"),
    **dict.fromkeys(("золотой", "золотистый", "лимонный"), "желтый"),
    **dict.fromkeys(("серебряный", "серебристый", "дымчатый"), "серый"),
}
# The colour of a thing after «цвета»: платье цвета морской волны.
_OF_THINGS = {"неба": "голубой", "волны": "голубой", "травы": "зеленый", "крови": "красный"}


def basic_colour(word: str) -> str:
    """The basic colour that a word names in any form, also of two words; else an empty string.

    светло-голубого → голубой, рыжие → оранжевый.
    """
    last = word.rpartition("-")[2]
    found = (basic for form in forms(last) if (basic := SHADES.get(form, form)) in GIVEN)
    return next(found, "")


def with_plain_colours(texts: list[str]) -> list[str]:
    """The words with an adjective for «цвета»: машина красного цвета → красный машина."""
    for place, word in enumerate(texts):
        if plain(word) != "цвета":
            continue
        if place and (colour := basic_colour(texts[place - 1])):
            return [colour, *texts[: place - 1], *texts[place + 1 :]]
        rest = texts[place + 1 :]
        if place and rest and (colour := _OF_THINGS.get(plain(rest[-1]), "")):
            return [colour, *texts[:place]]
    return texts


@cache
def natural_colours() -> dict[str, tuple[str, ...]]:
    """The colours that things have in life, by emoji: a request's equal images take them."""
    return {
        bare(each): tuple(names.split("; "))
        for names, emoji in rows(NATURAL_COLOURS)
        for each in emoji.split()
    }
