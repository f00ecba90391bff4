"""The Bot API methods; importing this package registers them all."""

from bot.sandbox.methods import edits, inline, messages, profile, stickers, updates

__all__ = ["edits", "inline", "messages", "profile", "stickers", "updates"]
