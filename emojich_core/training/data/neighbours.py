"""Makes `neighbours.tsv`: the nearest word of the lexicon for each noun that it lacks.

The distance is the cosine of navec's word vectors (250,000 words of news, MIT), which come with
natasha:

    .venv/bin/pip install --no-deps --target out/words natasha navec
    PYTHONPATH=out/words .venv/bin/python -m emojich_core.training.data.neighbours

People are left out: a vector's neighbour of a nationality or a diagnosis is an insult.
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pymorphy3

from emojich_core.reading.lexicon import lexicon
from emojich_core.reading.substitutes import NEIGHBOURS
from emojich_core.reading.words import plain
from emojich_core.training.data.morphology import UNLIKELY

VECTORS = "data/emb/navec_news_v1_1B_250K_300d_100q.tar"
HEADER = """\
# Nouns that the lexicon lacks, and its nearest word by navec's vectors (MIT, Alexander Kukushkin).
# Made by emojich_core/training/data/neighbours.py.
"""
FIRST = 8  # nouns of each row of the lexicon: the common ones
NEAR = 0.5  # cosine: of 26 everyday nouns nearer than this 20 were a fair stand-in, below few
HUB = 4  # a word that is nearest to this many others is a bad neighbour
ANIMALS = {"детеныш", "ерш", "животное", "зверь", "питомец", "самка", "хищник"}
# Words that are too sad or too rude for a joke, brands, and wrong neighbours.
LEFT_OUT = """
авангард аи аморальность аннексия атлант ауди бампер бдение бигмак боинг брак вера вест вконтакте
вольво гексоген гибель глухота гной госдолг гривна грудь девальвация денге диктатура динамо
домкрат домогательство доносительство допрос жижа жилка зад задница зверство зенит зоб икс ил
импотенция инсульт интервенция камаз колка комитет криз криминал кушанье лейкемия лимфома линукс
людоедство ляп май малярия мартен мерседес ми минор моча мочегонное мочеиспускание наркомания
начало нейлон нефтепродукт ниссан огнемет оккупация онкология оппозиция опухоль очко паз панихида
панкреатит паранойя партия пищеблок погреб подкова порнография похоть причинение психотравма пурим
пятерочка рак рана ранение реал рицин розетта рука сальмонеллез сбербанк сепсис сет сингл сифилис
сопрано срам стебелек стезя су талмуд твиттер теракт тлен тойота триада труп уаз уимблдон
фольксваген форд хер химиотерапия холодильник хрень шелк шизофрения шип эпилепсия эхо ягель
яйцеклетка
"""


def main() -> None:
    """Write the table."""
    from navec import Navec  # type: ignore[import-not-found]

    spec = find_spec("natasha")
    if spec is None or spec.origin is None:
        raise SystemExit(__doc__)
    vectors = Navec.load(Path(spec.origin).parent / VECTORS)
    targets = [word for word in _targets() if word in vectors]
    known = set(LEFT_OUT.split()).union(plain(word) for row in lexicon().values() for word in row)
    words = [
        word
        for word in vectors.vocab.words
        if word.isalpha() and plain(word) not in known and _is_common_noun(word)
    ]
    words = [word for word in words if plain(word) in ANIMALS or not _is_alive(word)]
    nearest = dict(_nearest(vectors, words, [t for t in targets if not _is_alive(t)]))
    nearest |= dict(_nearest(vectors, [w for w in words if _is_alive(w)], targets))
    hubs = Counter(nearest.values())
    lines = [f"{w}\t{t}\n" for w, t in sorted(nearest.items()) if hubs[t] < HUB]
    NEIGHBOURS.write_text(HEADER + "".join(lines), "utf-8")
    print(f"{len(lines)} words in {NEIGHBOURS}")


def _targets() -> Iterator[str]:
    for row in lexicon().values():
        yield from [word for word in row if _is_common_noun(word)][:FIRST]


def _nearest(vectors: Any, words: list[str], targets: list[str]) -> Iterator[tuple[str, str]]:
    """Each word, and the target that is nearest to it if any is near."""
    matrix = _directions(vectors, targets)
    for start in range(0, len(words), 512):
        part = words[start : start + 512]
        cosines = _directions(vectors, part) @ matrix.T
        for word, row in zip(part, cosines, strict=True):
            if row.max() >= NEAR:
                yield word, targets[int(row.argmax())]


def _directions(vectors: Any, words: Iterable[str]) -> np.ndarray:
    stacked = np.stack([vectors[word] for word in words]).astype(np.float32)
    return np.asarray(stacked / np.linalg.norm(stacked, axis=1, keepdims=True))


_MORPH = pymorphy3.MorphAnalyzer(lang="ru")


def _is_common_noun(word: str) -> bool:
    """Whether a word is a noun in its dictionary form, and no name."""
    parse: Any = _MORPH.parse(word)[0]
    likely = parse.is_known and not UNLIKELY & set(parse.tag.grammemes)
    return likely and parse.tag.POS == "NOUN" and plain(parse.normal_form) == plain(word)


def _is_alive(word: str) -> bool:
    return "anim" in _MORPH.parse(word)[0].tag


if __name__ == "__main__":
    main()
