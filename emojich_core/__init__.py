"""The model side of Emojich: from a Russian prompt to stickers.

- `pipeline`: all stages, from a prompt to stickers: read it first
- `image_file`: opens a user's picture safely: limits, EXIF, a white square
- `request`: what a user asks for and what comes back, as the bot and the worker exchange it
- `colours`: named colours: finds that of a picture, and gives it another
- `looks`: gives stickers the requested colour, and makes repeats differ
- `sticker`: turns pixels into a WebP that Telegram takes as a sticker
- `startup`: no garbage collection while a process loads
- `sketch`: one small picture of images that are being drawn
- `model_options`: where a bundle is, which device, which precision
- `errors`: errors whose message an operator reads
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
