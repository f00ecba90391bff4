"""Measures how many users one bot and one Redis can serve: `make load`.

__main__   starts all parts, measures them, prints the table
telegram   the sandbox as Telegram, without a disk, and the users who write to the bot
engine     an engine that does not draw; all other parts are real
"""
