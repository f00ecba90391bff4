"""The log of the worker and its engine: short lines on stderr, one format."""

import logging


def start_logging() -> None:
    """Log from the level INFO on; RQ, which is talkative, from WARNING."""
    logging.basicConfig(
        level=logging.INFO,
        format="%(asctime)s %(levelname).1s %(name)s: %(message)s",
        datefmt="%Y-%m-%d %H:%M:%S",
    )
    logging.getLogger("rq").setLevel(logging.WARNING)
