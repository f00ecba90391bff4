"""A Telegram Bot API server on this machine with a chat page, for people without a bot token yet.

The bot cannot tell it from Telegram: the same HTTP, the same answers, the same rules and errors.

    server         HTTP: the Bot API routes, the chat page
    action_routes  HTTP: users act, on the chat page and in tests
    page_routes    HTTP: chats, packs and events for the chat page
    guard          access control
    registry       ``@method``: a typed function becomes a Bot API method
    errors         errors of the Bot API, and faults that a test requests
    flood          Telegram's limits on messages, on demand
    methods/       the Bot API methods
    params         an HTTP request -> typed parameters
    decoding       JSON -> typed values
    inputs         the objects a bot sends
    objects        the objects a bot receives
    rules          Telegram's limits for messages
    sticker_rules  Telegram's limits for stickers, checked on the real bytes
    entities       links, commands and mentions in a text
    images         format and size of a picture; the sizes of a photo
    sandbox        the bot, its chats and files
    inline         inline queries and their answers
    privacy        which messages of a group reach the bot
    sets           sticker sets: their owners, and who may change them
    actions        actions of users: each becomes an update
    state          the state that survives a restart
    files          uploads, stored by content
    updates        the queue behind getUpdates and a webhook
    webhook        delivery to a webhook
    hub            events for open chat pages

Start it with ``python -m bot.sandbox``.
"""
