"""One prompt, from its message to its stickers.

- `prompts`: read prompts from messages; an edited line is a new prompt
- `groups`: prompts in groups: `/sticker`, mentions, replies
- `prompt_links`: a prompt inside a link or a button
- `intake`: check the limits, record and queue a request
- `image_prompts`: pictures of users that the stickers continue
- `limits`: the operator's limits, the block list, and the refusals that users read
- `quota`: count a user's requests in Redis
- `record`: the state of a request, and its changes by events
- `store`: records in Redis
- `styles`: the bundles that workers serve, as users see them
- `view`: the screen of a request's message, and its buttons
- `buttons`: handle presses of those buttons
- `delivery`: send and edit messages until they show the records
- `monitor`: find requests that are lost, stuck or waiting for a worker
- `ends`: count and log how requests end
- `queue_position`: place in the queue and time left
"""
