"""Scenes that are put together from drawings: кот с пиццей, два кота в космосе, злой заяц.

A small model draws one thing well and two together seldom, so each thing is drawn by itself.  The
reading of a scene names its layouts, which `emojich_core.scenes` applies to the finished pictures
one after another.
"""

from collections.abc import Sequence
from dataclasses import replace

from emojich_core.reading import counts
from emojich_core.reading.colour_names import basic_colour
from emojich_core.reading.coloured_things import read_coloured_thing
from emojich_core.reading.counts import SEVERAL, count_of
from emojich_core.reading.descriptions import description_of
from emojich_core.reading.diminutives import bases
from emojich_core.reading.learned_scenes import read_head_in_outfit
from emojich_core.reading.scene_words import in_scene_words
from emojich_core.reading.substitutes import read_substituted
from emojich_core.reading.vocabulary import Vocabulary
from emojich_core.reading.whole_phrases import read_known_noun, read_whole
from emojich_core.reading.words import (
    agrees,
    can_be,
    forms,
    is_likely,
    is_link,
    is_locative,
    is_qualifier,
    nominative,
    plain,
)
from emojich_core.request import IN_LOVE, IN_TEARS, THEN, Reading
from emojich_core.scenes.eyes import eyes_by_caption, hat_spares_eyes

# The layouts, by a word between two things.
LINKS = {
    **dict.fromkeys(("и", "или", "против", "у", "возле", "около", "перед"), "beside"),
    **dict.fromkeys(("рядом", "вместе", "среди", "к", "ко", "от", "напротив"), "beside"),
    **dict.fromkeys(("с", "со", "о", "об", "про", "для"), "with"),
    **dict.fromkeys(("на", "за", "над", "через", "по"), "on"),
    **dict.fromkeys(("в", "во", "из", "из-за"), "in"),
    "под": "under",
}
# Clothes: the emoji of each, and where it sits on a head.
WORN = {
    "в шляпе": ("🎩", "top"),
    "в короне": ("👑", "top"),
    "в кепке": ("🧢", "top"),
    "в шлеме": ("🪖", "top"),
    "в каске": ("⛑", "crown"),
    "в очках": ("👓", "eyes"),
    "в темных очках": ("🕶", "eyes"),
    "в наушниках": ("🎧", "ears"),
    "с бантом": ("🎀", "neck"),
    "в шарфе": ("🧣", "throat"),
    "с шарфом": ("🧣", "throat"),
}
CAT, CRYING_CAT, LOVING_CAT = "🐱", "😿", "😻"
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
    *("ус", "рот", "зуб", "крыло", "рог", "голова", "борода", "грива", "коса", "прическа"),
    *("щека", "живот", "пузо", "рука", "нога", "палец", "улыбка", "лицо", "копыто", "клюв"),
}
_MOST_OTHERS = 3  # things beside the first: more would be too small to see, and take long to draw
# What no emoji shows by itself is drawn; each is a layout of its own, as are the places.
COLOURED_OUTFITS = ("в шапке", "в костюме")
OUTFITS = (*COLOURED_OUTFITS, "в колпаке")
# Weather and night, which are in another place, too: ночью в лесу.
WEATHER = ("под дождем", "под луной", "в тумане", "в снегу")
PLACES = (
    *("в космосе", "на луне", "на море", "под водой", "в лесу", "в пустыне", "в огне", "на пляже"),
    *("в небе", "в городе", "на лугу", "в комнате", "на сцене", *WEATHER),
)
# Of moods: with a symbol that is drawn, or letters Z.
SYMBOL = "in a mood"
MOODS = (SYMBOL, "asleep")
# Between a thing and its colour: кот с зелёными глазами.
_WITH = ("с", "со")


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
    if counted := _read_counted(vocabulary, texts) or _read_with_counted(vocabulary, texts):
        return counted
    for place in range(1, len(texts)):
        first = read_subject(vocabulary, texts[:place])
        if first and (found := _with_all_parts(vocabulary, first, texts[place:])):
            return found
    return None


def _needs_layout(vocabulary: Vocabulary, texts: Sequence[str]) -> bool:
    """Whether an outfit that the weights draw would be another one, or the head lack its eyes."""
    if texts[-1] in ("очках", "шапке"):
        return True
    thing = read_thing(vocabulary, texts[:-2])
    return thing is not None and not hat_spares_eyes(_as_head(vocabulary, thing).prompt)


