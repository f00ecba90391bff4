"""`python -m bot.doctor`: check token, inline mode, groups, webhook and Redis.

Prints a line a check; exits with 1 if something is wrong.  No line holds the token.
`emojich doctor` runs it, too.
"""

import asyncio
import os
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from telegram import User, WebhookInfo
from telegram.error import TelegramError

from bot.config import Config
from bot.logs import start_logging
from bot.requests.limits import Blocklist
from bot.telegram.application import build_application, explain_failure, identify
from emojich_core.errors import SetupError, shown
from worker.queue.doctor import (
    Finding,
    check_redis,
    check_variables,
    failed,
    passed,
    report,
    skipped,
)

RECENT = timedelta(minutes=10)  # Telegram also reports older errors
MANY_UPDATES = 100  # more waiting updates mean that no bot takes them


def main() -> None:
    """Check the bot that the environment describes."""
    if not any(os.environ.get(f"TELEGRAM_BOT_TOKEN{end}", "").strip() for end in ("", "_FILE")):
        why = "TELEGRAM_BOT_TOKEN is not set: this machine runs no bot in Telegram."
        report(check_variables(), iter([skipped(why)]), check_redis())
    try:
        config = Config.from_environment(os.environ)
        start_logging(config.secrets)
    except SetupError as error:
        report(check_variables(), iter([failed(str(error))]), check_redis())
    checks = (check_variables(), _telegram(config), _blocklist(config), check_redis())
    report(*checks, secrets=config.secrets)


def _telegram(config: Config) -> Iterator[Finding]:
    try:
        user, webhook = asyncio.run(_ask(config))
    except TelegramError as error:
        yield failed(explain_failure(config, error))
        return
    name = f"@{user.username}"
    yield passed(f"Telegram takes the token, which is that of {name}.")
    if user.supports_inline_queries:
        yield passed(f"Inline mode is on: users can write {name} in any chat.")
    else:
        yield failed(
            f"Inline mode is off: send @BotFather /setinline, choose {name}, and give it a "
            "placeholder."
        )
    if user.can_join_groups:
        yield passed("Users can add the bot to groups.")
    else:
        yield skipped(f"groups: /setjoingroups of @BotFather keeps {name} out of them.")
    yield from _webhook(config.webhook_url, webhook)


async def _ask(config: Config) -> tuple[User, WebhookInfo]:
    """The bot's user and its webhook.  Raises TelegramError and SetupError."""
    bot = build_application(config).bot
    try:
        await identify(bot, config)
        return bot.bot, await bot.get_webhook_info()
    except (TypeError, LookupError, ValueError):  # as `identify` does for getMe
        raise SetupError(
            f"{config.api_address} does not answer as Telegram does: correct TELEGRAM_API_URL."
        ) from None
    finally:
        await bot.shutdown()


def _webhook(wanted: str, info: WebhookInfo) -> Iterator[Finding]:
    found, waiting = shown(info.url), info.pending_update_count
    if info.url == wanted:
        yield passed(f"Telegram sends updates to {found}." if wanted else "The bot polls Telegram.")
    elif not wanted:
        yield failed(
            f"Telegram sends updates to {found}, but WEBHOOK_URL is not set: start the bot, which "
            "deletes that webhook, or set WEBHOOK_URL."
        )
    else:
        where = f"to {found}" if found else "nowhere"
        yield failed(
            f"Telegram sends updates {where}, not to WEBHOOK_URL: restart the bot, which sets the "
            "webhook, and run no other bot with this token."
        )
    if wanted and info.last_error_date and datetime.now(UTC) - info.last_error_date < RECENT:
        yield failed(
            f"Telegram could not deliver an update at {info.last_error_date:%H:%M} UTC "
            f"({shown(info.last_error_message)}): let the proxy of WEBHOOK_URL pass requests on to "
            "WEBHOOK_PORT."
        )
    if waiting > MANY_UPDATES:
        yield failed(f"{waiting} updates wait at Telegram: start the bot, or see its log.")
    else:
        yield passed(f"{waiting} updates wait at Telegram.")


def _blocklist(config: Config) -> Iterator[Finding]:
    if config.blocked_words:
        Blocklist.read(config.blocked_words)
        yield passed(f"The blocked words in {shown(config.blocked_words)} can be read.")


if __name__ == "__main__":
    main()
