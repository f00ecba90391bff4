"""What the bot keeps of a user, and how it is forgotten.

- `settings`: `/settings`: number of candidates, boldness, outline
- `history`: `/history`: the last prompts
- `forget`: `/forget`: delete what Redis has of a user
"""
