"""Pictures: previews and sticker files.

- `preview`: the numbered picture of all candidates
- `sticker`: a sticker as its user wants it: outline, custom emoji
- `downloads`: Telegram's files of stickers, and files that users have sent
"""
