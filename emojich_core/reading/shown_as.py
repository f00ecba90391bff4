"""Words that a small scene or another thing shows better than their emoji.

баба яга → бабушка с метлой.

`shown_as.tsv` has the prompt that is drawn for words of the lexicon, and for all words of an emoji
that the weights draw as a blot.  A word after "~" names another thing than the prompt shows, and
the bot tells the user: ~косатка is drawn as a black dolphin.
"""

from dataclasses import replace
from functools import cache
from pathlib import Path

from emojich_core.reading.lexicon import OTHER, emoji_by_phrase, person
from emojich_core.reading.lookup import find, find_undrawn
from emojich_core.reading.tables import rows
from emojich_core.reading.vocabulary import Vocabulary
from emojich_core.reading.words import plain
from emojich_core.reading.written_emoji import bare
from emojich_core.request import Reading

TABLE = Path(__file__).with_name("shown_as.tsv")


def read_shown_as(
    vocabulary: Vocabulary, phrase: str, is_of_several: bool = False
) -> Reading | None:
    """The reading of the prompt that shows a phrase; None if its emoji shows it best.

    `is_of_several` emoji: then the table must have the phrase itself, not one of them.
    """
    if not vocabulary.scene_nouns:
        return None
    emoji = vocabulary.emoji_by_name.get(phrase, "")
    found = find(vocabulary, phrase) or (None if emoji else find_undrawn(vocabulary, phrase))
    said = found.phrase if found else phrase
    of_word = bare(emoji_by_phrase()[said]) if found else ""
    keys = [said]
    if not is_of_several:
        keys += [emoji or of_word, emoji or person(of_word)]
    prompt = next((_prompts()[key] for key in keys if key in _prompts()), "")
    if not prompt:
        return None
    reading = vocabulary.read(prompt.removeprefix(OTHER))
    if prompt.startswith(OTHER):
        return replace(reading, unknown=said, instead=prompt.removeprefix(OTHER))
    return reading


@cache
def _prompts() -> dict[str, str]:
    """The prompt that shows a word or an emoji, by either; "~" before it if it is another thing."""
    return {
        bare(plain(key.removeprefix(OTHER))): key[: key.startswith(OTHER)] + prompt
        for prompt, keys in rows(TABLE)
        for key in keys.split("; ")
    }