def read_part_of_scene(vocabulary: Vocabulary, texts: Sequence[str]) -> Reading | None:
    """The reading of the longest beginning that is a scene; the user is told what it is.

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


def in_love(vocabulary: Vocabulary, reading: Reading) -> Reading:
    """The reading with a cat's head whose eyes are hearts for 😻, which the weights often blot."""
    if reading.prompt != vocabulary.names.get(LOVING_CAT) or CAT not in vocabulary.names:
        return reading
    return replace(reading, prompt=vocabulary.caption_of(CAT), eyes=IN_LOVE)


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
    layout, symbol, eyes = description
    others = [Reading(vocabulary.caption_of(symbol))] if symbol else []
    if others and others[0].prompt in reading.prompts:  # быстро is drawn as that symbol already
        return None
    head = _as_head(vocabulary, reading)
    if eyes or layout.startswith("worn"):
        reading = replace(head, eyes=eyes)
    if (eyes == IN_TEARS or not layout) and _has_eyes(reading):  # these need no symbol
        is_crying_cat = eyes == IN_TEARS and reading.prompt == vocabulary.caption_of(CAT)
        crying = vocabulary.names.get(CRYING_CAT, "") if is_crying_cat else ""
        return replace(reading, prompt=crying, eyes="") if crying else reading
    return _with_layout(replace(reading, variants=()), layout, *others) if layout else None


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


def _read_with_counted(vocabulary: Vocabulary, texts: Sequence[str]) -> Reading | None:
    """The reading of a thing and several of another one: волк и семь козлят."""
    for place in range(1, len(texts) - 2):
        counted = _read_counted(vocabulary, texts[place + 1 :]) if texts[place] == "и" else None
        if not counted or counted.others:
            continue
        thing = read_thing(vocabulary, texts[:place])
        if thing and not (thing.unknown and counted.unknown):
            told = thing if thing.unknown else counted
            counted = replace(counted, unknown=told.unknown, instead=told.instead)
            other = replace(thing, variants=(), colours=(), unknown="", instead="")
            return _with_layout(counted, "beside", other)
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
        found = _with_part(vocabulary, first, rest[:end])
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


def _with_part(vocabulary: Vocabulary, first: Reading, rest: Sequence[str]) -> Reading | None:
    """The reading of a thing and one part of the scene after it, which a verb may begin."""
    follows_verb = len(rest) > 1 and can_be("VERB", rest[0])
    if len(rest) == 2 and rest[0] in ("и", "а") and description_of(rest[1]):  # и злой
        return _with_description(vocabulary, first, rest[1])
    described = None
    if follows_verb:
        described = _with_description(vocabulary, first, rest[0])
        is_place = rest[1] in LINKS or " ".join(rest[1:]) in PLACES
        first = (is_place and described) or first
        rest = rest[1:]
    if follows_verb and _is_part(rest[-1]):  # машет лапой
        return described
    where = _without_adjectives(rest)
    if where in PLACES:
        return _with_place(first, where)
    if rest[0] in _WITH and "глаз" in forms(rest[-1]):
        colour = basic_colour(rest[1])
        head = _as_head(vocabulary, first)
        is_seen = len(rest) == 3 and colour and _has_eyes(head)
        return replace(head, eyes=colour) if is_seen else None
    if where in OUTFITS:
        colour = next(filter(None, map(basic_colour, rest[1:-1])), "")
        is_coloured = colour and where in COLOURED_OUTFITS
        layout = f"{where} {colour}" if is_coloured else where
        return _with_layout(_as_head(vocabulary, first), layout)
    worn = WORN.get(where)  # в красной шляпе
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
    if rest[:2] == ["на", "фоне"]:
        layout, rest = "on a seat", rest[1:]
    if not layout and (not follows_verb or is_likely("PREP", rest[0])):
        return None
    named = rest[1:] if layout else rest
    if layout == "beside" and named[:1] == ["с"]:  # рядом с
        named = named[1:]
    other = read_thing(vocabulary, named)
    if not other or (other.unknown and first.unknown) or _is_part(rest[-1]):
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
    if follows_verb and layout == "in" and not is_locative(rest[-1]):  # играет в футбол
        layout = "with"
    if layout in ("on", "in") and emoji in SEATS:
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
    return _without_other_things(vocabulary, reading)


