"""The engine: the one process on a machine that owns the models."""
