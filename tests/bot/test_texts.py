"""The catalogues of texts are complete in both languages and match the code."""

import ast
import re
from collections.abc import Iterator

import pytest
from fluent.syntax import FluentParser
from fluent.syntax.ast import Identifier, Junk, Message, SelectExpression, VariableReference
from fluent.syntax.visitor import Visitor
from telegram.constants import CallbackQueryLimit

from bot.account.settings import BOLDNESS
from bot.admin.reports import Verdict
from bot.packs.names import Kind
from bot.packs.sticker_menu import ACTIONS
from bot.requests.limits import Limit
from bot.requests.record import Failure
from bot.requests.view import RequestAction
from bot.telegram.profile import COMMANDS, GROUP_COMMANDS
from bot.texts import COMMON, EXAMPLES, LOCALES, language_for, texts
from emojich_core.image_file import Problem
from emojich_core.request import InvalidRequest, Reason, clean_prompt
from tests.bot.harness import ROOT

LANGUAGES = ("ru", "en")
PLURALS = {"ru": {"one", "few", "many"}, "en": {"one", "other"}}
RUSSIAN_QUOTE = re.compile("«[^»]*»")

# The bot chooses these values itself, so they are never refused.
BY_THE_BOT = {Reason.BAD_COUNT, Reason.BAD_SEED, Reason.BAD_BOLDNESS}
BY_THE_ENGINE = {Reason.UNKNOWN}  # said as a failure

# Message ids that the code composes: the prefix, and the possible ends.
FAMILIES = {
    "boldness-": set(BOLDNESS),
    "sticker-": set(ACTIONS),
    "command-": {*COMMANDS, *GROUP_COMMANDS},
    "failure-": set(Failure),
    "keep-": {RequestAction.HALF, RequestAction.QUARTER},
    "limit-": set(Limit),
    "picture-": set(Problem),
    "verdict-": {*Verdict, *[f"{verdict}-done" for verdict in Verdict]},
    "refusal-": set(Reason) - BY_THE_BOT - BY_THE_ENGINE,
}


class Variables(Visitor):
    """Collects the variables of a message, and the forms it chooses from."""

    def __init__(self) -> None:
        self.names: set[str] = set()
        self.forms: list[set[str]] = []

    def visit_VariableReference(self, node: VariableReference) -> None:  # noqa: N802
        self.names.add(node.id.name)

    def visit_SelectExpression(self, node: SelectExpression) -> None:  # noqa: N802
        keys = [variant.key for variant in node.variants]
        self.forms.append({key.name for key in keys if isinstance(key, Identifier)})
        self.generic_visit(node)


def catalogue(language: str) -> dict[str, Variables]:
    """Every message of a language, with its variables."""
    resource = FluentParser().parse((LOCALES / f"{language}.ftl").read_text())
    assert [entry.content for entry in resource.body if isinstance(entry, Junk)] == []
    messages = [entry for entry in resource.body if isinstance(entry, Message)]
    assert len({message.id.name for message in messages}) == len(messages)
    found = {}
    for message in messages:
        found[message.id.name] = Variables()
        found[message.id.name].visit(message)
    return found


def calls() -> Iterator[tuple[str, set[str]]]:
    """The messages that the code asks for: id (or prefix…), names of the values it gives."""
    for path in (ROOT / "bot").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if not (isinstance(node, ast.Call) and node.args and is_asking(node.func)):
                continue
            names = {str(keyword.arg) for keyword in node.keywords}
            match node.args[0]:
                case ast.Constant(value=str(message_id)):
                    yield message_id, names
                case ast.JoinedStr(values=[ast.Constant(value=prefix), *_]):
                    for rest in FAMILIES[str(prefix)]:
                        yield f"{prefix}{rest}", names


def is_asking(function: ast.expr) -> bool:
    match function:
        case ast.Name(id="words" | "_reply_with" | "_reply_once_per_album"):
            return True
        case ast.Attribute(value=ast.Name(id="press" | "context"), attr="words"):
            return True
        case ast.Call(func=ast.Name(id="texts")):
            return True
    return False


