"""Emoji art, what one would type to get it, and what is composed of both."""
