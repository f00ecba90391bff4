"""Proof that Emojich computes what ru-dalle 1.1.3 computes; README.md says how.

Nothing here is part of the product, and nothing of ru-dalle is copied here: it is installed into an
environment of its own and imported as its authors published it.
"""

from pathlib import Path

import torch

from parity.versions import libraries

# Before ru-dalle is imported: it needs another huggingface_hub than our U-Net does.
with libraries(Path(torch.__file__).parents[1], "huggingface_hub"):
    import segmentation_models_pytorch as _ours  # noqa: F401
