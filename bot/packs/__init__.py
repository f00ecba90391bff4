"""Packs: sticker sets in Telegram that belong to a user and that the bot fills.

- `add`: put a chosen candidate into the user's pack
- `menu`: `/packs` and its buttons
- `screens`: the contents of the messages of `/packs`
- `sticker_page`: one sticker, chosen by its number
- `sticker_menu`: move, replace or remove a sticker that its owner sends
- `emoji_replies`: change the emoji of stickers by a reply
- `sticker_sets`: the Bot API's sticker methods
- `names`: names, titles and kinds of packs: stickers and custom emoji
- `store`: the names of each user's packs, in Redis
"""
