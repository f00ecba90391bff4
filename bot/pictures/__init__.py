"""Pictures: previews and sticker files.

- `preview`: the numbered picture of all candidates
- `sticker`: stickers with the user's settings: outline, custom emoji
- `threads`: a thread pool for rendering
- `downloads`: download files from Telegram: stickers of packs, pictures from users
"""
