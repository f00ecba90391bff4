"""How many users one bot and one Redis carry: `make load`.

__main__   starts all parts, measures them, prints the table
chatters   the sandbox as Telegram, without a disk, and the users who write to the bot
engine     an engine whose drawing takes no time; all else is real
"""
