"""Scenes that the weights have learned: the thing in them is called as their captions call it.

бульдог в шляпе → собака в шляпе.
"""

from dataclasses import replace

from emojich_core.reading.colour_names import natural_colours
from emojich_core.reading.lookup import find
from emojich_core.reading.text import replace_word, split_at, words_in
from emojich_core.reading.vocabulary import Vocabulary
from emojich_core.reading.words import forms, is_adjective, nouns, plain
from emojich_core.request import Reading

# The hats of learned scenes; the weights draw the first one well on most heads.
HATS = ("в шляпе", "в шапке")


def read_learned_scene(vocabulary: Vocabulary, prompt: str, named: list[str]) -> Reading:
    """The reading of a prompt with a known word: its subject, the first of `named`, renamed.

    A prompt whose subject has no name in scenes, or follows other words than adjectives, stays.
    """
    if not named or not vocabulary.scene_nouns:
        return Reading(prompt)
    subject = named[0]
    before = words_in(split_at(prompt, subject)[0])
    name = _scene_name(vocabulary, subject) if all(map(is_adjective, before)) else ""
    if not name:
        return Reading(prompt)
    return Reading(_with_learned_hat(vocabulary, replace_word(prompt, subject, name), name))


def read_head_in_outfit(vocabulary: Vocabulary, texts: list[str]) -> Reading | None:
    """The reading of a head in an outfit that it is drawn well in: кот в шляпе."""
    texts = [plain(text) for text in texts]
    reading = read_learned_scene(vocabulary, " ".join(texts), nouns(texts))
    for head in vocabulary.outfits:
        if reading.prompt in vocabulary.scenes_of(head):
            return replace(reading, colours=natural_colours().get(head, ()))
    return None


def _scene_name(vocabulary: Vocabulary, subject: str) -> str:
    """What scenes call a subject; an empty string if they lack it."""
    for form in forms(subject):
        if form in vocabulary.scene_names:
            return form
    found = find(vocabulary, subject)
    return vocabulary.scene_nouns.get(found.emoji, "") if found else ""


def _with_learned_hat(vocabulary: Vocabulary, prompt: str, noun: str) -> str:
    """The scene with the hat that is drawn well on a head, instead of another one."""
    heads = [emoji for emoji in vocabulary.outfits if vocabulary.scene_nouns.get(emoji) == noun]
    worn = {outfit for head in heads for outfit in vocabulary.outfits[head]}
    for hat in HATS[1:]:
        if HATS[0] in worn and hat not in worn:
            prompt = HATS[0].join(split_at(prompt, hat))
    return prompt
