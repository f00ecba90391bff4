"""Reads a prompt: what a bundle draws for it, in the order of these decisions.

1. Words that the picture is to show are set apart (`lettering`), and so is the wish for large
   pixels (`pixel_art`).
2. Emoji are replaced by names where they stand for words, and left out beside words
   (`emoji_for_words`).  Signs are removed, and misspelled words mended (`spelling`).
3. Of a prompt with a number, several of a thing are drawn, unless an emoji means the whole prompt
   (`counts`, `arranged_scenes`): 3 кота, but 8 марта.
4. Of a thing in a colour, the thing is drawn, and its picture gets the colour (`coloured_things`).
5. A prompt that as a whole means one emoji, in any form or as a diminutive, is replaced by the name
   of that emoji, or by its better caption (`whole_phrases`, `faces`), or by a scene that shows it
   better (`shown_as`).
6. Of a list, all things are drawn (`arranged_scenes`).  A phrase that means an emoji stands for the
   prompt if the rest shows nothing (`partial_phrases`).
7. Words that a user does not want (`negations`), and words before a wish (`partial_phrases`), are
   left out.
8. Clothes and places get the words of scenes (`scene_words`).
9. A word that describes a thing adds a symbol, clothes or a place to its picture, makes it wider or
   narrower, or changes its eyes (`descriptions`, `subjects`).
10. Adjectives that the weights cannot draw are left out (`adjectives`).
11. Of a scene, each thing is drawn, unless the weights draw the scene well (`arranged_scenes`,
    `learned_scenes`); of a scene that no layout has, the first thing alone (`things_alone`).
12. A noun that the weights have not learned is replaced by another one (`substitutes`).
13. Of emoji beside words that mean nothing, each is drawn: the candidates take turns.
14. Of a prompt in which nothing else is known, the noun of an adjective is drawn
    (`nouns_of_adjectives`), or a heart in the colour that it names (`coloured_things`).

The bot tells the user which word the model draws for a word that the lexicon marks as another thing
than its emoji, and for a word that has only a neighbour; and what of a scene or of a participle is
left out: горящий дом.
"""

from contextlib import suppress
from dataclasses import replace

from emojich_core.reading.adjectives import (
    quality_left_out,
    with_verbs_for_participles,
    without_unknown_adjectives,
)
from emojich_core.reading.arranged_scenes import (
    read_arranged_scene,
    read_list,
    read_part_of_scene,
)
from emojich_core.reading.colour_names import basic_colour
from emojich_core.reading.coloured_things import read_colour_alone, read_coloured_thing
from emojich_core.reading.counts import COUNTS
from emojich_core.reading.descriptions import description_of, descriptions_apart
from emojich_core.reading.emoji_for_words import with_names_for_emoji
from emojich_core.reading.faces import read_face
from emojich_core.reading.layouts import with_last_layout
from emojich_core.reading.learned_scenes import read_head_in_outfit, read_learned_scene
from emojich_core.reading.lettering import written_in
from emojich_core.reading.lookup import find
from emojich_core.reading.negations import without_negated
from emojich_core.reading.nouns_of_adjectives import read_noun_of_adjective
from emojich_core.reading.partial_phrases import (
    object_of_infinitive,
    read_clauses,
    read_greeting,
    read_in_one_word,
    without_opening,
)
from emojich_core.reading.pixel_art import without_pixel_art
from emojich_core.reading.poses import with_pose
from emojich_core.reading.scene_parts import LINKS
from emojich_core.reading.scene_words import in_scene_words
from emojich_core.reading.spelling import mended, respelled, sound_alike
from emojich_core.reading.subjects import read_described
from emojich_core.reading.substitutes import read_substituted
from emojich_core.reading.text import words_and_numbers_in, words_in
from emojich_core.reading.things import with_loving_eyes
from emojich_core.reading.things_alone import read_things_alone, read_word_alone
from emojich_core.reading.vocabulary import Vocabulary
from emojich_core.reading.whole_phrases import read_in_turn, read_whole
from emojich_core.reading.words import nouns, plain, says_something
from emojich_core.reading.written_emoji import split
from emojich_core.request import IN_PIXELS, ONE_WAY, WRITTEN, InvalidRequest, Reading, Reason

SPARKLES = "✨"
EXAMPLES = "«кот в шляпе», «горящее сердце» or «панда в короне»"


def read(vocabulary: Vocabulary, prompt: str) -> Reading:
    """What to draw for a prompt.  Raises InvalidRequest when nothing like it is known.

    Words that the picture is to show are written under what is drawn.  If a user asks for words
    alone, they are written under what they mean, or else under SPARKLES.
    """
    subject, words = written_in(prompt) if vocabulary.scene_nouns else (prompt, "")
    if not words:
        return _read_in_pixels(vocabulary, subject)
    with suppress(InvalidRequest):
        reading = _read_in_pixels(vocabulary, subject or words)
        if subject or not reading.unknown:
            return _with_words(reading, words)
    sparkles = vocabulary.names.get(SPARKLES)
    return _with_words(Reading(sparkles), words) if sparkles else _read(vocabulary, prompt)


def _read_in_pixels(vocabulary: Vocabulary, prompt: str) -> Reading:
    """The reading of a prompt, in large pixels if it asks for them: пиксельный кот."""
    subject = without_pixel_art(prompt) if vocabulary.scene_nouns else prompt
    if subject == prompt or not subject:
        return _read(vocabulary, prompt)
    reading = _read(vocabulary, subject)
    single = tuple(each for each in reading.variants if each in vocabulary.emoji_by_caption)
    return with_last_layout(replace(reading, variants=single), IN_PIXELS)


