"""Scenes that are put together from drawings: two things, a count, clothes, a place, a mood.

A small model draws one thing well and two together seldom, so each thing of кот с пиццей is drawn
by itself.  A reading names the layout; `emojich_core.scenes` arranges the finished pictures.
"""

from collections.abc import Sequence
from dataclasses import replace

from emojich_core.reading.coloured_things import read_coloured_thing
from emojich_core.reading.learned_scenes import read_head_in_outfit
from emojich_core.reading.substitutes import read_substituted
from emojich_core.reading.vocabulary import Vocabulary
from emojich_core.reading.whole_phrases import read_known_noun, read_whole
from emojich_core.reading.words import can_be, forms, is_likely, plain
from emojich_core.request import Reading

# The layouts, by a count, and by a word between two things.
COUNTS = {
    **dict.fromkeys(("два", "две", "двое", "2", "пара"), "twice"),
    **dict.fromkeys(("три", "трое", "3"), "three times"),
}
LINKS = {"и": "beside", "с": "with", "со": "with", "на": "on", "в": "on", "под": "under"}
# Clothes: the emoji of each, and where it sits on a head.
WORN = {
    "в шляпе": ("🎩", "top"),
    "в короне": ("👑", "top"),
    "в кепке": ("🧢", "top"),
    "в шапке": ("🧢", "top"),
    "в шлеме": ("🪖", "top"),
    "в каске": ("⛑", "top"),
    "в очках": ("👓", "eyes"),
    "в темных очках": ("🕶", "eyes"),
    "в наушниках": ("🎧", "ears"),
    "с бантом": ("🎀", "neck"),
}
# Adjectives and verbs (of participles, too) of a mood, by the emoji that is its symbol.
MOODS = {
    "💤": ("сонный", "спать", "дремать"),
    "💢": ("злой", "сердитый", "злиться", "сердиться"),
    "💧": ("грустный", "печальный", "плакать", "грустить"),
    "❤": ("влюбленный", "влюбить", "любить"),
    "💡": ("умный", "думать"),
    "🎵": ("музыкальный", "петь"),
}
# Parts of a thing are no second thing: кот с синими глазами.
PARTS = {
    *("глаз", "волос", "ухо", "хвост", "лапа", "нос"),
    *("ус", "рот", "зуб", "крыло", "рог", "голова"),
}
# Each is a layout of its own.
PLACES = ("в космосе", "на море", "в лесу", "в пустыне", "в снегу", "под дождем", "в огне")


def read_arranged_scene(vocabulary: Vocabulary, texts: Sequence[str]) -> Reading | None:
    """The reading of words that name a thing and where it is, with what, or how often.

    Verbs between things say no more than their places: кот ест рыбу, кот едет на машине.  A head in
    an outfit that the weights draw well is no such scene, except for glasses.
    """
    texts = [plain(text) for text in texts]
    is_drawn_well = read_head_in_outfit(vocabulary, texts) and texts[-1] != "очках"
    if not vocabulary.scene_nouns or is_drawn_well:
        return None
    if len(texts) > 1 and texts[0] in COUNTS and (counted := read_thing(vocabulary, texts[1:])):
        return _single(counted, COUNTS[texts[0]])
    for place in range(1, len(texts)):
        first = read_thing(vocabulary, texts[:place])
        rest = texts[place:]
        follows_verb = len(rest) > 1 and can_be("VERB", rest[0])
        if follows_verb:
            rest = rest[1:]
        if first and (found := _read_first_with(vocabulary, first, rest, follows_verb)):
            return found
    return None


def read_in_mood(vocabulary: Vocabulary, texts: Sequence[str]) -> Reading | None:
    """The reading of a thing in a mood: злой заяц, заяц злится."""
    if len(texts) < 2 or not vocabulary.scene_nouns:
        return None
    for word, rest in ((texts[0], texts[1:]), (texts[-1], texts[:-1])):
        said = set(forms(word))
        symbol = next((each for each, words in MOODS.items() if not said.isdisjoint(words)), "")
        if symbol in vocabulary.names and (found := read_thing(vocabulary, rest)):
            mood = Reading(vocabulary.caption_of(symbol))
            return replace(_single(found, "in a mood"), others=(mood,))
    return None


def _read_first_with(
    vocabulary: Vocabulary, first: Reading, rest: Sequence[str], follows_verb: bool
) -> Reading | None:
    """The reading of a thing and the words after it, without the verb that they may follow."""
    where = " ".join(rest)
    if where in PLACES:
        return replace(first, layout=where)
    if worn := WORN.get(where) or WORN.get(f"{rest[0]} {rest[-1]}"):
        emoji, place = worn
        if emoji not in vocabulary.names:
            return None
        in_words = read_thing(vocabulary, rest[1:])
        outfit = Reading(vocabulary.caption_of(emoji), colour=in_words.colour if in_words else "")
        head = _as_head(vocabulary, first)
        return replace(_single(head, f"worn at the {place}"), others=(outfit,))
    layout = LINKS.get(rest[0], "")
    if not layout and (not follows_verb or is_likely("PREP", rest[0])):
        return None
    other = read_thing(vocabulary, rest[1:] if layout else rest)
    if not other or other.unknown or not PARTS.isdisjoint(forms(rest[-1])):
        return None
    other = replace(other, variants=(), colours=())
    return replace(first, layout=layout or "with", others=(other,))


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
    """The reading with a head as its prompt, if one of its emoji is a head that wears outfits."""
    heads = map(vocabulary.caption_of, vocabulary.outfits)
    prompt = next((head for head in heads if head in reading.prompts), reading.prompt)
    return replace(reading, prompt=prompt)


def _single(reading: Reading, layout: str) -> Reading:
    """A reading with a layout for one prompt: its variants may have no head, or be several."""
    return replace(reading, variants=(), layout=layout)
