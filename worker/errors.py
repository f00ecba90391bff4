"""The one error that an operator sees."""


class SetupError(Exception):
    """Emojich cannot run as it is set up.

    The message is one line that names the cure; an entry point prints it as `emojich: …` on
    stderr and exits with 1.  It never holds a token or a password.
    """
