"""Scenes that are put together from drawings: кот с пиццей, два кота в космосе, злой заяц.

A small model draws one thing well and two together seldom, so each thing is drawn by itself.  The
reading of a scene names its layouts, which `emojich_core.scenes` applies to the finished pictures
one after another.
"""

from collections.abc import Sequence
from dataclasses import replace

from emojich_core.reading import counts
from emojich_core.reading.coloured_things import read_coloured_thing
from emojich_core.reading.counts import SEVERAL, count_of
from emojich_core.reading.descriptions import TEAR, description_of
from emojich_core.reading.learned_scenes import read_head_in_outfit
from emojich_core.reading.substitutes import read_substituted
from emojich_core.reading.vocabulary import Vocabulary
from emojich_core.reading.whole_phrases import read_known_noun, read_whole
from emojich_core.reading.words import can_be, forms, is_likely, is_link, nominative, plain
from emojich_core.request import THEN, Reading

# The layouts, by a word between two things.
LINKS = {
    **dict.fromkeys(("и", "или", "против", "у", "возле", "около", "перед"), "beside"),
    **dict.fromkeys(("рядом", "вместе"), "beside"),
    **dict.fromkeys(("с", "со", "о", "об", "про"), "with"),
    **dict.fromkeys(("на", "в", "во", "за", "над", "из", "из-за"), "on"),
    "под": "under",
}
# Clothes: the emoji of each, and where it sits on a head.
WORN = {
    "в шляпе": ("🎩", "top"),
    "в короне": ("👑", "top"),
    "в кепке": ("🧢", "top"),
    "в шапке": ("🧢", "top"),
    "в шлеме": ("🪖", "top"),
    "в каске": ("⛑", "forehead"),
    "в очках": ("👓", "eyes"),
    "в темных очках": ("🕶", "eyes"),
    "в наушниках": ("🎧", "ears"),
    "с бантом": ("🎀", "neck"),
    "в шарфе": ("🧣", "throat"),
    "с шарфом": ("🧣", "throat"),
}
# Emoji of what a head is drawn above.
CLOTHES = ("👔", "👕", "👖", "🧥", "👗", "👘", "🥻", "🩱", "🩳", "👙", "👚", "🥼", "🦺", "🎽", "🥋")
# Emoji of people whose drawing shows a head alone.
FACES = ("👶", "🧒", "👦", "👧", "🧑", "👨", "👩", "🧔", "👴", "👵", "🧓")
SEATS = ("🛋", "🛏", "🪑", "💺")
# Boards whose drawings have a person on them, and a board without one.
RIDDEN_BOARDS, BOARD = ("🏂", "🏄"), "🛹"
# Parts of a thing are no second thing: кот с синими глазами.
PARTS = {
    *("глаз", "волос", "ухо", "хвост", "лапа", "нос"),
    *("ус", "рот", "зуб", "крыло", "рог", "голова"),
}
_MOST_OTHERS = 3  # things beside the first: more would be too small to see, and take long to draw
# Each is a layout of its own.
PLACES = (
    *("в космосе", "на море", "в лесу", "в пустыне", "в снегу", "под дождем", "в огне"),
    *("на пляже", "в небе", "в городе", "на лугу", "под луной", "в тумане"),
)


def read_arranged_scene(vocabulary: Vocabulary, texts: Sequence[str]) -> Reading | None:
    """The reading of words that name a thing and where it is, with what, or how many of it.

    A verb between two things is left out, because the layout shows it: кот едет на машине.  One
    that describes the first thing counts before a place: кот спит на диване.  A head in an outfit
    that the weights draw well is no such scene, except for glasses.
    """
    texts = [plain(text) for text in texts]
    is_drawn_well = read_head_in_outfit(vocabulary, texts) and texts[-1] != "очках"
    if not vocabulary.scene_nouns or is_drawn_well:
        return None
    if counted := _read_counted(vocabulary, texts):
        return counted
    for place in range(1, len(texts)):
        first = read_subject(vocabulary, texts[:place])
        if first and (found := _with_all_parts(vocabulary, first, texts[place:])):
            return found
    return None


