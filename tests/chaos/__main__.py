"""Runs Emojich while its parts fail: `make chaos`.

`python -m tests.chaos --requests 60 --users 20` makes a shorter run.

A real Valkey, a bot and two workers, with the sandbox in the place of Telegram.  Users send
requests, tap candidates, edit and cancel, while processes are killed with SIGKILL or stopped with
SIGSTOP, the network to Redis is cut, and a fifth of Telegram's answers is 429, 500, cut, or comes
after the call took effect.  Then the command counts how each request ended, by what
chats and packs show.  The engines draw noise with a tiny bundle, so that they take no time.

Exits with 1 where a promise was broken, and says for which request.
"""

import argparse
import random
import sys

from tests.chaos.run import Plan, run


def main() -> None:
    """Run, print the table, exit."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.chaos",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--requests", type=int, default=500)
    parser.add_argument("--users", type=int, default=50)
    parser.add_argument("--seed", type=int, default=random.randrange(1000), help="of all faults")
    arguments = parser.parse_args()
    report = run(Plan(arguments.requests, arguments.users, arguments.seed))
    sys.exit(0 if report.is_clean else 1)


if __name__ == "__main__":
    main()
