"""Scenes that no layout has, and that the weights would spoil: their things are drawn alone.

кот собака машина gives each of them in turn; клубника со сливками the first thing, and the bot says
what it has left out.
"""

from dataclasses import replace

from emojich_core.reading.lookup import find
from emojich_core.reading.text import words_in
from emojich_core.reading.things import read_thing
from emojich_core.reading.vocabulary import Vocabulary
from emojich_core.reading.whole_phrases import take_turns
from emojich_core.reading.words import is_noun, lemma, nominative, nouns, plain, says_something
from emojich_core.request import Reading


def read_things_alone(vocabulary: Vocabulary, prompt: str) -> Reading | None:
    """The reading of the first thing of a scene, or of all where the prompt is a list of things."""
    texts = words_in(prompt)
    named = nouns(texts)
    found = {noun: read_thing(vocabulary, [noun]) for noun in dict.fromkeys(named)}
    known = [reading for reading in found.values() if reading]
    if not vocabulary.scene_nouns or not known or len(texts) < 2:
        return None
    if len(known) > 1 and all(map(is_noun, texts)) and not any(each.unknown for each in known):
        return take_turns(reading.prompt for reading in known)
    noun, reading = next((noun, reading) for noun, reading in found.items() if reading)
    is_all_said = not any(says_something(text) for text in texts if text != noun)
    if reading.unknown or is_all_said:
        return reading
    return replace(reading, unknown=" ".join(map(plain, texts)), instead=nominative(noun))


def read_word_alone(vocabulary: Vocabulary, texts: list[str]) -> Reading | None:
    """The reading of the first word that means an emoji, among words that name no thing.

    Only its likeliest dictionary form counts: уже is not read as уж.
    """
    for text in filter(says_something, texts):
        found = find(vocabulary, text)
        if found and found.phrase in (plain(text), lemma(text)):
            said = " ".join(map(plain, texts))
            return Reading(vocabulary.caption_of(found.emoji), said, plain(text))
    return None
