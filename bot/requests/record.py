"""What the bot knows about one request, and how that changes.

The message in the chat is a function of the record (see `view`), and the record changes only
through `advance`.  So events may come late, twice or out of order, and the message is still right.
"""

from dataclasses import dataclass, field, replace
from enum import StrEnum

from bot.packs.names import Kind, kind_of
from emojich_core.request import ImageRef, clean_prompt, new_seed
from worker.queue.events import Failed, Finished, Progress
from worker.queue.request_ids import RequestId

NO_WORKER = 0  # the place of a request that waits while no worker is running


class State(StrEnum):
    """How far a request has come."""

    WAITING = "waiting"
    DRAWING = "drawing"
    FINISHED = "finished"
    FAILED = "failed"
    CANCELLED = "cancelled"  # by the user
    REPLACED = "replaced"  # its message shows another request now
    GONE = "gone"  # its message was deleted, or the user has blocked the bot


class Failure(StrEnum):
    """Why a request ended without stickers: five that the worker reports, and the bot's own."""

    FAILED = "failed"
    TIMEOUT = "timeout"
    MEMORY = "memory"  # the engine's ran out
    UNKNOWN = "unknown"  # the model knows no word of the prompt; it costs no quota
    LOST = "lost"  # the queue has lost the request
    UNSERVED = "unserved"  # no worker was there to draw it, for as long as it could wait
    EXPIRED = "expired"  # its stickers were forgotten before Telegram could take them
    REFUSED = "refused"  # Telegram will not take them
    NO_PHOTOS = "no-photos"  # the chat takes none
    NO_IMAGE = "no-image"  # the picture to begin with has expired; it costs no quota


@dataclass(frozen=True)
class CandidateRef:
    """A candidate of a request; as a text, which a record holds, `<request id>:<number>`."""

    request_id: RequestId
    number: int  # from 0

    def __str__(self) -> str:
        """The text."""
        return f"{self.request_id}:{self.number}"

    @classmethod
    def parse(cls, text: str) -> "CandidateRef":
        """The candidate of a text.  Raises ValueError."""
        request_id, _, number = text.rpartition(":")
        if not (request_id and number.isdecimal()):
            raise ValueError("it is no candidate")
        return cls(RequestId(request_id), int(number))


@dataclass(frozen=True)
class Queued:
    """Where the request waits."""

    place: int  # or NO_WORKER while there is no worker
    seconds: int = 0  # roughly, until its stickers are there; 0 when it is unknown


@dataclass(frozen=True)
class Placed:
    """The candidates that Telegram has, for packs of one kind."""

    uploads: dict[int, str] = field(default_factory=dict)  # candidate → Telegram's file id
    packs: dict[int, str] = field(default_factory=dict)  # candidate → name of the pack it is in


