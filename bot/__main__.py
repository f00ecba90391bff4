"""`python -m bot`: run the bot until SIGINT or SIGTERM."""

import asyncio
import os
import signal
import sys
from contextlib import suppress
from urllib.request import getproxies

import redis
from telegram.error import InvalidToken, TelegramError

from bot.app import run
from bot.config import METRICS, TELEGRAM, Config
from bot.logs import start_logging
from bot.metrics import registry
from emojich_core.errors import SetupError
from worker.queue.connection import connect
from worker.queue.environment import data_folder
from worker.queue.logs import hide
from worker.queue.metrics_server import serve
from worker.queue.valkey import redis_url


def main() -> None:
    """Run the bot; exit with one line that says why it cannot start."""
    try:
        config = Config.from_environment(os.environ)
        start_logging(config.secrets)
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
    except InvalidToken:  # not with the error's message, which quotes the token
        sys.exit(f"emojich: {_refusal(config)}")
    except TelegramError as error:
        reason = hide(str(error), config.secrets)
        sys.exit(
            f"emojich: Telegram at {config.api_address} cannot be reached ({reason}): check the "
            f"network{_proxy(config)}, or correct TELEGRAM_API_URL."
        )


def _proxy(config: Config) -> str:
    is_used = getproxies().keys() - {"no"} and not config.api_is_local
    return " and the proxy in HTTPS_PROXY, HTTP_PROXY or ALL_PROXY" if is_used else ""


def _refusal(config: Config) -> str:
    refused = "Telegram refuses TELEGRAM_BOT_TOKEN: ask @BotFather for the bot's token"
    if config.api_url == TELEGRAM:
        return f"{refused}."
    # A server that is no Bot API answers in the same way, so the address may be wrong instead.
    return f"{refused}, or correct TELEGRAM_API_URL ({config.api_address})."


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
