"""`emojich`: the command line.

main      the commands, `emojich generate`, and the sentence for an error
options   types and checks of options
weights   `emojich weights`
"""


def main() -> None:
    """Run `main.main`: the scripts of older installations call this."""
    from emojich_core.cli.main import main as run

    run()
