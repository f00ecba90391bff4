"""For operators, who run the bot.

- `commands`: `/stats`, `/ban`, `/pause` …
- `access`: which users the bot serves
- `redis_repair`: skip or set aside values in Redis that the bot cannot read
"""
