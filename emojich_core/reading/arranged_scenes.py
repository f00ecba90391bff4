"""Scenes that are put together from drawings: кот с пиццей, два кота в космосе, волк и семь козлят.

A small model draws one thing well and two together seldom, so each thing is drawn by itself.  The
reading of a scene names its layouts, which `emojich_core.scenes` applies to the finished pictures
one after another.
"""

import re
from collections.abc import Sequence
from dataclasses import replace

from emojich_core.reading.layouts import PLACES, with_layout
from emojich_core.reading.learned_scenes import read_head_in_outfit
from emojich_core.reading.scene_parts import LINKS, with_part
from emojich_core.reading.scene_words import in_scene_words
from emojich_core.reading.subjects import read_counted, read_subject
from emojich_core.reading.text import words_in
from emojich_core.reading.things import as_head, read_thing
from emojich_core.reading.vocabulary import Vocabulary
from emojich_core.reading.words import can_be, is_likely, is_link, nominative, plain
from emojich_core.request import Reading
from emojich_core.scenes.eyes import hat_spares_eyes

_MOST_OTHERS = 3  # things beside the first: more would be too small to see, and take long to draw
_BETWEEN_THINGS = re.compile(r",\s*(?:и\s+)?|\s+и\s+", re.IGNORECASE)  # of a list


def read_arranged_scene(vocabulary: Vocabulary, texts: Sequence[str]) -> Reading | None:
    """The reading of words that name a thing and where it is, with what, or how many of it.

    A verb between two things is left out, because the layout shows it: кот едет на машине.  One
    that describes the first thing counts before a place: кот спит на диване.  A head in an outfit
    that the weights draw well is no such scene, except for glasses.
    """
    texts = [plain(text) for text in texts]
    is_drawn_well = read_head_in_outfit(vocabulary, texts) and not _needs_layout(vocabulary, texts)
    if not vocabulary.scene_nouns or is_drawn_well:
        return None
    if counted := read_counted(vocabulary, texts) or _read_with_counted(vocabulary, texts):
        return counted
    for place in range(1, len(texts)):
        first = read_subject(vocabulary, texts[:place])
        if first and (found := _with_all_parts(vocabulary, first, texts[place:])):
            return found
    return None


def read_list(vocabulary: Vocabulary, prompt: str) -> Reading | None:
    """The reading of three or more things with commas between: кот, пёс и рыба; all are drawn."""
    things = [words_in(part) for part in _BETWEEN_THINGS.split(prompt)]
    is_list = "," in prompt and len(things) > 2
    if not is_list or not all(thing and read_thing(vocabulary, thing) for thing in things):
        return None
    return read_arranged_scene(vocabulary, " и ".join(map(" ".join, things)).split())


def read_part_of_scene(vocabulary: Vocabulary, texts: Sequence[str]) -> Reading | None:
    """The reading of the longest beginning that is a scene; the bot tells the user what it is.

    кот на диване в комнате → кот на диване.
    """
    texts = [plain(text) for text in texts]
    for end in range(len(texts) - 1, 1, -1):
        is_end = texts[end] in LINKS or is_link(texts[end]) or is_likely("VERB", texts[end])
        reading = _read_scene(vocabulary, texts[:end]) if is_end else None
        if reading and not reading.unknown:
            return replace(reading, unknown=" ".join(texts), instead=" ".join(texts[:end]))
    return None


def _read_scene(vocabulary: Vocabulary, texts: Sequence[str]) -> Reading | None:
    return read_arranged_scene(vocabulary, texts) or read_head_in_outfit(vocabulary, [*texts])


def _needs_layout(vocabulary: Vocabulary, texts: Sequence[str]) -> bool:
    """Whether the weights would draw another outfit than the user means, or hide the eyes."""
    if texts[-1] in ("очках", "шапке"):
        return True
    thing = read_thing(vocabulary, texts[:-2])
    return thing is not None and not hat_spares_eyes(as_head(vocabulary, thing).prompt)


def _read_with_counted(vocabulary: Vocabulary, texts: Sequence[str]) -> Reading | None:
    """The reading of a thing and several of another one: волк и семь козлят."""
    for place in range(1, len(texts) - 2):
        counted = read_counted(vocabulary, texts[place + 1 :]) if texts[place] == "и" else None
        if not counted or counted.others:
            continue
        thing = read_thing(vocabulary, texts[:place])
        if thing and not (thing.unknown and counted.unknown):
            told = thing if thing.unknown else counted
            counted = replace(counted, unknown=told.unknown, instead=told.instead)
            other = replace(thing, variants=(), colours=(), unknown="", instead="")
            return with_layout(counted, "beside", other)
    return None


def _with_all_parts(vocabulary: Vocabulary, first: Reading, rest: Sequence[str]) -> Reading | None:
    """The reading of a thing and of all parts of the scene after it: в шляпе на море.

    Of the words that can be the next part, the most are tried first, and last those that end in a
    place.
    """
    if len(first.others) >= _MOST_OTHERS:
        return None
    if len(rest) > 2 and rest[0] in ("и", "а") and is_likely("VERB", rest[1]):  # и читает газету
        rest = rest[1:]
    for end in sorted(range(len(rest), 0, -1), key=lambda end: _ends_in_place(rest[:end])):
        found = with_part(vocabulary, first, rest[:end])
        if found and end < len(rest):
            left = _with_shared_preposition(rest[:end], rest[end:])
            found = _with_all_parts(vocabulary, found, left)
        if found:
            return found
    return None


def _ends_in_place(part: Sequence[str]) -> bool:
    """Whether a place stands after another thing, of which it is no part: коктейль на пляже."""
    is_only_place = len(part) == 2 or (len(part) == 3 and can_be("VERB", part[0]))
    return " ".join(part[-2:]) in PLACES and not is_only_place


def _with_shared_preposition(part: Sequence[str], left: Sequence[str]) -> Sequence[str]:
    """The words `left` after a part; its preposition takes the place of «и»: в очках и шляпе.

    «и» stays before a nominative, which is a thing of its own: кот с рыбой и собака.
    """
    if part[0] not in ("в", "с") or left[0] != "и" or len(left) < 2:
        return left
    if left[1] in LINKS:  # и с пиццей
        return left[1:]
    if left[1] == nominative(left[1]):
        return left
    return in_scene_words(" ".join(("и", part[0], *left[1:]))).split()[1:]
