"""The Telegram bot: from a prompt in a chat to stickers in the user's own pack."""
