"""Scenes: several drawings that become one sticker.

A small model draws one thing well and two together seldom.  So of a prompt like «кот с пиццей» each
thing is drawn by itself, and the finished pictures are put together.
`emojich_core.reading.arranged_scenes` decides which scene a prompt asks for.

compose   pictures side by side, several times, stretched, small
together  a thing in a place, or with another one
layouts   the arrangements, by name
"""
