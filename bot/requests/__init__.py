"""One prompt, from its message to its stickers."""
