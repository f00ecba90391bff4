"""Pictures: previews and sticker files.

- `preview`: the numbered picture of all candidates
- `sticker`: stickers with the user's settings: outline, custom emoji
- `downloads`: download the files of stickers from Telegram
"""
