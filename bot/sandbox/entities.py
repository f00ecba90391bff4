"""HTML and plain text into what a Message holds: a text and its entities.

https://core.telegram.org/bots/api#html-style. Offsets and lengths count UTF-16 code units.
"""

import html
import re
from dataclasses import dataclass, field

from bot.sandbox.decoding import Json
from bot.sandbox.errors import BadRequest

TAGS = {
    "b": "bold",
    "strong": "bold",
    "i": "italic",
    "em": "italic",
    "u": "underline",
    "ins": "underline",
    "s": "strikethrough",
    "strike": "strikethrough",
    "del": "strikethrough",
    "code": "code",
    "pre": "pre",
    "a": "text_link",
    "blockquote": "blockquote",
    "tg-spoiler": "spoiler",
}
TOKEN = re.compile(r"<(?P<close>/?)(?P<tag>[^\s>]*)(?P<attributes>[^>]*)>|<|[^<]+")
HREF = re.compile(r"""\bhref\s*=\s*["']?([^"'\s>]+)""", re.I)
# Telegram knows these four names and the numeric forms; any other "&name;" stays as it is.
REFERENCE = re.compile(r"&(?:lt|gt|amp|quot|#\d+|#x[0-9a-f]+);", re.I)
# What Telegram finds in a text by itself.
FOUND = {
    "url": re.compile(r"(?:https?://|\bt\.me/)[^\s<>\"]*[^\s<>\".,:;!?)»]", re.I),
    "bot_command": re.compile(r"(?<![\w/])/\w{1,64}(?:@\w+)?", re.A),
    "mention": re.compile(r"(?<![\w@/])@[a-z]\w{2,31}(?!\w)", re.A | re.I),
}


def parse_text(text: str, parse_mode: str = "") -> tuple[str, list[Json]]:
    """The plain text and the entities of ``text``, trimmed as Telegram trims a message."""
    if parse_mode.lower() not in ("", "html"):
        raise BadRequest("unsupported parse_mode")
    plain, entities = _parse_html(text) if parse_mode else (text, [])
    plain, entities = _trim(plain, entities)
    found = [entity for entity in _find(plain) if not _overlaps(entity, entities)]
    return plain, sorted(entities + found, key=lambda entity: (entity["offset"], -entity["length"]))


def utf16_length(text: str) -> int:
    """The length of ``text`` as Telegram counts it."""
    return len(text.encode("utf-16-le")) // 2


def covered(text: str, entity: Json) -> str:
    """The part of ``text`` that an entity covers."""
    start = 2 * entity["offset"]
    units = text.encode("utf-16-le")[start : start + 2 * entity["length"]]
    return units.decode("utf-16-le")


@dataclass
class _Parser:
    text: str = ""
    entities: list[Json] = field(default_factory=list)
    open: list[tuple[str, Json]] = field(default_factory=list)

    def start(self, tag: str, attributes: str, offset: int) -> None:
        if tag not in TAGS:
            raise _error(f'Unsupported start tag "{tag}" at byte offset {offset}')
        entity: Json = {"type": TAGS[tag], "offset": utf16_length(self.text)}
        if tag == "a":
            href = HREF.search(attributes)
            entity["url"] = html.unescape(href[1]) if href else ""
        self.open.append((tag, entity))

    def end(self, tag: str, offset: int) -> None:
        if not self.open:
            raise _error(f"Unexpected end tag at byte offset {offset}")
        expected, entity = self.open.pop()
        if tag != expected:
            raise _error(
                f"Unmatched end tag at byte offset {offset}, "
                f'expected "</{expected}>", found "</{tag}>"'
            )
        entity["length"] = utf16_length(self.text) - entity["offset"]
        if entity["length"] and entity.get("url") != "":
            self.entities.append(entity)


def _parse_html(source: str) -> tuple[str, list[Json]]:
    parser = _Parser()
    for match in TOKEN.finditer(source):
        tag, offset = match["tag"], len(source[: match.start()].encode())
        if tag is None and match[0] == "<":
            raise _error(f'Unsupported start tag "" at byte offset {offset}')
        if tag is None:
            parser.text += REFERENCE.sub(lambda found: html.unescape(found[0]), match[0])
        elif match["close"]:
            parser.end(tag.lower(), offset)
        else:
            parser.start(tag.lower(), match["attributes"], offset)
    if parser.open:
        raise _error(f'Can\'t find end tag corresponding to start tag "{parser.open[-1][0]}"')
    return parser.text, parser.entities


def _trim(text: str, entities: list[Json]) -> tuple[str, list[Json]]:
    lead = utf16_length(text) - utf16_length(text.lstrip())
    text = text.strip()
    kept = []
    for entity in entities:
        start = max(entity["offset"] - lead, 0)
        end = min(entity["offset"] + entity["length"] - lead, utf16_length(text))
        if start < end:
            kept.append({**entity, "offset": start, "length": end - start})
    return text, kept


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
    """Links and code keep what is inside them; bold and italic may hold a link."""
    solid = ("code", "pre", "text_link", "url")
    return any(
        other["type"] in solid
        and entity["offset"] < other["offset"] + other["length"]
        and other["offset"] < entity["offset"] + entity["length"]
        for other in others
    )


def _error(reason: str) -> BadRequest:
    return BadRequest(f"can't parse entities: {reason}")
