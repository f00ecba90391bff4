"""What goes wrong with models.  No torch here: the command line knows it before torch is needed."""


class BundleError(Exception):
    """A bundle cannot be used; the message is one sentence that names the file and the cure."""