def test_both_languages_have_the_same_messages() -> None:
    russian, english = catalogue("ru"), catalogue("en")
    assert russian.keys() == english.keys()
    for message_id, variables in russian.items():
        assert variables.names - set(COMMON) == english[message_id].names - set(COMMON), message_id


def test_code_uses_every_message_with_its_variables() -> None:
    messages = catalogue("ru")
    asked = list(calls())
    assert {message_id for message_id, _ in asked} == set(messages)
    for message_id, names in asked:
        assert messages[message_id].names - set(COMMON) <= names, message_id


@pytest.mark.parametrize("language", LANGUAGES)
def test_plural_messages_have_all_forms_of_the_language(language: str) -> None:
    forms = [forms for variables in catalogue(language).values() for forms in variables.forms]
    assert forms
    assert all(one == PLURALS[language] for one in forms if "one" in one)


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_message_can_be_formatted(language: str, caplog: pytest.LogCaptureFixture) -> None:
    words = texts(language)
    for message_id, variables in catalogue(language).items():
        for number in (1, 2, 5, 21):
            said = words(message_id, **dict.fromkeys(variables.names, number))
            russian = re.search("[а-яё]", said if language == "ru" else RUSSIAN_QUOTE.sub("", said))
            assert bool(russian) == (language == "ru"), said
    assert caplog.messages == []


def test_russian_and_english_plurals_are_formatted() -> None:
    said = {n: texts("ru")("finished", count=n).split("!")[0] for n in (1, 2, 5, 11, 21)}
    assert said == {
        1: "Готово, 1 стикер",
        2: "Готово, 2 стикера",
        5: "Готово, 5 стикеров",
        11: "Готово, 11 стикеров",
        21: "Готово, 21 стикер",
    }
    assert texts("en")("finished", count=1).startswith("Done, 1 sticker!")


def test_missing_variable_leaves_the_rest_of_the_sentence(caplog: pytest.LogCaptureFixture) -> None:
    assert "в очереди" in texts("ru")("place")
    assert "place" in caplog.text


@pytest.mark.parametrize("language", LANGUAGES)
def test_answers_to_buttons_fit_telegrams_limit(language: str) -> None:
    words = texts(language)
    files = ("requests/buttons.py", "packs/add.py", "packs/sticker_menu.py")
    sources = [ROOT / "bot" / file for file in files]
    ids = {word for path in sources for word in re.findall(r'"([\w-]+)"', path.read_text())}
    ids |= {"broken", "pack-deleted", *(f"limit-{limit}" for limit in Limit)}
    values: dict[str, str | int] = {"number": 9, "allowed": 10**6}
    values |= {"seconds": 60, "hours": 24}
    for kind in Kind:
        values["kind"] = kind.value
        said = [words(one, **values) for one in ids & catalogue(language).keys()]
        assert max(map(len, said)) <= CallbackQueryLimit.ANSWER_CALLBACK_QUERY_TEXT_LENGTH


@pytest.mark.parametrize("example", EXAMPLES)
def test_examples_can_be_drawn(example: str) -> None:
    assert clean_prompt(example) == example


@pytest.mark.parametrize(
    ("code", "language"),
    [
        (None, "ru"), ("ru", "ru"), ("ru-RU", "ru"), ("uk", "ru"), ("be", "ru"), ("kk", "ru"),
        ("en", "en"), ("en-GB", "en"), ("de", "en"), ("pt-br", "en"),
    ],
)  # fmt: skip
def test_language_follows_telegram(code: str | None, language: str) -> None:
    assert language_for(code) == language


def test_every_refusal_of_a_prompt_has_a_text() -> None:
    for text in ("", "a" * 10_000, "42", "qwrtz"):
        with pytest.raises(InvalidRequest) as refused:
            clean_prompt(text)
        assert refused.value.reason in FAMILIES["refusal-"]
