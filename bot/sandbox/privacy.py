"""Which messages of a group reach the bot: https://core.telegram.org/bots/features#privacy-mode.

Bots are in privacy mode unless their owner turns it off: in a group they get commands, mentions,
replies to themselves, messages sent via them, and service messages.
"""

from bot.sandbox.decoding import Json
from bot.sandbox.entities import covered

#: A message with one of these fields reaches the bot, whatever its text.
REACHING = {"via_bot", "new_chat_members", "migrate_to_chat_id", "migrate_from_chat_id"}


def reaches_bot(message: Json, bot: Json) -> bool:
    """Whether the bot gets this message of a person."""
    if message["chat"]["type"] == "private":
        return True
    if message.keys() & REACHING:
        return True
    if message.get("reply_to_message", {}).get("from", {}).get("id") == bot["id"]:
        return True
    return any(
        _calls(entity, covered(message.get(words, ""), entity), bot)
        for words, entities in (("text", "entities"), ("caption", "caption_entities"))
        for entity in message.get(entities, [])
    )


def _calls(entity: Json, words: str, bot: Json) -> bool:
    """Whether an entity is a mention of the bot, or a command that names no other bot."""
    name = words.partition("@")[2]
    if name.lower() == bot["username"].lower():
        return entity["type"] in ("mention", "bot_command")
    return entity["type"] == "bot_command" and not name
