"""Inline mode: https://core.telegram.org/bots/api#inline-mode."""

import time
from dataclasses import asdict
from typing import Any

from bot.sandbox import rules
from bot.sandbox.decoding import DecodeError, Json, decode
from bot.sandbox.errors import BadRequest
from bot.sandbox.inline import InlineAnswer, Question
from bot.sandbox.inputs import (
    InlineQueryResultArticle,
    InlineQueryResultCachedSticker,
    InlineQueryResultsButton,
)
from bot.sandbox.methods.messages import sticker_content, text_content
from bot.sandbox.registry import method
from bot.sandbox.sandbox import Sandbox

KINDS = {"sticker": InlineQueryResultCachedSticker, "article": InlineQueryResultArticle}


@method
def answer_inline_query(
    sandbox: Sandbox,
    inline_query_id: str,
    results: list[dict[str, Any]],
    cache_time: int = 300,
    is_personal: bool = False,
    next_offset: str = "",
    button: InlineQueryResultsButton | None = None,
) -> bool:
    """Show results above a person's text box (https://core.telegram.org/bots/api#answerinlinequery)."""
    rules.check_inline_results([str(result.get("id", "")) for result in results], next_offset)
    shown = [_result(sandbox, result) for result in results]
    question = sandbox.inline.questions.get(inline_query_id)
    if question is None or question.answer or _is_old(question):
        raise BadRequest("query is too old and response timeout expired or query ID is invalid")
    if button is not None:
        rules.check_inline_button(button)
    above = asdict(button) if button else None
    answer = InlineAnswer(shown, next_offset, above, min(cache_time, 86400), is_personal)
    sandbox.inline.settle(question, answer)
    sandbox.hub.publish({"type": "inline", "query": asdict(question)}, [question.user_id])
    return True


def _is_old(question: Question) -> bool:
    return time.time() - question.date > rules.CALLBACK_SECONDS


def _result(sandbox: Sandbox, given: Json) -> Json:
    """A result as the chat page needs it: what it shows, and what it will send."""
    kind = KINDS.get(str(given.get("type")))
    if kind is None:
        raise BadRequest("the sandbox takes stickers and articles as inline results")
    try:
        result = decode(given, kind)
    except DecodeError as error:
        raise BadRequest(f"can't parse inline query result: {error}") from None
    shown: Json = {"type": result.type, "id": result.id}
    if isinstance(result, InlineQueryResultCachedSticker):
        shown |= {"content": sticker_content(sandbox, result.sticker_file_id)}
    else:
        shown |= {"title": result.title, "description": result.description}
    if result.input_message_content is not None:
        words = result.input_message_content
        shown |= {"content": text_content(words.message_text)}
    return shown
