"""The model side of Emojich: from a Russian prompt to stickers.  Start with `pipeline`."""

import os

# With this torch asks Linux for huge pages where it needs much memory; it looks once, before its
# first tensor.  Products with 268 MB of weights read them at 23 GB/s so, and at 17 without.
os.environ.setdefault("THP_MEM_ALLOC_ENABLE", "1")
