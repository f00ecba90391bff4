"""The bot about itself: name, commands, descriptions."""

from dataclasses import asdict

from bot.sandbox import rules
from bot.sandbox.decoding import Json
from bot.sandbox.entities import utf16_length
from bot.sandbox.errors import BadRequest
from bot.sandbox.inputs import BotCommand, BotCommandScope
from bot.sandbox.registry import method
from bot.sandbox.sandbox import Sandbox

DEFAULT_SCOPE = BotCommandScope()


@method
def get_me(sandbox: Sandbox) -> Json:
    """Introduce the bot (https://core.telegram.org/bots/api#getme)."""
    return {
        **sandbox.bot,
        "can_join_groups": True,
        "can_read_all_group_messages": False,
        "supports_inline_queries": True,
        "can_connect_to_business": False,
        "has_main_web_app": False,
    }


@method
def set_my_commands(
    sandbox: Sandbox,
    commands: list[BotCommand],
    scope: BotCommandScope = DEFAULT_SCOPE,
    language_code: str = "",
) -> bool:
    """Set the list of commands (https://core.telegram.org/bots/api#setmycommands)."""
    rules.check_commands(commands)
    by_language = sandbox.state.profile.commands.setdefault(scope.key, {})
    by_language[language_code] = [asdict(command) for command in commands]
    sandbox.hub.publish({"type": "bot"})
    return True


@method
def set_my_description(sandbox: Sandbox, description: str = "", language_code: str = "") -> bool:
    """Set what an empty chat shows (https://core.telegram.org/bots/api#setmydescription)."""
    if utf16_length(description) > rules.MAX_DESCRIPTION:
        raise BadRequest("BOT_DESCRIPTION_TOO_LONG")
    _set_text(sandbox.state.profile.description, language_code, description)
    sandbox.hub.publish({"type": "bot"})
    return True


@method
def get_my_description(sandbox: Sandbox, language_code: str = "") -> Json:
    """Get what an empty chat shows (https://core.telegram.org/bots/api#getmydescription)."""
    return {"description": text_for(sandbox.state.profile.description, language_code)}


def text_for(texts: dict[str, str], language_code: str) -> str:
    """The text for a language, or the one for all languages that have none of their own."""
    return texts.get(language_code) or texts.get("", "")


def commands_for(sandbox: Sandbox, chat_id: int, language_code: str) -> list[Json]:
    """The commands that people see in a chat: https://core.telegram.org/bots/api#botcommandscope."""
    kind = "all_group_chats" if chat_id in sandbox.state.groups else "all_private_chats"
    for scope in (f"chat {chat_id}", kind, "default"):
        by_language = sandbox.state.profile.commands.get(scope, {})
        for language in (language_code, ""):
            if language in by_language:
                return by_language[language]
    return []


def _set_text(texts: dict[str, str], language_code: str, text: str) -> None:
    if text:
        texts[language_code] = text
    else:
        texts.pop(language_code, None)
