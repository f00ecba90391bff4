"""The users' packs: Telegram's sticker sets that belong to a user and that the bot may fill."""
