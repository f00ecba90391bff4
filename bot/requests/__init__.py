"""One prompt, from its message to its stickers.

- `prompts`: read prompts from messages; an edited line is a new prompt
- `groups`: prompts in groups: `/sticker`, mentions, replies
- `prompt_links`: a prompt inside a link or a button
- `intake`: check the limits, record and queue a request
- `limits`: what is refused, why, and in which words
- `quota`: count a user's requests in Redis
- `record`: what the bot knows of a request, and how events change it
- `store`: records in Redis
- `styles`: the bundles that workers serve, as users see them
- `view`: what a request's message shows, and its buttons
- `buttons`: what happens when one of those buttons is pressed
- `delivery`: bring messages in line with records
- `monitor`: requests about which no event comes
- `queue_position`: place in the queue and time left
"""
