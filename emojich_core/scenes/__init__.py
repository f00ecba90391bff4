"""Scenes: several drawings that become one sticker.

A small model draws one thing well and two together seldom.  So of a prompt like «кот с пиццей» each
thing is drawn by itself, and the finished pictures are put together.
`emojich_core.reading.arranged_scenes` decides which scene a prompt asks for.

- `layouts`: the arrangements, by name: begin here
- `compose`: pictures side by side, several times, stretched, small, in large pixels
- `together`: a thing with another one: carried, ridden, under it, a symbol of a mood
- `places`: a thing in a place, with weather
- `worn`: hats, glasses and clothes on a head
- `outfits`: clothes that no emoji shows: a suit, caps
- `eyes`: adds the eyes that the weights leave out; closes, colours or widens them (`eyes.tsv`)
- `white_parts`: fills holes of things that have none: a rocket's body (`white_parts.tsv`)
- `lettering`: words under a picture
"""