@dataclass(frozen=True)
class Record:
    """One request, its message, and what became of both."""

    id: RequestId
    user_id: int
    chat_id: int
    prompt: str
    language: str
    reply_to: int = 0  # the message that asks for it, in a group
    thread_id: int = 0  # the topic in which it was asked for; 0 outside of any
    message_id: int | None = None  # None until Telegram has taken the first one
    # The message was a photo before this request took it over, or a sketch has made it one.
    over_photo: bool = False
    shown: State | None = None  # the state that the message shows
    state: State = State.WAITING
    wanted: int = 0  # candidates asked for; 0 until the user's settings have been looked up
    seed: int = field(default_factory=new_seed)
    boldness: float = 1.0
    outline: bool = False  # around the stickers, white
    longer: bool = False  # more candidates are drawn than shown, for a judge to choose
    emoji: list[str] = field(default_factory=list)  # that the stickers will answer to
    like: str = ""  # the `CandidateRef` that they are to be like
    image: ImageRef | None = None  # the picture that they begin with
    picture: str = ""  # its file_unique_id; empty also in records of older versions
    # The bundle that is to draw them, then the one that has; empty: the default, or unknown.
    model: str = ""
    styles: dict[str, str] = field(default_factory=dict)  # other bundles → what users read
    reportable: bool = False  # users see it in a group, and there are admins to report it to
    queued: Queued = Queued(1)
    fraction: float = 0.0
    sketch: int = 0  # number of a sketch that the message does not show yet; 0: there is none
    no_sketches: bool = False  # Telegram refuses sketches
    count: int = 0  # of candidates
    unknown: str = ""  # a word of the prompt that the model does not know
    instead: str = ""  # and what it drew instead
    judge: str = ""  # the model that chose the candidates
    failure: str = Failure.FAILED  # why, once it has
    choosing: bool = False  # which candidate others are to be like: the buttons ask for it
    choosing_style: bool = False  # the buttons ask for another style
    successor: RequestId = field(default=RequestId(""))  # that took the message over
    counted: bool = False  # the bot's metrics have its end: it may be shown again, and end again
    # For each kind of pack, since custom emoji are smaller files.
    placed: dict[Kind, Placed] = field(default_factory=lambda: {kind: Placed() for kind in Kind})

    def anew(self, request_id: RequestId, like: str = "") -> "Record":
        """A new request for the same prompt by the same user, as they like it now.

        It begins with the same picture, unless it is to be `like` a candidate.
        """
        return Record(
            request_id,
            self.user_id,
            self.chat_id,
            self.prompt,
            self.language,
            like=like,
            image=None if like else self.image,
            picture="" if like else self.picture,
            model=self.model,
            emoji=self.emoji,
            reply_to=self.reply_to,
            thread_id=self.thread_id,
        )

    def asks_the_same(self, other: "Record") -> bool:
        """Whether a record, of the message as it was before, has the same prompt and picture."""
        if clean_prompt(self.prompt) != other.prompt:
            return False
        is_of_older_version = self.image and other.image and not other.picture
        return self.picture == other.picture or bool(is_of_older_version)

    def is_in_pack(self, number: int) -> bool:
        """Whether a candidate is in a pack of any kind."""
        return any(number in placed.packs for placed in self.placed.values())

    @property
    def packs(self) -> list[str]:
        """The names of the packs that hold candidates, each once."""
        names = [name for placed in self.placed.values() for name in placed.packs.values()]
        return list(dict.fromkeys(names))

    @property
    def is_private(self) -> bool:
        """Whether only its user sees its message: a private chat has the user's id."""
        return self.chat_id == self.user_id

    @property
    def is_waited_for(self) -> bool:
        """Whether stickers are still to come."""
        return self.state in (State.WAITING, State.DRAWING)

    @property
    def is_open(self) -> bool:
        """Whether the bot still owes the user something: the stickers, or the message."""
        if self.state in (State.REPLACED, State.GONE):
            return False
        return self.is_waited_for or self.shown is not self.state

    @property
    def has_picture(self) -> bool:
        """Whether the message shows the candidates already."""
        return self.shown is State.FINISHED

    @property
    def has_stickers(self) -> bool:
        """Whether there is something to show, even where its message is gone."""
        return self.state in (State.FINISHED, State.GONE) and self.count > 0

    @property
    def is_photo(self) -> bool:
        """Whether the message is a photo, of this request or of the one before."""
        return self.over_photo or self.has_picture


@dataclass(frozen=True)
class Shown:
    """Telegram has taken the message."""

    message_id: int
    state: State
    sketch: int = 0  # number of the sketch that was due; 0: none was
    is_photo: bool = False  # the sketch was still there, and now the message is a photo


@dataclass(frozen=True)
class Photographed:
    """The message turns out to be a photo: it became one as the request took it over."""


@dataclass(frozen=True)
class SketchRefused:
    """Telegram does not take a sketch: the chat may allow no photos."""


@dataclass(frozen=True)
class Uploaded:
    """Telegram keeps the file of a candidate."""

    number: int
    file_id: str
    kind: Kind = Kind.STICKERS


@dataclass(frozen=True)
class Added:
    """A candidate is in one of the user's packs."""

    number: int
    pack: str


@dataclass(frozen=True)
class Labelled:
    """The user wants the stickers to answer to these emoji."""

    emoji: list[str]


@dataclass(frozen=True)
class Choosing:
    """The buttons ask, or no longer ask, which candidate others are to be like."""

    on: bool


@dataclass(frozen=True)
class ChoosingStyle:
    """The buttons ask in which of these styles to draw the same; empty: they no longer ask."""

    styles: dict[str, str]


@dataclass(frozen=True)
class Spoilt:
    """The stickers cannot be shown."""

    reason: Failure


@dataclass(frozen=True)
class Reopened:
    """The user wants to see the stickers again: in a new message."""


@dataclass(frozen=True)
class Cancelled:
    """The user wants no stickers any more, and the queue has let go of the request."""


