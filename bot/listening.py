"""Has Telegram's updates come: it is asked (getUpdates), or it calls (setWebhook)."""

import asyncio
import logging

from telegram import Bot, Update
from telegram.error import BadRequest, InvalidToken, TelegramError
from telegram.ext import Updater

from bot.config import Config
from bot.logs import reason
from bot.patience import pause_after
from worker.errors import SetupError

# All others stay away.
UPDATES = [
    Update.MESSAGE,
    Update.EDITED_MESSAGE,
    Update.CALLBACK_QUERY,
    Update.INLINE_QUERY,
]
TOKEN_INTERVAL = 60.0  # seconds between two looks whether the token is good still

log = logging.getLogger(__name__)


async def listen(updater: Updater, config: Config) -> None:
    """Begin, through an outage of Telegram.

    Raises SetupError when it cannot be as WEBHOOK_URL and WEBHOOK_PORT say.
    """
    failures = 0
    while True:
        try:
            await _begin(updater, config)
            return
        except InvalidToken:
            raise
        except BadRequest as error:
            raise SetupError(f"Telegram refuses WEBHOOK_URL ({error}): correct it.") from error
        except OSError as error:
            raise SetupError(
                f"Port {config.webhook_port} cannot be listened at ({error.strerror}): "
                "free it, or set WEBHOOK_PORT to another one."
            ) from error
        except TelegramError as error:  # it has just taken the token, so this is an outage
            failures += 1
            pause = pause_after(error, failures)
            log.warning("no updates yet: %s; again in %.1f s", error, pause)
        await asyncio.sleep(pause)


async def _begin(updater: Updater, config: Config) -> None:
    if config.webhook_url:
        await updater.start_webhook(
            listen="0.0.0.0",
            port=config.webhook_port,
            url_path=config.webhook_path,
            webhook_url=config.webhook_url,
            secret_token=config.webhook_secret,
            allowed_updates=UPDATES,
        )
    else:
        await updater.start_polling(allowed_updates=UPDATES, error_callback=_log_polling_error)


async def keep_token(bot: Bot) -> None:
    """Look after the token, for ever; raises InvalidToken when it has been revoked.

    The updater would just fall silent.
    """
    while True:
        await asyncio.sleep(TOKEN_INTERVAL)
        try:
            await bot.get_me()
        except InvalidToken:
            raise
        except Exception as error:  # an outage, or an answer of a gateway's
            log.warning("the token: %s; looking again", reason(error))


def _log_polling_error(error: TelegramError) -> None:
    log.warning("polling: %s; trying again", error)
