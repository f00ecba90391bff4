"""The context that every handler gets with the update: it knows the user's language.

https://docs.python-telegram-bot.org/en/stable/examples.contexttypesbot.html
"""

from typing import Any, Self

from telegram import Update
from telegram.ext import Application, BaseHandler, CallbackContext, ExtBot

from bot.texts import Texts, language_for, texts


class Context(CallbackContext[ExtBot[Any], dict[Any, Any], dict[Any, Any], dict[Any, Any]]):
    """The context of an update, with its user's language."""

    _language_code: str | None = None  # of the user's Telegram; None where there is no user

    @classmethod
    def from_update(
        cls, update: object, application: Application[Any, Any, Any, Any, Any, Any]
    ) -> Self:
        """The context of an update, or of an error over one."""
        context = super().from_update(update, application)
        if isinstance(update, Update) and update.effective_user:
            context._language_code = update.effective_user.language_code
        return context

    @property
    def words(self) -> Texts:
        """The sentences in the user's language."""
        return texts(language_for(self._language_code))


Handler = BaseHandler[Update, Context, None]
