"""Inline queries and their answers: https://core.telegram.org/bots/inline.

They do not survive a restart, because a query is valid for seconds.
"""

import time
from dataclasses import dataclass, field

from bot.sandbox.decoding import Json

MAX_QUESTIONS = 200


@dataclass
class InlineAnswer:
    """The bot's answerInlineQuery; each result has the content of its message ready."""

    results: list[Json]
    next_offset: str = ""
    button: Json | None = None
    cache_time: int = 0
    is_personal: bool = False


@dataclass
class Question:
    """The sandbox's side of an InlineQuery."""

    id: str
    user_id: int
    query: str
    offset: str
    date: int
    answer: InlineAnswer | None = None


@dataclass
class Inline:
    """The latest queries, and the answers that Telegram caches."""

    questions: dict[str, Question] = field(default_factory=dict)
    _cache: dict[tuple[int | None, str, str], tuple[float, InlineAnswer]] = field(
        default_factory=dict
    )

    def ask(self, question: Question) -> None:
        """Store a query; it is answered at once if a cached answer is still valid.

        Other users get the same answer unless it was personal, as at Telegram: a bot that forgets
        ``is_personal`` shows one user's results to another.
        """
        self.questions[question.id] = question
        for oldest in list(self.questions)[:-MAX_QUESTIONS]:
            del self.questions[oldest]
        for owner in (question.user_id, None):
            until, answer = self._cache.get((owner, question.query, question.offset), (0.0, None))
            if answer is not None and time.time() < until:
                question.answer = answer

    def settle(self, question: Question, answer: InlineAnswer) -> None:
        """Answer a query, and cache the answer for equal queries."""
        question.answer = answer
        owner = question.user_id if answer.is_personal else None
        until = time.time() + answer.cache_time
        self._cache[owner, question.query, question.offset] = (until, answer)
