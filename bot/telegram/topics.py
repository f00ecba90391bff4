"""Topics: of a group that is a forum, and of a private chat where the bot's owner allows them."""

from telegram import MaybeInaccessibleMessage, Message


def topic_of(message: MaybeInaccessibleMessage | None) -> int:
    """The topic in which a message stands; 0 outside of any."""
    if not isinstance(message, Message) or not message.is_topic_message:
        return 0  # in other groups `message_thread_id` is the first of a chain of answers
    return message.message_thread_id or 0