def _with_words(reading: Reading, words: str) -> Reading:
    """The reading of a picture over words, which must not be mirrored."""
    if not reading.layout:
        reading = replace(reading, variants=())
    return with_last_layout(replace(reading, pose=ONE_WAY), WRITTEN + words)


def _read(vocabulary: Vocabulary, prompt: str) -> Reading:
    """What to draw for a prompt that shows no words."""
    parts = split(prompt, vocabulary.names)

    def respell(word: str) -> str:
        return _respelled_unless_known(vocabulary, word)

    said = with_names_for_emoji(vocabulary, parts)
    words = words_in(said)
    if len(words) < 2 or not read_whole(vocabulary, words):  # винни пух is no вишня
        said = mended(said, respell)
    reading = _read_words(vocabulary, said)
    reading = reading or read_in_turn(vocabulary, (part for part, is_emoji in parts if is_emoji))
    reading = reading or read_noun_of_adjective(vocabulary, words_in(said))
    reading = reading or read_colour_alone(vocabulary, words_in(said))
    if reading:
        return with_pose(vocabulary, with_loving_eyes(vocabulary, reading))
    message = f"The model knows no word of «{prompt}»: try {EXAMPLES}."
    raise InvalidRequest(Reason.UNKNOWN, message)


def _respelled_unless_known(vocabulary: Vocabulary, word: str) -> str:
    """A word as it was meant; slang that looks like a diminutive is no misspelling."""
    if vocabulary.knows(word):
        return word
    meant = respelled(word)
    return word if find(vocabulary, word) and not sound_alike(word, meant) else meant


def _read_words(vocabulary: Vocabulary, prompt: str) -> Reading | None:
    """The reading of a prompt in words, spelled right."""
    prompt = descriptions_apart(prompt)
    texts = words_in(prompt)
    numbered = words_and_numbers_in(prompt)
    reading = None
    if numbered != texts or plain("".join(texts[:1])) in COUNTS:  # 8 марта is no марта
        scene = in_scene_words(" ".join(numbered)).split()
        reading = read_whole(vocabulary, numbered) or read_arranged_scene(vocabulary, scene)
    reading = (
        reading
        or read_coloured_thing(vocabulary, texts)
        or read_whole(vocabulary, texts)
        or read_face(vocabulary, texts)
        or read_in_one_word(vocabulary, texts)
        or read_list(vocabulary, prompt)
        or read_clauses(vocabulary, prompt)
        or read_greeting(vocabulary, texts)
    )
    if reading:
        return reading
    shown = object_of_infinitive(texts)
    if shown and (reading := _read_words(vocabulary, shown)):
        return reading
    return _read_by_parts(vocabulary, prompt)


def _read_by_parts(vocabulary: Vocabulary, prompt: str) -> Reading | None:
    """The reading of a prompt that no phrase stands for, by its scenes, things and nouns.

    If a visible quality such as горящий is left out, `unknown` and `instead` say so.
    """
    wanted = without_opening(without_negated(prompt))
    if wanted != prompt:
        return _read_words(vocabulary, wanted)
    said = words_in(prompt)
    prompt = in_scene_words(prompt) if vocabulary.scene_nouns else prompt
    prompt = with_verbs_for_participles(prompt)
    texts = words_in(prompt)
    kept = {*LINKS, *COUNTS, *filter(basic_colour, texts)}
    if describing := set(filter(description_of, texts)):
        with_them = without_unknown_adjectives(vocabulary, prompt, texts, describing | kept)
        words = words_and_numbers_in(with_them)
        if reading := _read_described_scene(vocabulary, words):
            return _in_words_of_user(reading, words, said)
    shortened = without_unknown_adjectives(vocabulary, prompt, texts, kept=kept)
    reading = _read_nouns(vocabulary, shortened)
    if reading and reading.unknown:
        return _in_words_of_user(reading, words_in(shortened), said)
    if shortened == prompt or not reading:
        return reading
    unknown, instead = quality_left_out(texts, words_in(shortened))
    return replace(reading, unknown=unknown, instead=instead) if unknown else reading


def _read_described_scene(vocabulary: Vocabulary, words: list[str]) -> Reading | None:
    """The reading of a described thing, or of a scene, by all its words or the first of them."""
    return (
        read_described(vocabulary, words)
        or read_arranged_scene(vocabulary, words)
        or read_part_of_scene(vocabulary, words)
    )


def _in_words_of_user(reading: Reading, words: list[str], said: list[str]) -> Reading:
    """The reading; where it cannot draw all `words` of the prompt, it names them as `said`."""
    is_all = reading.unknown == " ".join(map(plain, words))
    return replace(reading, unknown=" ".join(map(plain, said))) if is_all else reading


def _read_nouns(vocabulary: Vocabulary, prompt: str) -> Reading | None:
    """The reading by the words that show something: nouns, or others if there are none."""
    texts = words_in(prompt)
    reading = (
        read_coloured_thing(vocabulary, texts)
        or read_whole(vocabulary, texts)
        or read_arranged_scene(vocabulary, words_and_numbers_in(prompt))
    )
    reading = (
        reading
        or read_head_in_outfit(vocabulary, texts)
        or read_part_of_scene(vocabulary, texts)
        or read_things_alone(vocabulary, prompt)
    )
    if reading:
        return reading
    if len(texts) == 1 and basic_colour(texts[0]):
        return None  # weights that have learned красный кот know no красный
    named = nouns(texts)
    telling = named or [text for text in texts if says_something(text)]
    if not named and len(texts) > 1:
        alone = read_word_alone(vocabulary, texts)
        if alone or not all(map(vocabulary.knows, telling)):
            return alone
    if any(map(vocabulary.knows, telling)):
        subject = read_substituted(vocabulary, prompt, telling[:1])
        return subject or read_learned_scene(vocabulary, prompt, named)
    return read_substituted(vocabulary, prompt, telling)
