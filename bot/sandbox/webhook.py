"""Delivery of updates to a webhook (https://core.telegram.org/bots/api#setwebhook).

One update at a time, in order; a refused update is sent again, after longer and longer pauses.
"""

import asyncio
import time

from aiohttp import ClientError, ClientSession, ClientTimeout

from bot.sandbox.decoding import Json
from bot.sandbox.sandbox import Sandbox
from bot.sandbox.state import Webhook
from bot.sandbox.updates import as_sent

SECRET_HEADER = "X-Telegram-Bot-Api-Secret-Token"
ANSWER_SECONDS = 60
FIRST_PAUSE = 1.0
LONGEST_PAUSE = 60.0


async def deliver(sandbox: Sandbox) -> None:
    """Post updates to the webhook, for as long as the server runs, whenever there is a webhook."""
    pause = FIRST_PAUSE
    async with ClientSession(timeout=ClientTimeout(ANSWER_SECONDS)) as http:
        while True:
            webhook, update = sandbox.state.webhook, sandbox.updates.first()
            if webhook is None or update is None:
                await sandbox.updates.change()
            elif error := await _refusal(http, webhook, update):
                webhook.last_error_date, webhook.last_error_message = int(time.time()), error
                await asyncio.sleep(pause)
                pause = min(2 * pause, LONGEST_PAUSE)
            else:
                sandbox.updates.confirm(update["update_id"] + 1)
                pause = FIRST_PAUSE


async def _refusal(http: ClientSession, webhook: Webhook, update: Json) -> str:
    """Why the bot has not taken an update; empty when it has."""
    headers = {SECRET_HEADER: webhook.secret_token} if webhook.secret_token else {}
    try:
        async with http.post(
            webhook.url, json=as_sent(update), headers=headers, allow_redirects=False
        ) as response:
            if 200 <= response.status < 300:
                return ""
            return f"Wrong response from the webhook: {response.status} {response.reason}"
    except (ClientError, TimeoutError) as error:
        return f"Connection failed: {error}"
