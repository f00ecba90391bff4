"""What the bot keeps of a person, and how it is forgotten."""
