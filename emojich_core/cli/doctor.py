"""`emojich doctor`: runs the checks of bot and worker, which are in their own packages."""

import argparse
import subprocess
import sys
from importlib.util import find_spec

PACKAGES = ("bot", "worker")  # run as processes, because emojich_core imports neither


def add_doctor(parser: argparse.ArgumentParser) -> None:
    """Give the parser of `emojich doctor` its command."""
    parser.set_defaults(command=_examine)


def _examine(arguments: argparse.Namespace) -> None:
    """Print the lines of both, each once; exit with 1 if something is wrong."""
    printed: set[str] = set()
    is_well = True
    for package in PACKAGES:
        if not find_spec(package):  # a Docker image has only one of them
            print(f"– not checked: the {package}'s code is not here.")
            continue
        command = [sys.executable, "-m", f"{package}.doctor"]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
            for line in process.stdout or ():
                if line not in printed:  # both check Redis
                    print(line, end="", flush=True)
                printed.add(line)
        is_well &= process.returncode == 0
    if not is_well:
        sys.exit(1)
