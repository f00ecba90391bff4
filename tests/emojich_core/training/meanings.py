"""Rows as emojibase has them, for tests that have no emoji art."""

from emojich_core.training.data.art import Meaning
from emojich_core.training.data.things import ACTIVITIES, FOOD, NATURE, OBJECTS, PLACES

MEANINGS = {
    "1F431": Meaning("морда кошки", ("животное", "кот", "кошачья", "кошка", "морда"), NATURE),
    "1F436": Meaning("морда собаки", ("животное", "морда", "пес", "собака", "собачья"), NATURE),
    "1F416": Meaning("свинья", ("бекон", "животное", "ферма", "хрюшка"), NATURE),
    "1F43F": Meaning("бурундук", ("белочка", "животное", "орех"), NATURE),
    "1F994": Meaning("еж", ("ежик", "животное", "иголка", "иголки", "колючий"), NATURE),
    "1F34E": Meaning("красное яблоко", ("зрелое", "красное", "фрукт", "яблоко"), FOOD),
    "1F34C": Meaning("банан", ("фрукт",), FOOD),
    "1F355": Meaning("пицца", ("кусок", "кусок пиццы", "перекус", "сыр"), FOOD),
    "1F957": Meaning("овощной салат", ("еда", "овощи", "огород", "салат", "урожай"), FOOD),
    "1F3E1": Meaning("дом с садом", ("дача", "дом", "крыша", "сад"), PLACES),
    "1F3E0": Meaning("дом", ("дача", "домашний", "здание", "стены"), PLACES),
    "1F697": Meaning("автомобиль", ("машина", "транспорт"), PLACES),
    "1F381": Meaning("подарок", ("бант", "коробка", "праздник", "рождество"), ACTIVITIES),
    "1F453": Meaning("очки", ("аксессуар", "глаза", "зрение"), OBJECTS),
    "1F5DD": Meaning("старинный ключ", ("замок", "ключ"), OBJECTS),
}
