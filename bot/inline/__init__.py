"""Inline mode: `@bot кот` in any chat offers one's own stickers."""
