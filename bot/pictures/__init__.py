"""Pictures: the preview of all candidates, and stickers as files."""
