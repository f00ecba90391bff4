"""Talking to Telegram, for any bot."""
