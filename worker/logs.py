"""The log of the worker and its engine: short lines on stderr, one format."""

import logging
import os
import sys


def start_logging() -> None:
    """Log from the level INFO on; RQ, which is talkative, from WARNING."""
    logging.basicConfig(
        level=logging.INFO,
        format="%(asctime)s %(levelname).1s %(name)s: %(message)s",
        datefmt="%Y-%m-%d %H:%M:%S",
    )
    logging.getLogger("rq").setLevel(logging.WARNING)


def announce(line: str) -> None:
    """Print a line for the program that has started this one, if it still reads."""
    try:
        print(line, flush=True)
    except OSError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
