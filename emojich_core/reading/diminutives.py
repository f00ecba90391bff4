"""Diminutives, and women of a job: the nouns that one may be made of, роботик → робот."""

from collections.abc import Iterator
from typing import Any

from emojich_core.reading.word_ends import stems
from emojich_core.reading.words import animacies, forms, parses, plain

# The end of a diminutive, and the end that its noun may have instead: роботик → робот, зайчонок →
# заяц, кукурузка → кукуруза, виноградина → виноград.
_DIMINUTIVES = (
    *(("ушек", "о"), ("ышек", "о"), ("чик", ""), ("чик", "ц"), ("чик", "к"), ("ик", "")),
    *(("очек", "ок"), ("ечек", "ек"), ("ок", ""), ("ек", ""), ("жок", "г"), ("чок", "к")),
    *(("чек", "к"), ("ец", ""), ("чик", "ец"), ("це", "о"), ("шка", ""), ("чара", "к")),
    *(("еныш", ""), ("еныш", "а"), ("енка", "ня"), ("енка", "на")),
    *(("ушка", "а"), ("ушка", ""), ("юшка", "я"), ("юшка", "ь"), ("юшка", "ья"), ("ышка", "ь")),
    *(("ышко", "о"), ("ушко", "о"), ("юшко", "е"), ("ечко", "о"), ("ечко", "е"), ("ечко", "я")),
    *(("очка", "ка"), ("очка", "а"), ("ечка", "ка"), ("ечка", "а"), ("ечка", "я"), ("ичка", "ица")),
    *(("чка", "ка"), ("шка", "ха"), ("жка", "га"), ("нька", "я"), ("ька", "я"), ("ька", "ь")),
    *(("ка", "а"), ("ка", ""), ("ка", "я"), ("инка", "а"), ("инка", ""), ("инка", "о")),
    *(("онок", ""), ("енок", ""), ("енок", "ь"), ("енок", "а"), ("чонок", "к"), ("чонок", "ц")),
    *(("ина", ""), ("ина", "а"), ("ина", "ь"), ("ища", "а"), ("ище", ""), ("ище", "о")),
    *(("онька", "а"), ("онька", "я"), ("енька", "а"), ("енька", "я"), ("ченька", "ка")),
    *(("уля", "а"), ("уля", ""), ("юля", "я"), ("уся", "а"), ("уха", "а"), ("оид", "")),
    # Women of a job: барменша, каменщица, горнистка.
    *(("ша", ""), ("щица", "щик"), ("чица", "чик"), ("ница", "ник"), ("истка", "ист")),
)
_STEM = 3  # letters before the end, at least
# One thing of a mass, of another gender than the mass: виноградина.  Of a short word the same end
# makes another word: родина, путина.
_ONE_OF = {"ина", "инка"}
_MASS = 5  # letters that the mass has at least
# Words that look like diminutives of other words than they are: парик, крышка.
_OTHER_WORDS = """
веснушка душок жарка колодка коронка крышечка крышка парик парусина порка портик поток
приставка пробка пробочка пряжечка пряжка садок сечка скалка скалочка соник спорок стрелка
стрелочка судок турок уличка фортка чугунок
"""


def bases(word: str) -> Iterator[str]:
    """Nouns that a noun may be a diminutive of: some of what this yields is no word at all."""
    for form in forms(word):
        for stem, end, other in stems(form, _DIMINUTIVES, _STEM):
            if _may_be_made(form, stem, end, other):
                yield stem + other


def _may_be_made(word: str, stem: str, end: str, other: str) -> bool:
    """Whether a word can be a diminutive of a noun.

    A diminutive of the dictionary has the gender of its noun, and is alive if the noun is: чайка is
    no чай, and пастушка no паста.  Words outside the dictionary are slang: помидорка.
    """
    if word in _OTHER_WORDS.split() or (end + other == "чик" and stem[-1] in "тдсз"):  # заказчик
        return False
    made = [p for p in _known_nouns(word) if plain(p.normal_form) == word]
    if not made:
        return True
    gender_is_free = end == "ище" or (end in _ONE_OF and len(stem) >= _MASS)
    return any(
        animacies(p.tag) & animacies(q.tag)
        and (gender_is_free or "anim" in animacies(p.tag) or q.tag.gender in (p.tag.gender, None))
        for p in made
        for q in _known_nouns(stem + other)
    )


def _known_nouns(word: str) -> list[Any]:
    return [p for p in parses(word) if p.is_known and p.tag.POS == "NOUN"]
