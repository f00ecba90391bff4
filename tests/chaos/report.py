"""Checks the promises by the chats and packs of users after the run."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from tests.bot.harness import text_of
from tests.chaos.people import CANCELLED, DONE, MARK, SORRY, TrackedRequest

Message = dict[str, Any]

LABELS = {DONE: "ended in stickers", CANCELLED: "stopped by their users"}
PROMISES = {
    "lost": "**lost**",
    "twice": "**answered twice**",
    "sticker": "**stickers missing or added twice**",
    "orphan": "**orphaned processes**",
}


@dataclass(frozen=True)
class Seen:
    """A user's chat and packs, and the messages that the bot could not record."""

    chat: list[Message]  # the bot's messages
    packs: list[dict[str, Any]]
    lost: frozenset[int] = frozenset()  # messages whose answer never reached the bot
    unrecorded: tuple[tuple[float, float], ...] = ()  # spans without recording


@dataclass
class Report:
    """The counts of a run, and each broken promise with its evidence."""

    counts: Counter[str] = field(default_factory=Counter)
    breaches: dict[str, list[str]] = field(default_factory=lambda: {name: [] for name in PROMISES})

    @property
    def is_clean(self) -> bool:
        """Whether all promises were kept."""
        return not any(self.breaches.values())

    def read(self, asked: Iterable[TrackedRequest], seen: Seen) -> None:
        """Count one user's requests."""
        for each in asked:
            self._count_messages(each, seen)
            self._count_stickers(each, seen)

    def _count_messages(self, asked: TrackedRequest, seen: Seen) -> None:
        self.counts["requests"] += 1
        shown = [m for m in seen.chat if text_of(m).startswith(MARK.format(asked.prompt))]
        whose = f"user {asked.user_id}, «{asked.prompt}»"
        outcomes = [outcome for outcome in map(_outcome, shown) if outcome]
        if not outcomes and asked.told and not shown:
            self.counts["told to ask again"] += 1
        elif not outcomes:
            evidence = [_quote(m) for m in shown] or "no message"
            self.breaches["lost"].append(f"{whose}: {evidence}")
        else:
            self.counts[outcomes[-1]] += 1
        if CANCELLED in outcomes and not asked.cancels:
            self.breaches["lost"].append(f"{whose}: stopped, but the user did not")
        before = MARK.format(asked.first) if asked.first else None
        old = [m for m in seen.chat if before and text_of(m).startswith(before)]
        sure = [m for m in shown + old if m["message_id"] not in seen.lost]
        extra = [m for m in sure if not _is_unrecorded(m, seen)]
        doubles = max(0, len(shown + old) - 1)
        self.counts["sent twice: the answer was lost"] += min(doubles, len(shown + old) - len(sure))
        self.counts["sent twice: the bot was killed or cut off"] += min(
            max(0, len(sure) - 1), len(sure) - len(extra)
        )
        if len(extra) > 1:
            self.breaches["twice"].append(f"{whose}: {[_quote(m) for m in extra]}")

    def _count_stickers(self, asked: TrackedRequest, seen: Seen) -> None:
        words = {_plain(word) for word in asked.prompt.split()}
        stickers = [sticker for pack in seen.packs for sticker in pack["stickers"]]
        found = [s for s in stickers if words <= set(map(_plain, s["keywords"]))]
        self.counts["stickers tapped"] += len(asked.taps)
        if len(found) != len(asked.taps) or asked.unconfirmed:
            tapped = f"tapped {sorted(asked.taps)}, unconfirmed {sorted(asked.unconfirmed)}"
            in_pack = [sticker["file_unique_id"] for sticker in found]
            whose = f"user {asked.user_id}, «{asked.prompt}»"
            self.breaches["sticker"].append(f"{whose}: {tapped}, in the pack {in_pack}")

    def table(self) -> str:
        """The counts as Markdown, and below them each breach with its evidence."""
        counted = [(LABELS.get(name, name), number) for name, number in self.counts.items()]
        broken = [(PROMISES[name], len(found)) for name, found in self.breaches.items()]
        rows = [f"| {label} | {number} |" for label, number in counted + broken]
        evidence = [f"{name}: {each}" for name, found in self.breaches.items() for each in found]
        return "\n".join(["| what was counted | |", "| --- | --- |", *rows, "", *evidence])


def _outcome(message: Message) -> str:
    """How a request has ended by its message; "" if it has not."""
    text = text_of(message)
    if DONE in text or CANCELLED in text:
        return DONE if DONE in text else CANCELLED
    return "a sentence says why not" if any(sorry in text for sorry in SORRY) else ""


def _is_unrecorded(message: Message, seen: Seen) -> bool:
    """Whether the bot may have sent a message without noting it, and so sends another one."""
    return any(
        begin <= message["date"] + 1 and message["date"] <= end for begin, end in seen.unrecorded
    )


def _plain(word: str) -> str:
    return word.replace("ё", "е")


def _quote(message: Message) -> str:
    text = text_of(message).replace("\n", " ")
    return f"{message['message_id']} at {message['date']}: {text}"
