"""The Telegram bot: from a prompt in a chat to stickers in the user's own pack.

- `app`: starts, wires and stops all parts
- `commands`: routes commands and messages to their handlers
- `config`: environment variables
- `doctor`: `python -m bot.doctor`: checks token, inline mode, webhook and Redis
- `texts`: the sentences of `locales/`, in the user's language
- `logs`: short lines without tokens
- `metrics`: figures for Prometheus
- `requests/`: a prompt, from its message to its stickers
- `packs/`: sticker sets, and what users do with them
- `inline/`: `@bot кот` in any chat
- `account/`: settings, history, `/forget`
- `admin/`: operators' commands and access
- `telegram/`: Telegram itself, for any bot
- `russian/`: Russian words and the emoji for them
- `pictures/`: previews and sticker files
- `sandbox/`: a local Bot API with a chat page; no other package imports it
"""
