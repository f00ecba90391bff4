"""The model side of Emojich: from a Russian prompt to stickers.  Start with `pipeline`."""

import os

# Makes torch ask Linux for huge pages for large blocks; torch reads the variable once, before its
# first tensor.  Matrix products then read 268 MB of weights at 23 GB/s instead of 17.
os.environ.setdefault("THP_MEM_ALLOC_ENABLE", "1")
