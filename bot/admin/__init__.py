"""Commands, reports and notices for operators, and repairs of Redis.

- `commands`: `/stats`, `/ban`, `/pause` …
- `access`: which users the bot serves
- `notices`: messages to the admins
- `reports`: stickers that users report in groups
- `digest`: what happened yesterday, once a day
- `redis_repair`: skip values in Redis that the bot cannot read, rename keys of a wrong type
"""
