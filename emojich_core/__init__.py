"""The model side of Emojich: from a Russian prompt to stickers.  Start with `pipeline`."""

import os

# torch asks Linux for huge pages for what is large, which it finds by this when it first needs
# memory.  Weights are read so at 23 GB/s instead of 17, on the machine of benchmarks/RESULTS.md.
os.environ.setdefault("THP_MEM_ALLOC_ENABLE", "1")
