"""Words that a picture is to show: кот с надписью «привет»."""

import re

LINE = 11  # letters of a line, unless a word is longer
MOST_LINES = 3
MAX_TEXT = 30  # characters
_QUOTED = r"[«\"“„'](?P<quoted>[^«»\"“”„']+)[»\"”“']"
_INSCRIPTION = r"(?:надпис|подпис)\w*|текст\w*|фраз\w*|слов(?:о|ом|ами|а)"
_SAYS = r"говорит|кричит|пишет|думает|поёт|поет|спрашивает|отвечает"
# Words after an inscription that say where it is or what is beside it: с надписью на футболке.  «с»
# also begins greetings: с надписью с днём рождения.
_NO_TEXT = r"(?:на|в|во|под|из|от|для)\s|с\s(?!дн|нов|праздн|любов|добр|рожд)"
_BARE = rf"(?P<bare>(?!{_NO_TEXT})[^«»\"“”„']+)$"
_WRITTEN = re.compile(
    r"[\s,]*(?:(?:и|с|со|где|в котором|на котор\w+)\s+)*(?:[а-яё]+(?:ая|ой|ый|ым)\s+)?"
    rf"(?:(?<![\w-])(?:{_INSCRIPTION}|{_SAYS})\s*:?\s*{_QUOTED}"
    rf"|(?<![\w-])(?:{_INSCRIPTION})\s*:?\s+{_BARE})",
    re.IGNORECASE,
)
_EMPTY = re.compile(
    rf"[\s,]*(?:(?:и|с|со)\s+)*(?<![\w-])(?:{_INSCRIPTION}|{_SAYS})\s*:?\s*[«\"“„']\s*[»\"”“']",
    re.IGNORECASE,
)
# Things that only carry words, and are not drawn themselves.
_CARRIERS = re.compile(
    r"^(?:[а-яё]+(?:ая|ой|ый|ое)\s+)?(?:таблич\w+|плакат\w*|вывеск\w+|знак\w*|баннер\w*|картинк\w+"
    r"|открытк\w+|стикер\w*|наклейк\w+|транспарант\w*)?$",
    re.IGNORECASE,
)
_POSSIBLE = re.compile(r"[а-яё\d !?.,+=-]+", re.IGNORECASE)


def written_in(prompt: str) -> tuple[str, str]:
    """The prompt without the words that the picture is to show, and these words.

    An empty inscription is left out: кот с надписью «».
    Returns the prompt and an empty string where the user asks for no words, or for words that
    `emojich_core.scenes.lettering` cannot show.
    """
    prompt = _EMPTY.sub("", prompt).strip(" ,") or prompt
    found = _WRITTEN.search(prompt)
    text = " ".join((found["quoted"] or found["bare"]).split()) if found else ""
    if not found or len(text) > MAX_TEXT or not _POSSIBLE.fullmatch(text):
        return prompt, ""
    if len(in_lines(text)) > MOST_LINES:
        return prompt, ""
    subject = (prompt[: found.start()] + prompt[found.end() :]).strip(" ,")
    return "" if _CARRIERS.match(subject) else subject, text


def in_lines(text: str) -> list[str]:
    """The text in lines of whole words."""
    lines: list[str] = []
    for word in text.split():
        if lines and len(lines[-1]) + 1 + len(word) <= LINE:
            lines[-1] += f" {word}"
        else:
            lines.append(word)
    return lines
