"""The tokenizer: Russian text → BPE ids, as in ruDALL-E."""

import re
from pathlib import Path

import torch
import youtokentome
from torch import Tensor

from emojich_core.bundles.description import MAX_BYTES, TOKENIZER
from emojich_core.networks.transformer import BOS_ID

EOS_ID = 3
SPECIAL = [1, 0, BOS_ID, EOS_ID]  # UNK, PAD, BOS, EOS
SPACE = ord("▁")  # youtokentome puts it before every word
MAX_SIZE = MAX_BYTES[TOKENIZER]  # the published model has 0.2 MB
MAX_LETTERS = 256  # of a token: each rule of a malicious file could double the length


class Tokenizer:
    """A youtokentome BPE model with ruDALL-E's conventions.

    Raises ValueError when the file is not a BPE model.
    """

    def __init__(self, model: Path):
        check_bpe(model)
        self._bpe = youtokentome.BPE(model=str(model))

    @property
    def vocab_size(self) -> int:
        """Number of tokens of the BPE."""
        return self._bpe.vocab_size()

    def encode(self, text: str, length: int, keep_eos: bool = False) -> Tensor:
        """Text, lower-cased, as ids (length,): BOS, tokens, EOS, then zeros; cut at `length`.

        Of a longer text EOS goes too, as in ruDALL-E, or with `keep_eos` only its last tokens.
        """
        tokens = self._bpe.encode([text.lower().strip()])[0]
        if keep_eos:
            tokens = tokens[: length - 2]
        ids = [BOS_ID, *tokens, EOS_ID][:length]
        return torch.tensor(ids + [0] * (length - len(ids)))


def check_bpe(model: Path) -> int:
    """Number of tokens of a BPE model.  Raises ValueError when the file is not one.

    youtokentome loads any file; a bad one then crashes the process or fills the memory.  A valid
    file holds the numbers of letters and of rules; each letter and its id; each rule as two tokens
    and the token that they become; and the ids of UNK, PAD, BOS and EOS.
    """
    if not model.is_file() or model.stat().st_size > MAX_SIZE:
        raise ValueError(f"it is no file of at most {MAX_SIZE} bytes")
    content = model.read_bytes()
    if not re.fullmatch(rb"\s*\d+\s+\d[\d\s]*", content):
        raise ValueError("it holds more than numbers")
    letters, rules, *numbers = map(int, content.split())
    if len(numbers) != 2 * letters + 3 * rules + len(SPECIAL):
        raise ValueError("it has fewer or more numbers than it says")
    codes, ids = (numbers[i : 2 * letters : 2] for i in range(2))
    left, right, made = (numbers[2 * letters + i : -len(SPECIAL) : 3] for i in range(3))
    if SPACE not in codes or max(codes) >= 0x110000:
        raise ValueError("it has no space, or something that is no letter")
    count = letters + rules + len(SPECIAL)
    if numbers[-len(SPECIAL) :] != SPECIAL or sorted(SPECIAL + ids + made) != list(range(count)):
        raise ValueError("not every id has one token")
    lengths = dict.fromkeys(ids, 1)
    for first, second, both in zip(left, right, made, strict=True):
        if first not in lengths or second not in lengths:
            raise ValueError("a token is made of tokens that do not exist yet")
        lengths[both] = lengths[first] + lengths[second]
        if lengths[both] > MAX_LETTERS:
            raise ValueError(f"a token has more than {MAX_LETTERS} letters")
    return count
