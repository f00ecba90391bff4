"""Words that are not drawn: the file that EMOJICH_BLOCKED_WORDS names, one word a line."""

from pathlib import Path

from bot.emoji.words import lemma, lemmas
from bot.refusals import Refusal
from bot.texts import Texts
from emojich_core.errors import shown
from worker.errors import SetupError


class BlockedPrompt(Refusal):
    """A prompt with a word that is not drawn."""

    def say(self, words: Texts) -> str:
        """The sentence for the user; it does not repeat the word."""
        return words("refusal-blocked")


class Blocklist:
    """Finds the words in a prompt, in whatever form they stand there."""

    def __init__(self, words: list[str]):
        self._blocked = frozenset(lemma(word) for word in map(str.strip, words) if word)

    @classmethod
    def read(cls, path: Path) -> "Blocklist":
        """The list in a file; raises SetupError where there is none."""
        try:
            return cls(path.read_text(encoding="utf-8").splitlines())
        except (OSError, ValueError) as error:  # not UTF-8, or a name that cannot be
            reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
            message = f"EMOJICH_BLOCKED_WORDS: {shown(path)} cannot be read ({reason})"
            raise SetupError(f"{message}: name a file of words.") from None

    def check(self, prompt: str) -> None:
        """Raise BlockedPrompt for a prompt with one of the words."""
        if self._blocked and not self._blocked.isdisjoint(lemmas(prompt)):
            raise BlockedPrompt
