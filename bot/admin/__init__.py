"""For operators, who run the bot.

- `commands`: `/stats`, `/ban`, `/pause` …
- `access`: which users the bot serves
- `notices`: messages to the admins
- `reports`: stickers that users report in groups
- `digest`: what happened yesterday, once a day
- `redis_repair`: skip or set aside values in Redis that the bot cannot read
"""
