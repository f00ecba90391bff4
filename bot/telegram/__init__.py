"""Talking to Telegram, for any bot.

- `application`: the python-telegram-bot application and its HTTP client
- `updater`: fetch updates: long polling or a webhook
- `updates`: store updates in Redis until they are handled, in order
- `update_processor`: each user's updates one after another
- `context`: the handler context, with the user's language
- `messages`: send and edit one type of message; message filters
- `callbacks`: inline buttons: one dataclass each
- `questions`: questions that a user answers by a reply
- `errors`: recognise refusals of Telegram
- `error_handler`: log an unexpected error and tell the user
- `retry`: back-off on 429 and 5xx
- `rate_limits`: Telegram's limits on messages
- `leader`: one bot answers, others stand by
- `migration`: a group that becomes a supergroup
- `profile`: the command menu and the description
- `tasks`: tasks that end when they are cancelled
- `object_types`: reject updates with values of wrong types
"""
