"""Which emoji and search words a sticker answers to."""
