"""`emojich`: the command line.

main      the commands, `emojich generate`, and what a user reads when one cannot be done
options   what options may be
weights   `emojich weights`
"""


def main() -> None:
    """Run `main.main`: installations older than that file call this."""
    from emojich_core.cli.main import main as run

    run()
