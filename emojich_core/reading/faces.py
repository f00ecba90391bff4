"""Faces: an adjective before a word for a face says all that it shows, and «смайлик с» nothing."""

from emojich_core.reading.vocabulary import Vocabulary
from emojich_core.reading.whole_phrases import read_whole
from emojich_core.reading.words import forms, plain
from emojich_core.request import Reading

# Words for a face, in dictionary forms.
FACES = {"лицо", "личико", "рожица", "смайл", "смайлик", "эмодзи", "взгляд", "мордашка"}


def read_face(vocabulary: Vocabulary, texts: list[str]) -> Reading | None:
    """The reading of a face with an adjective, or with a thing: сонное лицо, смайлик с котом."""
    *described, last = texts or [""]
    if described and _is_face(last):
        return read_whole(vocabulary, described)
    if not (texts[1:2] in (["с"], ["со"]) and _is_face(texts[0])):
        return None
    smiling = vocabulary.emoji_by_name.get(plain(" ".join(["улыбающееся лицо", *texts[1:]])))
    return read_whole(vocabulary, [vocabulary.names[smiling]] if smiling else texts[2:])


def _is_face(word: str) -> bool:
    return not FACES.isdisjoint(forms(word))
