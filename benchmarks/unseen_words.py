"""How far the held-out keywords can be guessed at all: with word vectors in place of a model.

A held-out keyword is in no training caption in any form, so most are words that the model has never
read.  Here somebody guesses who has read a billion words of Russian news: navec's vectors (250,000
words, MIT), which come with natasha.  Their guess is the emoji whose caption is nearest to the
keyword; that of a model that draws and is then judged by its picture can hardly be better.

    .venv/bin/pip install --no-deps --target out/words natasha navec
    PYTHONPATH=out/words .venv/bin/python -m benchmarks.unseen_words
"""

from importlib.util import find_spec
from pathlib import Path

import numpy as np
from navec import Navec

from emojich_core.training.data.art import load_meanings
from emojich_core.training.data.captions import Captions
from emojich_core.training.data.held_out import HeldOut, words_of

VECTORS = "data/emb/navec_news_v1_1B_250K_300d_100q.tar"
AMONG = 5


def main() -> None:
    """Count and print."""
    meanings = load_meanings(Path(".data/node_modules"))
    captions, keywords = Captions(meanings), HeldOut.load().keywords
    texts = sorted({text for hexcode in captions.hexcodes for text in captions.weights(hexcode)})
    read = {lemma for text in texts for word in words_of(text) for lemma in word}
    known = [k for k in keywords if all(word & read for word in words_of(k))]
    print(f"{len(keywords)} held-out keywords, of {len(known)} training says every word")

    vectors = load_vectors()
    shown = {text: most_said(captions, text) for text in texts}
    placed = {text: v for text in shown if (v := vector(vectors, text)) is not None}
    found, matrix = list(placed), np.stack(list(placed.values()))
    first = among = 0
    for keyword in keywords:
        right = {hexcode for hexcode, m in meanings.items() if keyword in m.keywords}
        meant = vector(vectors, keyword)
        if meant is None:
            continue
        nearest = (shown[found[i]] for i in np.argsort(-(matrix @ meant)))
        guesses = list(dict.fromkeys(next(nearest) for _ in range(20 * AMONG)))[:AMONG]
        first += guesses[0] in right
        among += not right.isdisjoint(guesses)
    print(f"guessed at once {first / len(keywords):.1%}, among {AMONG} {among / len(keywords):.1%}")


def load_vectors() -> Navec:
    """Navec's vectors, out of natasha's package."""
    spec = find_spec("natasha")
    if spec is None or spec.origin is None:
        raise SystemExit(__doc__)
    return Navec.load(Path(spec.origin).parent / VECTORS)


def most_said(captions: Captions, text: str) -> str:
    """The emoji that this caption means most often."""
    return max(captions.hexcodes, key=lambda hexcode: captions.weights(hexcode).get(text, 0.0))


def vector(vectors: Navec, text: str) -> np.ndarray | None:
    """The direction of a text, the mean of its words'; None if none of them is known."""
    found = [vectors[form] for word in words_of(text) if (form := first_known(vectors, word))]
    if not found:
        return None
    mean = np.mean(found, axis=0)
    return np.asarray(mean / np.linalg.norm(mean))


def first_known(vectors: Navec, lemmas: frozenset[str]) -> str | None:
    """The first of a word's dictionary forms that has a vector."""
    return next((lemma for lemma in sorted(lemmas) if lemma in vectors), None)


if __name__ == "__main__":
    main()
