"""Names of colours: the basic colour of a shade, and the colours that things have in life."""

from functools import cache
from pathlib import Path

from emojich_core.reading.tables import rows
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


@cache
def natural_colours() -> dict[str, tuple[str, ...]]:
    """The colours that things have in life, by emoji: a request's equal images take them."""
    return {
        bare(each): tuple(names.split("; "))
        for names, emoji in rows(NATURAL_COLOURS)
        for each in emoji.split()
    }
