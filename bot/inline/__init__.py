"""Inline mode: `@bot кот` in any chat offers the user's own stickers.

- `handler`: answer inline queries
- `search`: which stickers match a query
- `index`: the stickers of a user's packs, and their search words
"""
