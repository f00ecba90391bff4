"""What the bot stores about a user, and how the user deletes it.

- `settings`: `/settings`: number of candidates, boldness, outline
- `history`: `/history`: the last prompts
- `forget`: `/forget`: delete a user's data in Redis
"""
