"""How many of a thing a prompt asks for: две пиццы, семь котят, много звёзд."""

from emojich_core.reading.words import forms

# The layouts that show a drawing several times, by how many.
LAYOUTS = {2: "twice", 3: "three times"} | {count: f"{count} times" for count in range(4, 11)}
_MANY = 6  # a multiple of 2 and 3: of what SEVERAL's drawings already show
_MOST = 10
COUNTS = {
    **{str(count): count for count in LAYOUTS},
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
    **dict.fromkeys(("одиннадцать", "двенадцать", "двадцать", "тридцать", "сорок"), _MOST),
    **dict.fromkeys(("пятьдесят", "11", "12", "15", "20", "30", "40", "50"), _MOST),
}
# Emoji whose drawing shows several of a thing: how many, and the emoji of a single one, if any.
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
# A number before these is a date or a time, and no count: 3 октября, 7 вечера.
_DATES_AND_TIMES = {
    *("секунда", "минута", "час", "утро", "вечер", "день", "ночь", "неделя", "месяц", "год", "раз"),
    *("январь", "февраль", "март", "апрель", "май", "июнь", "июль", "август", "сентябрь"),
    *("октябрь", "ноябрь", "декабрь"),
}


def count_of(word: str, counted: str) -> int:
    """How many of `counted`, a noun, a word asks for: 2 to 10; 0 if it is no count of that."""
    if not _DATES_AND_TIMES.isdisjoint(forms(counted)):
        return 0
    return next((COUNTS[form] for form in forms(word) if form in COUNTS), 0)
