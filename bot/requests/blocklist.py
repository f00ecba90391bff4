"""Words that are not drawn: the file that EMOJICH_BLOCKED_WORDS names, one word a line."""

from pathlib import Path
from unicodedata import combining, normalize

from bot.requests.refusals import Refusal
from bot.russian.words import lemma, lemmas, split
from bot.texts import Texts
from emojich_core.errors import SetupError, shown
from emojich_core.request import in_russian_letters, visible


class BlockedPrompt(Refusal):
    """A prompt with a word that is not drawn."""

    def say(self, words: Texts) -> str:
        """The sentence for the user; it does not repeat the word."""
        return words("refusal-blocked")


class Blocklist:
    """Finds the words in a prompt, in whatever form they stand there."""

    def __init__(self, lines: list[str]):
        """Of several words in a line, a prompt must have all to be blocked."""
        entries = (frozenset(map(lemma, split(_folded(line)))) for line in lines)
        self._entries = [entry for entry in entries if entry]

    @classmethod
    def read(cls, path: Path) -> "Blocklist":
        """The list in a file; raises SetupError where there is none."""
        try:
            text = path.read_text(encoding="utf-8-sig")
            if "\0" in text:  # UTF-16 without its mark, of which each byte is UTF-8
                raise ValueError("it is not UTF-8")
            return cls(text.splitlines())
        except (OSError, ValueError) as error:  # not UTF-8, or a name that cannot be
            reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
            message = f"EMOJICH_BLOCKED_WORDS: {shown(path)} cannot be read ({reason})"
            raise SetupError(f"{message}: name a file of words.") from None

    def check(self, prompt: str) -> None:
        """Raise BlockedPrompt for a prompt with one of the words."""
        found = lemmas(_folded(prompt)) if self._entries else set()
        if any(entry <= found for entry in self._entries):
            raise BlockedPrompt


def _folded(text: str) -> str:
    """The text with each letter as the Russian one that it looks like: «кӧт» is «кот»."""
    letters = (c if c in "йЙ" else normalize("NFKD", c) for c in visible(text))
    return in_russian_letters("".join(c for c in "".join(letters) if not combining(c)))
