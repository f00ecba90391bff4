"""Operators: their commands, who may use the bot, and repair of keys in Redis."""
