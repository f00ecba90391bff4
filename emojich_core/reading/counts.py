"""How often a thing is asked for: две пиццы, семь котят, много звёзд."""

from emojich_core.reading.words import forms

# The layouts, by how many times they show a drawing.
TIMES = {2: "twice", 3: "three times"} | {count: f"{count} times" for count in range(4, 11)}
_MANY = 6  # as often as двое and трое fit into it
_MOST = 10
COUNTS = {
    **{str(count): count for count in TIMES},
    **dict.fromkeys(("два", "двое", "пара"), 2),
    **dict.fromkeys(("три", "трое", "тройка"), 3),
    **dict.fromkeys(("четыре", "четверо"), 4),
    **dict.fromkeys(("пять", "пятеро", "пяток"), 5),
    **dict.fromkeys(("шесть", "шестеро"), 6),
    **dict.fromkeys(("семь", "семеро"), 7),
    "восемь": 8,
    "девять": 9,
    **dict.fromkeys(("десять", "десяток"), 10),
    **dict.fromkeys(("много", "куча", "толпа", "стая", "стадо", "несколько"), _MANY),
    **dict.fromkeys(("сто", "тысяча", "миллион", "100", "1000", "1000000"), _MOST),
}
# Emoji whose drawing has several of a thing: how many, and the emoji of one, if there is one.
SEVERAL = {
    "🍒": (2, ""),
    "🧦": (2, ""),
    "🧤": (2, ""),
    "🎿": (2, ""),
    "🥢": (2, ""),
    "⛸": (2, ""),
    "👀": (2, "👁"),
    "👣": (2, "🦶"),
    "💕": (2, "❤"),
    "🍻": (2, "🍺"),
    "🥂": (2, "🍷"),
    "⚔": (2, "🗡"),
    "👥": (2, "👤"),
    "🎶": (3, "🎵"),
    "📚": (3, "📕"),
    "🏘": (3, "🏠"),
}
# Dates and times of the day count nothing: 3 октября, 7 вечера.
_OF_TIME = {
    *("секунда", "минута", "час", "утро", "вечер", "день", "ночь", "неделя", "месяц", "год", "раз"),
    *("январь", "февраль", "март", "апрель", "май", "июнь", "июль", "август", "сентябрь"),
    *("октябрь", "ноябрь", "декабрь"),
}


def count_of(word: str, counted: str) -> int:
    """How many of a thing a word asks for, 2 to 10; 0 if it is no count of such a thing."""
    if not _OF_TIME.isdisjoint(forms(counted)):
        return 0
    return next((COUNTS[form] for form in forms(word) if form in COUNTS), 0)
