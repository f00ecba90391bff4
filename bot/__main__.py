"""`python -m bot`: run the bot until SIGINT or SIGTERM."""

import asyncio
import logging
import os
import signal
import sys
from contextlib import suppress

import redis
from telegram.error import TelegramError

from bot.app import run
from bot.config import METRICS, Config
from bot.logs import start_logging
from bot.metrics import registry
from bot.telegram.application import explain_failure
from emojich_core.errors import SetupError
from worker.queue.connection import connect
from worker.queue.environment import data_folder, unknown_variables
from worker.queue.logs import hide
from worker.queue.metrics_server import serve
from worker.queue.valkey import redis_url

log = logging.getLogger("emojich.bot")


def main() -> None:
    """Run the bot; exit with one line that says why it cannot start."""
    try:
        config = Config.from_environment(os.environ)
        start_logging(config.secrets)
        for sentence in unknown_variables(os.environ):
            log.warning(sentence)
        with redis_url(data_folder()) as url, connect(url) as connection:
            if config.metrics:
                serve(config.metrics, METRICS, registry(url))
            asyncio.run(_run_until_signal(config, connection, url))
    except SetupError as error:
        sys.exit(f"emojich: {error}")
    except redis.RedisError as error:  # unreachable, out of memory, a replica, no permission
        reason = hide(str(error)).rstrip(".")
        sys.exit(
            f"emojich: Redis does not serve the bot ({reason}): repair it, then start the bot."
        )
    except TelegramError as error:
        sys.exit(f"emojich: {explain_failure(config, error)}")


async def _run_until_signal(config: Config, connection: redis.Redis, url: str) -> None:
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    running = asyncio.create_task(run(config, connection, url))
    stopping = asyncio.create_task(stop.wait())
    await asyncio.wait({running, stopping}, return_when=asyncio.FIRST_COMPLETED)
    running.cancel()
    stopping.cancel()
    with suppress(asyncio.CancelledError):
        await running


if __name__ == "__main__":
    main()
