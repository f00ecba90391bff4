"""One thing of a scene, and what its drawing shows: a head, a body, eyes."""

from collections.abc import Sequence
from dataclasses import replace

from emojich_core.reading.coloured_things import read_coloured_thing
from emojich_core.reading.substitutes import read_substituted
from emojich_core.reading.vocabulary import Vocabulary
from emojich_core.reading.whole_phrases import read_known_noun, read_whole
from emojich_core.request import IN_LOVE, Reading
from emojich_core.scenes.eyes import eyes_by_caption

CAT, LOVING_CAT = "🐱", "😻"
# Emoji of people whose drawing shows a head alone.
_HEADS_OF_PEOPLE = ("👶", "🧒", "👦", "👧", "🧑", "👨", "👩", "🧔", "👴", "👵", "🧓")


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

    A кот is not laughing in space, and a мышка that does something is the animal.
    """
    emoji = vocabulary.emoji_by_caption
    single = [each for each in reading.prompts if each in emoji]
    animals = [each for each in single if has_known_eyes(replace(reading, prompt=each))]
    has_head = any(emoji[each] in vocabulary.outfits for each in animals)
    # Most must be animals: a снеговик is one of several things that show зима.
    if has_head and 2 * len(animals) >= len(single):
        return replace(reading, prompt=animals[0], variants=tuple(animals[1:]))
    return replace(reading, variants=tuple(each for each in reading.variants if each in single))


def as_head(vocabulary: Vocabulary, reading: Reading) -> Reading:
    """The reading with a head as its only prompt, if one of its emoji is a head with outfits."""
    heads = map(vocabulary.caption_of, vocabulary.outfits)
    prompt = next((head for head in heads if head in reading.prompts), reading.prompt)
    return replace(reading, prompt=prompt, variants=())


def is_only_a_head(vocabulary: Vocabulary, reading: Reading) -> bool:
    """Whether a drawing shows a head from the front, and no body."""
    emoji = vocabulary.emoji_by_caption.get(reading.prompt, "")
    return emoji in _HEADS_OF_PEOPLE or reading.prompt.startswith("морда")


def has_known_eyes(reading: Reading) -> bool:
    """Whether it is known where the eyes of a thing are."""
    return reading.prompt in eyes_by_caption()


def with_loving_eyes(vocabulary: Vocabulary, reading: Reading) -> Reading:
    """The reading of 😻 as a cat's head whose eyes are hearts, because the weights blot the emoji.

    Any other reading stays as it is.
    """
    if reading.prompt != vocabulary.names.get(LOVING_CAT) or CAT not in vocabulary.names:
        return reading
    return replace(reading, prompt=vocabulary.caption_of(CAT), eyes=IN_LOVE)
