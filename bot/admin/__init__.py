"""For the people who run the bot.

- `commands`: `/stats`, `/ban`, `/pause` …
- `access`: which users the bot serves
- `redis_repair`: values in Redis that another program wrote
"""