def read_part_of_scene(vocabulary: Vocabulary, texts: Sequence[str]) -> Reading | None:
    """The reading of the longest beginning that is a scene; the user is told what it is.

    кот на диване в комнате → кот на диване.
    """
    texts = [plain(text) for text in texts]
    for end in range(len(texts) - 1, 1, -1):
        is_end = texts[end] in LINKS or is_link(texts[end]) or is_likely("VERB", texts[end])
        reading = read_arranged_scene(vocabulary, texts[:end]) if is_end else None
        if reading and not reading.unknown:
            return replace(reading, unknown=" ".join(texts), instead=" ".join(texts[:end]))
    return None


def read_subject(vocabulary: Vocabulary, texts: Sequence[str]) -> Reading | None:
    """The reading of a scene's first thing, which may be counted or described."""
    return (
        read_thing(vocabulary, texts)
        or _read_counted(vocabulary, texts)
        or read_described(vocabulary, texts)
    )


def read_described(vocabulary: Vocabulary, texts: Sequence[str]) -> Reading | None:
    """The reading of a thing that a word describes: злой заяц, заяц злится, толстый заяц."""
    if len(texts) < 2 or not vocabulary.scene_nouns:
        return None
    for word, rest in ((texts[0], texts[1:]), (texts[-1], texts[:-1])):
        if description_of(word) and (found := read_subject(vocabulary, rest)):
            return _with_description(vocabulary, found, word)
    return None


def _with_description(vocabulary: Vocabulary, reading: Reading, word: str) -> Reading | None:
    """The reading of a thing, as a word describes it; None if the word describes nothing."""
    description = description_of(word)
    if not description or (description.emoji and description.emoji not in vocabulary.names):
        return None
    layout, symbol = description
    others = [Reading(vocabulary.caption_of(symbol))] if symbol else []
    if others and others[0].prompt in reading.prompts:  # быстро is drawn as that symbol already
        return None
    head = _as_head(vocabulary, reading)
    if symbol == TEAR and _is_only_a_head(vocabulary, head):
        layout, reading = "in tears", head
    if layout.startswith("worn"):
        reading = head
    return _with_layout(replace(reading, variants=()), layout, *others)


