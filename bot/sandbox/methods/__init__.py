"""The Bot API methods; importing this package registers them all."""

from bot.sandbox.methods import edits, messages, profile, stickers, updates

__all__ = ["edits", "messages", "profile", "stickers", "updates"]
