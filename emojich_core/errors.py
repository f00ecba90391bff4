"""What goes wrong with models.  No torch here: the command line knows it before torch is needed."""


class BundleError(Exception):
    """A bundle cannot be used; the message is one sentence that names the file and the cure."""


def shown(value: object, most: int = 100) -> str:
    """A value as a message may show it: on one line, without its middle if it is long."""
    text = str(value)
    if len(text) > most:
        text = f"{text[: most // 2]}...{text[-most // 2 :]}"
    return "".join(c if c.isprintable() else repr(c)[1:-1] for c in text)
