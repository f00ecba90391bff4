"""Words that describe a thing and become a part of its picture: злой заяц, кот спит, жирный кот."""

from emojich_core.reading.words import forms

TEAR = "💧"
# Adjectives and verbs (of participles, too), by the emoji that is their symbol.
SYMBOLS = {
    "💤": ("сонный", "усталый", "ленивый", "спать", "дремать", "уснуть", "устать"),
    "💢": ("злой", "сердитый", "недовольный", "агрессивный", "злиться", "сердиться", "кричать"),
    TEAR: ("грустный", "печальный", "несчастный", "плакать", "рыдать", "грустить", "расстроить"),
    "❤": ("влюбленный", "любимый", "влюбить", "любить", "обожать"),
    "💡": ("умный", "мудрый", "гениальный", "думать", "придумать"),
    "🎵": ("музыкальный", "петь", "танцевать", "плясать"),
    "🎉": ("веселый", "радостный", "счастливый", "праздновать", "радоваться", "веселиться"),
    "🍽": ("голодный", "есть", "кушать", "жрать", "обедать", "завтракать", "ужинать"),
    "🍺": ("пьяный", "бухой", "бухать"),
    "🌡": ("больной", "заболеть", "болеть"),
    "💰": ("богатый", "разбогатеть"),
    "💨": ("быстрый", "бежать", "бегать", "убегать", "мчаться", "нестись", "спешить"),
    "💻": ("работать", "программировать"),
    "📖": ("читать", "учиться"),
    "🚬": ("курить",),
    "💩": ("какать",),
}
_BEFORE_IT = {"💨", "💻", "📖", "🚬", "💩"}  # these are no thoughts above a head
SHAPES = {
    "fat": (
        "потолстеть",
        "растолстеть",
        "объесться",
        "толстый",
        "жирный",
        "пухлый",
        "упитанный",
        "пузатый",
        "толстенький",
        "откормленный",
    ),
    "thin": ("худой", "тощий", "худенький", "стройный", "исхудать", "похудеть"),
}
_BY_WORD = {word: symbol for symbol, words in SYMBOLS.items() for word in words}
_SHAPES_BY_WORD = {word: shape for shape, words in SHAPES.items() for word in words}


def described(word: str) -> tuple[str, str]:
    """The layout that a word asks for, and the emoji in it, if any; "" for another word."""
    for form in forms(word):
        if symbol := _BY_WORD.get(form, ""):
            return ("with" if symbol in _BEFORE_IT else "in a mood"), symbol
        if shape := _SHAPES_BY_WORD.get(form, ""):
            return shape, ""
    return "", ""
