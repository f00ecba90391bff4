"""The entities that Telegram finds in a text: links, commands, mentions.

https://core.telegram.org/bots/api#messageentity. Offsets and lengths count UTF-16 code units. The
bot formats nothing, so the sandbox knows no ``parse_mode``.
"""

import re

from bot.sandbox.decoding import Json

# The patterns of entities that Telegram finds in a text.
FOUND = {
    "url": re.compile(r"(?:https?://|\bt\.me/)[^\s<>\"]*[^\s<>\".,:;!?)»]", re.I),
    "bot_command": re.compile(r"(?<![\w/])/\w{1,64}(?:@\w+)?", re.A),
    "mention": re.compile(r"(?<![\w@/])@[a-z]\w{2,31}(?!\w)", re.A | re.I),
}


def parse_text(text: str) -> tuple[str, list[Json]]:
    """The text trimmed as Telegram trims a message, and its entities in their order."""
    plain = text.strip()
    return plain, sorted(_find(plain), key=lambda entity: entity["offset"])


def utf16_length(text: str) -> int:
    """The length of ``text`` as Telegram counts it."""
    return len(text.encode("utf-16-le")) // 2


def covered(text: str, entity: Json) -> str:
    """The part of ``text`` that an entity covers."""
    start = 2 * entity["offset"]
    units = text.encode("utf-16-le")[start : start + 2 * entity["length"]]
    return units.decode("utf-16-le")


def _find(text: str) -> list[Json]:
    found: list[Json] = []
    for kind, pattern in FOUND.items():
        for match in pattern.finditer(text):
            offset = utf16_length(text[: match.start()])
            entity = {"type": kind, "offset": offset, "length": utf16_length(match[0])}
            if not _overlaps(entity, found):
                found.append(entity)
    return found


def _overlaps(entity: Json, others: list[Json]) -> bool:
    """Whether a part of the text is in a link already."""
    return any(
        other["type"] == "url"
        and entity["offset"] < other["offset"] + other["length"]
        and other["offset"] < entity["offset"] + entity["length"]
        for other in others
    )
