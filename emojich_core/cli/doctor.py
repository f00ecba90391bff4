"""`emojich doctor`: run the checks of bot and worker, which only their own packages know."""

import argparse
import subprocess
import sys
from importlib.util import find_spec

ROOMS = ("bot", "worker")  # run as processes, because emojich_core imports neither


def add_doctor(parser: argparse.ArgumentParser) -> None:
    """Give the parser of `emojich doctor` its command."""
    parser.set_defaults(command=_examine)


def _examine(arguments: argparse.Namespace) -> None:
    """Print the lines of both, each once; exit with 1 if something is wrong."""
    printed: set[str] = set()
    is_well = True
    for room in ROOMS:
        if not find_spec(room):  # an image holds one of them
            print(f"– not checked: the {room}'s code is not here.")
            continue
        command = [sys.executable, "-m", f"{room}.doctor"]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
            for line in process.stdout or ():
                if line not in printed:  # both ask Redis
                    print(line, end="", flush=True)
                printed.add(line)
        is_well &= process.returncode == 0
    if not is_well:
        sys.exit(1)
