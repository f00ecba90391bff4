"""Jobs: what RQ's workers run for each request, and how they look after it."""