@dataclass(frozen=True)
class Abandoned:
    """Its worker has died, and no other is there to go on."""


@dataclass(frozen=True)
class Replaced:
    """Another request took the message over: the user has asked again, or for something else."""

    successor: RequestId


@dataclass(frozen=True)
class Moved:
    """Its group has become a supergroup: another chat, with other messages."""

    chat_id: int


@dataclass(frozen=True)
class Unreachable:
    """The message is gone for good."""


Change = (
    Progress | Finished | Failed | Queued | Shown | Photographed | SketchRefused | Uploaded | Added
    | Labelled | Choosing | ChoosingStyle | Spoilt | Reopened | Cancelled | Abandoned | Replaced
    | Moved | Unreachable
)  # fmt: skip


def advance(record: Record, change: Change) -> Record:
    """The record after a change; the same record where the change comes too late to matter."""
    state = record.state
    match change:
        case Shown(message_id, shown, sketch, is_photo):
            left = 0 if sketch == record.sketch else record.sketch
            over_photo = is_photo or record.over_photo
            anew = replace(record, message_id=message_id, shown=shown)
            return replace(anew, sketch=left, over_photo=over_photo)
        case SketchRefused():
            return replace(record, sketch=0, no_sketches=True)
        case Photographed():
            return replace(record, over_photo=True)
        case Uploaded(number, file_id, kind):
            # The first one stays: an earlier bot may have put it into a pack already.
            uploads = {number: file_id} | record.placed[kind].uploads
            return _with_placed(record, kind, uploads=uploads)
        case Added(number, pack):
            packs = record.placed[kind_of(pack)].packs | {number: pack}
            return _with_placed(record, kind_of(pack), packs=packs)
        case Labelled(emoji):
            return replace(record, emoji=emoji)
        case Choosing(on):
            return replace(record, choosing=on, choosing_style=False)
        case ChoosingStyle(styles):
            return replace(record, styles=styles, choosing_style=bool(styles), choosing=False)
        case Finished() if state is State.GONE:
            return _with_candidates(record, change)
        case Reopened() if record.has_stickers:
            anew = replace(record, message_id=None, shown=None, over_photo=False)
            anew = replace(anew, state=State.FINISHED)
            return replace(anew, choosing=False, choosing_style=False)
        case _ if state in (State.REPLACED, State.GONE):
            return record
        case Queued() if state is State.WAITING:
            return replace(record, queued=change)
        case Progress(fraction=fraction, sketch=sketch) if record.is_waited_for:
            newest = 0 if record.no_sketches else sketch or record.sketch
            return replace(record, state=State.DRAWING, fraction=fraction, sketch=newest)
        case Finished() if state not in (State.FINISHED, State.CANCELLED):
            # Even after a failure: stickers are good news, however late.
            return replace(_with_candidates(record, change), state=State.FINISHED)
        case Failed(reason=reason) if record.is_waited_for:
            return replace(record, state=State.FAILED, failure=_failure(reason))
        case Cancelled() if record.is_waited_for:
            return replace(record, state=State.CANCELLED)
        case Spoilt(reason) if state is State.FINISHED and not record.has_picture:
            return replace(record, state=State.FAILED, failure=reason)
        case Abandoned() if state is State.DRAWING:
            return replace(record, state=State.WAITING, queued=Queued(NO_WORKER))
        case Replaced(successor):
            return replace(record, state=State.REPLACED, successor=successor)
        case Moved(chat_id):
            anew = replace(record, message_id=None, shown=None, over_photo=False)
            return replace(anew, chat_id=chat_id, reply_to=0, thread_id=0)
        case Unreachable():
            return replace(record, state=State.GONE)
    return record


def _with_placed(record: Record, kind: Kind, **changes: dict[int, str]) -> Record:
    placed = replace(record.placed[kind], **changes)
    return replace(record, placed=record.placed | {kind: placed})


def _with_candidates(record: Record, end: Finished) -> Record:
    count, model = len(end.candidates), end.model or record.model
    drawn = replace(record, count=count, model=model, judge=end.judge)
    return replace(drawn, unknown=end.unknown, instead=end.instead)


def _failure(reason: str) -> Failure:
    """What the worker reports; a newer one may know reasons that this bot does not."""
    return Failure(reason) if reason in set(Failure) else Failure.FAILED
