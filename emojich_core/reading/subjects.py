"""The first thing of a scene, which may be counted or described: семь котят, злой заяц."""

from collections.abc import Sequence
from dataclasses import replace

from emojich_core.reading import counts
from emojich_core.reading.counts import SEVERAL, count_of
from emojich_core.reading.descriptions import description_of
from emojich_core.reading.layouts import with_layout
from emojich_core.reading.things import CAT, as_head, has_known_eyes, read_thing
from emojich_core.reading.vocabulary import Vocabulary
from emojich_core.request import IN_TEARS, Reading

_CRYING_CAT = "😿"


def read_subject(vocabulary: Vocabulary, texts: Sequence[str]) -> Reading | None:
    """The reading of a scene's first thing, which may be counted or described."""
    return (
        read_thing(vocabulary, texts)
        or read_counted(vocabulary, texts)
        or read_described(vocabulary, texts)
    )


def read_described(vocabulary: Vocabulary, texts: Sequence[str]) -> Reading | None:
    """The reading of a thing that a word describes: злой заяц, заяц злится, толстый заяц."""
    if len(texts) < 2 or not vocabulary.scene_nouns:
        return None
    for word, rest in ((texts[0], texts[1:]), (texts[-1], texts[:-1])):
        if description_of(word) and (found := read_subject(vocabulary, rest)):
            return with_description(vocabulary, found, word)
    return None


def with_description(vocabulary: Vocabulary, reading: Reading, word: str) -> Reading | None:
    """The reading of a thing, as a word describes it; None if the word describes nothing."""
    description = description_of(word)
    if not description or (description.emoji and description.emoji not in vocabulary.names):
        return None
    layout, symbol, eyes = description
    others = [Reading(vocabulary.caption_of(symbol))] if symbol else []
    if others and others[0].prompt in reading.prompts:  # быстро is drawn as that symbol already
        return None
    if eyes or layout.startswith("worn"):
        reading = replace(as_head(vocabulary, reading), eyes=eyes)
    needs_no_symbol = eyes == IN_TEARS or not layout
    if needs_no_symbol and has_known_eyes(reading):
        return _with_crying_cat(vocabulary, reading)
    return with_layout(replace(reading, variants=()), layout, *others) if layout else None


def _with_crying_cat(vocabulary: Vocabulary, reading: Reading) -> Reading:
    """The reading with 😿 for a cat in tears, if the weights draw that emoji."""
    if reading.eyes != IN_TEARS or reading.prompt != vocabulary.caption_of(CAT):
        return reading
    crying = vocabulary.names.get(_CRYING_CAT)
    return replace(reading, prompt=crying, eyes="") if crying else reading


def read_counted(vocabulary: Vocabulary, texts: Sequence[str]) -> Reading | None:
    """The reading of several of a thing: семь котят.

    A drawing that already shows several is repeated less often; where that cannot give the count,
    the bot tells the user.
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
        return with_layout(single, counts.LAYOUTS[count])
    if count % shown:
        return replace(thing, unknown=" ".join(texts), instead=thing.prompt)
    return thing if count == shown else with_layout(thing, counts.LAYOUTS[count // shown])