def _read_counted(vocabulary: Vocabulary, texts: Sequence[str]) -> Reading | None:
    """The reading of several of a thing: семь котят.

    A drawing that already shows several is repeated less often; where that cannot give the count,
    the user is told.
    """
    if len(texts) < 2 or not (count := count_of(texts[0], texts[-1])):
        return None
    thing = read_thing(vocabulary, texts[1:]) or read_described(vocabulary, texts[1:])
    if not thing:
        return None
    shown, one = SEVERAL.get(vocabulary.emoji_by_caption.get(thing.prompt, ""), (1, ""))
    thing = replace(thing, variants=())
    if one in vocabulary.names:
        single = replace(thing, prompt=vocabulary.caption_of(one))
        return _with_layout(single, counts.LAYOUTS[count])
    if count % shown:
        return replace(thing, unknown=" ".join(texts), instead=thing.prompt)
    return thing if count == shown else _with_layout(thing, counts.LAYOUTS[count // shown])


def _with_all_parts(vocabulary: Vocabulary, first: Reading, rest: Sequence[str]) -> Reading | None:
    """The reading of a thing and of all parts of the scene after it: в шляпе на море.

    Of the words that can be the next part, the most are tried first.
    """
    if len(first.others) >= _MOST_OTHERS:
        return None
    for end in range(len(rest), 0, -1):
        found = _with_part(vocabulary, first, rest[:end])
        if found and end < len(rest):
            left = _with_shared_preposition(rest[:end], rest[end:])
            found = _with_all_parts(vocabulary, found, left)
        if found:
            return found
    return None


def _with_shared_preposition(part: Sequence[str], left: Sequence[str]) -> Sequence[str]:
    """The words `left` after a part; its preposition takes the place of «и»: в очках и шляпе.

    «и» stays before a nominative, which is a thing of its own: кот с рыбой и собака.
    """
    if part[0] not in ("в", "с") or left[0] != "и" or len(left) < 2:
        return left
    if left[1] in LINKS:  # и с пиццей
        return left[1:]
    return left if left[1] == nominative(left[1]) else [part[0], *left[1:]]


def _with_part(vocabulary: Vocabulary, first: Reading, rest: Sequence[str]) -> Reading | None:
    """The reading of a thing and one part of the scene after it, which a verb may begin."""
    follows_verb = len(rest) > 1 and can_be("VERB", rest[0])
    if follows_verb:
        is_place = rest[1] in LINKS or " ".join(rest[1:]) in PLACES
        first = (is_place and _with_description(vocabulary, first, rest[0])) or first
        rest = rest[1:]
    where = " ".join(rest)
    if where in PLACES:
        return _with_layout(first, where)
    worn = WORN.get(where if "и" in rest else f"{rest[0]} {rest[-1]}")  # в красной шляпе
    if worn:
        emoji, place = worn
        if emoji not in vocabulary.names:
            return None
        in_words = read_thing(vocabulary, rest[1:])
        outfit = Reading(vocabulary.caption_of(emoji), colour=in_words.colour if in_words else "")
        head = _as_head(vocabulary, first)
        if place == "throat" and not _is_only_a_head(vocabulary, head):
            place = "chest"
        return _with_layout(head, f"worn at the {place}", outfit)
    layout = LINKS.get(rest[0], "")
    if not layout and (not follows_verb or is_likely("PREP", rest[0])):
        return None
    named = rest[1:] if layout else rest
    if layout == "beside" and named[:1] == ["с"]:  # рядом с
        named = named[1:]
    other = read_thing(vocabulary, named)
    if not other or (other.unknown and first.unknown) or not PARTS.isdisjoint(forms(rest[-1])):
        return None
    if other.unknown:
        first = replace(first, unknown=other.unknown, instead=other.instead)
    if other.layout and not first.layout and layout in ("beside", "with"):
        return _with_layout(other, "beside", replace(first, variants=(), colours=()))
    other = replace(other, variants=(), colours=(), unknown="", instead="", layout="", others=())
    emoji = vocabulary.emoji_by_caption.get(other.prompt, "")
    if rest[0] == "в" and emoji in CLOTHES:
        return _with_layout(_as_head(vocabulary, first), "clothed", other)
    layout = layout or "with"
    if layout == "on" and emoji in SEATS:
        layout = "on a seat"
    if layout == "on" and emoji in RIDDEN_BOARDS and BOARD in vocabulary.names:
        other = replace(other, prompt=vocabulary.caption_of(BOARD))
    if layout in first.layout.split(THEN) and layout == "with":
        layout = "with another"
    return _with_layout(first, layout, other)


def read_thing(vocabulary: Vocabulary, texts: Sequence[str]) -> Reading | None:
    """The reading of one thing of a scene, without its outfits."""
    words = list(texts)
    reading = read_coloured_thing(vocabulary, words) or read_whole(vocabulary, words)
    if not reading:
        if len(words) != 1:
            return None
        return read_known_noun(vocabulary, words) or read_substituted(vocabulary, words[0], words)
    single = tuple(each for each in reading.variants if each in vocabulary.emoji_by_caption)
    return replace(reading, variants=single)


def _as_head(vocabulary: Vocabulary, reading: Reading) -> Reading:
    """The reading with a head as its only prompt, if one of its emoji is a head with outfits."""
    heads = map(vocabulary.caption_of, vocabulary.outfits)
    prompt = next((head for head in heads if head in reading.prompts), reading.prompt)
    return replace(reading, prompt=prompt, variants=())


def _is_only_a_head(vocabulary: Vocabulary, reading: Reading) -> bool:
    """Whether a drawing shows a head from the front, and no body."""
    emoji = vocabulary.emoji_by_caption.get(reading.prompt, "")
    return emoji in FACES or reading.prompt.startswith("морда")


def _with_layout(reading: Reading, layout: str, *others: Reading) -> Reading:
    """The reading with one more layout, and the other things that this layout arranges."""
    layouts = [reading.layout, layout] if reading.layout else [layout]
    return replace(reading, layout=THEN.join(layouts), others=(*reading.others, *others))
