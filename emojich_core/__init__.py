"""The model side of Emojich: from a Russian prompt to stickers.

- `pipeline`: all stages, from a prompt to stickers: read it first
- `image_file`: opens a user's picture safely: limits, EXIF, a white square
- `request`: what a user asks for and what comes back, as the bot and the worker exchange it
- `colours`: named colours: which one a picture has, and the picture in another one
- `looks`: stickers in the colour that was asked for, and repeats that differ
- `sticker`: pixels become a WebP that Telegram takes as a sticker
- `startup`: what a process does while it starts
- `sketch`: one small picture of images that are being drawn
- `model_options`: where a bundle is, which device, which precision
- `errors`: what an operator reads
- `reading/`: from a prompt to what a bundle draws for it
- `scenes/`: several drawings that become one sticker
- `networks/`: the models' classes
- `inference/`: sampling codes: slots, cache, retries, precision
- `bundles/`: a model as a folder of files; the published models
- `cli/`: the command `emojich`
- `finetuning/`: users teach a model a style of their own
- `training/`: how `mini` is made and measured; nothing else imports it
"""

import os

# Makes torch ask Linux for huge pages for large blocks; torch reads the variable once, before its
# first tensor.  Matrix products then read 268 MB of weights at 23 GB/s instead of 17.
os.environ.setdefault("THP_MEM_ALLOC_ENABLE", "1")
