"""Between bot and model: the queue, the engine process, the events."""