def _without_other_things(vocabulary: Vocabulary, reading: Reading) -> Reading:
    """The reading without captions of scenes, or of moods, or of things beside an animal.

    A кот is not laughing in space, and of a мышка that does something the animal is meant.
    """
    emoji = vocabulary.emoji_by_caption
    single = [each for each in reading.prompts if each in emoji]
    animals = [each for each in single if _has_eyes(replace(reading, prompt=each))]
    has_head = any(emoji[each] in vocabulary.outfits for each in animals)
    if has_head and 2 * len(animals) >= len(single):  # a снеговик is but one of what shows зима
        return replace(reading, prompt=animals[0], variants=tuple(animals[1:]))
    return replace(reading, variants=tuple(each for each in reading.variants if each in single))


def _as_head(vocabulary: Vocabulary, reading: Reading) -> Reading:
    """The reading with a head as its only prompt, if one of its emoji is a head with outfits."""
    heads = map(vocabulary.caption_of, vocabulary.outfits)
    prompt = next((head for head in heads if head in reading.prompts), reading.prompt)
    return replace(reading, prompt=prompt, variants=())


def _is_only_a_head(vocabulary: Vocabulary, reading: Reading) -> bool:
    """Whether a drawing shows a head from the front, and no body."""
    emoji = vocabulary.emoji_by_caption.get(reading.prompt, "")
    return emoji in FACES or reading.prompt.startswith("морда")


def _without_adjectives(part: Sequence[str]) -> str:
    """A part of a scene without the adjectives before its noun: в красной шляпе → в шляпе.

    With those that belong to its name: в темных очках.
    """
    named, noun = " ".join(part), part[-1]
    is_plain = all(is_qualifier(word) or agrees(word, noun) for word in part[1:-1])
    if named in WORN or named in OUTFITS or not is_plain:
        return named
    return f"{part[0]} {part[-1]}"


def _is_part(word: str) -> bool:
    """Whether a word names a part of a thing: лапкой."""
    return not PARTS.isdisjoint((*forms(word), *bases(word)))


def _has_eyes(reading: Reading) -> bool:
    """Whether it is known where the eyes of a thing are."""
    return reading.prompt in eyes_by_caption()


def _with_layout(reading: Reading, layout: str, *others: Reading) -> Reading:
    """The reading with one more layout, and the other things that this layout arranges.

    Moods and places stay last, because all things are there: кот в лесу с грибом.  Of several of
    a thing, each has its mood.  What is worn comes first: медведь на мотоцикле в очках.
    """
    layouts = _layouts_of(reading)
    ends = PLACES if layout in counts.LAYOUTS.values() else (*PLACES, *MOODS)
    before = len(layouts)
    while before and layouts[before - 1] in ends:
        before -= 1
    if _is_worn(layout):
        before = next((n for n, each in enumerate(layouts) if not _is_worn(each)), before)
    place = sum(map(_takes_another, layouts[:before]))
    things = (*reading.others[:place], *others, *reading.others[place:])
    layouts = [*layouts[:before], layout, *layouts[before:]]
    return replace(reading, layout=THEN.join(layouts), others=things)


def _is_worn(layout: str) -> bool:
    return layout.startswith(("worn", *OUTFITS)) or layout == "clothed"


def _takes_another(layout: str) -> bool:
    """Whether a layout arranges a thing besides the first."""
    one = (*PLACES, *counts.LAYOUTS.values(), "fat", "thin", "asleep")
    return layout not in one and not layout.startswith(OUTFITS)


def _with_place(reading: Reading, place: str) -> Reading | None:
    """The reading in one more place; None where it is in another one already, but for weather."""
    layouts = _layouts_of(reading)
    places = [each for each in layouts if each in PLACES]
    if place in places:
        return reading
    if place not in WEATHER and any(each not in WEATHER for each in places):
        return None
    in_order = sorted([*places, place], key=WEATHER.__contains__)
    layouts = [*layouts[: len(layouts) - len(places)], *in_order]
    return replace(reading, layout=THEN.join(layouts))


def _layouts_of(reading: Reading) -> list[str]:
    return reading.layout.split(THEN) if reading.layout else []
