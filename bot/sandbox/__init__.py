"""A Telegram Bot API server on this machine with a chat page, for people without a bot token yet.

The bot cannot tell it from Telegram: the same HTTP, the same answers, the same rules and errors.

    server         HTTP: the Bot API routes, the chat page
    person         HTTP: what people do, for the chat page and for tests
    seen           HTTP: what people see
    context        which user and chat those requests are about
    guard          who may call what
    registry       ``@method``: a typed function becomes a Bot API method
    methods/       those functions
    params         an HTTP request -> typed parameters
    decoding       JSON -> typed values
    inputs         the objects a bot sends
    objects        the objects a bot receives
    rules          Telegram's limits for messages
    sticker_rules  Telegram's limits for stickers, checked on the real bytes
    entities       HTML -> text and entities
    images         what a picture is; the sizes of a photo
    world          the bot, its chats and files
    inline         inline queries and their answers
    privacy        what of a group reaches the bot
    sets           sticker sets: whose they are, and who may change them
    people         what people do in them
    state          what survives a restart
    files          uploads, kept by their content
    updates        the queue behind getUpdates and a webhook
    webhook        delivery to a webhook
    hub            what open chat pages hear
    faults         failures on order

Start it with ``python -m bot.sandbox``.
"""
