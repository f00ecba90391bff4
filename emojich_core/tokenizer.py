"""Russian text to BPE ids, as ruDALL-E reads them."""

from pathlib import Path

import torch
import youtokentome
from torch import Tensor

from emojich_core.transformer import BOS_ID

EOS_ID = 3


class Tokenizer:
    """A youtokentome BPE model with ruDALL-E's conventions.

    Raises ValueError when the file cannot be read.  youtokentome takes garbage for a model of few
    tokens, and ends the process when it is used: `vocab_size` tells.
    """

    def __init__(self, model: Path):
        self._bpe = youtokentome.BPE(model=str(model))

    @property
    def vocab_size(self) -> int:
        """How many tokens the BPE has."""
        return self._bpe.vocab_size()

    def encode(self, text: str, length: int) -> Tensor:
        """Text, lower-cased, as ids (length,): BOS, tokens, EOS, then zeros; cut at `length`."""
        tokens = self._bpe.encode([text.lower().strip()])[0]
        ids = [BOS_ID, *tokens, EOS_ID][:length]
        return torch.tensor(ids + [0] * (length - len(ids)))
