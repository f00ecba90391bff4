"""The model side of Emojich: from a Russian prompt to stickers.  Start with `pipeline`."""
