"""`emojich`: the command line.

main      the parser, `emojich generate`, and the sentence for each error
image     `--image` and `--keep-…`: a picture that the stickers begin with
doctor    `emojich doctor`, which runs the checks of bot and worker
options   types and checks of options
weights   `emojich weights`
"""


def main() -> None:
    """Run `main.main`; scripts of older installations call this."""
    from emojich_core.cli.main import main as run

    run()
