"""A user's settings and history, and how the user deletes them.

- `settings`: `/settings`: number of candidates, boldness, outline
- `history`: `/history`: the last prompts
- `forget`: `/forget`: delete a user's data in Redis
"""
