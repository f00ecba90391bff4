"""The record of one request, and the changes of a record.

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
    MEMORY = "memory"  # the engine ran out of memory
    UNKNOWN = "unknown"  # the model knows no word of the prompt; it costs no quota
    LOST = "lost"  # its job is no longer in the queue
    UNSERVED = "unserved"  # no worker took it before its job expired
    EXPIRED = "expired"  # its stickers expired in Redis before Telegram could take them
    REFUSED = "refused"  # Telegram refuses the stickers
    NO_PHOTOS = "no-photos"  # the chat allows no photos
    NO_IMAGE = "no-image"  # its image prompt has expired; it costs no quota


@dataclass(frozen=True)
class CandidateRef:
    """A candidate of a request; records store it as the text `<request id>:<number>`."""

    request_id: RequestId
    number: int  # from 0

    def __str__(self) -> str:
        """The text that `parse` reads."""
        return f"{self.request_id}:{self.number}"

    @classmethod
    def parse(cls, text: str) -> "CandidateRef":
        """The candidate that a text names.  Raises ValueError."""
        request_id, _, number = text.rpartition(":")
        if not (request_id and number.isdecimal()):
            raise ValueError("it is no candidate")
        return cls(RequestId(request_id), int(number))


@dataclass(frozen=True)
class Queued:
    """The place of a request in its queue."""

    place: int  # from 1; NO_WORKER while no worker is running
    seconds: int = 0  # estimated time until its stickers are ready; 0: unknown


@dataclass(frozen=True)
class Placed:
    """The candidates that were uploaded to Telegram, for packs of one kind."""

    uploads: dict[int, str] = field(default_factory=dict)  # candidate → Telegram's file id
    packs: dict[int, str] = field(default_factory=dict)  # candidate → name of the pack it is in


@dataclass(frozen=True)
class Record:
    """One request, its message in the chat, and the state of both."""

    id: RequestId
    user_id: int
    chat_id: int
    prompt: str
    language: str
    reply_to: int = 0  # in a group, the id of the message with the prompt
    thread_id: int = 0  # the topic of the message with the prompt; 0: none
    message_id: int | None = None  # of the bot's message; None until Telegram has accepted it
    # The message was a photo before this request took it over, or a sketch has made it one.
    over_photo: bool = False
    shown: State | None = None  # the state that the message shows
    state: State = State.WAITING
    wanted: int = 0  # number of candidates; 0 until it is read from the user's settings
    seed: int = field(default_factory=new_seed)
    boldness: float = 1.0
    outline: bool = False  # a white one around each sticker
    longer: bool = False  # more candidates are drawn than shown, for a judge to choose
    emoji: list[str] = field(default_factory=list)  # of the stickers
    like: str = ""  # the `CandidateRef` to which the candidates shall be similar
    image: ImageRef | None = None  # the image prompt: a picture from the user
    picture: str = ""  # the file_unique_id of `image`; empty also in records of older versions
    # The bundle that shall draw the request, then the one that has; empty: default or unknown.
    model: str = ""
    styles: dict[str, str] = field(default_factory=dict)  # names of other bundles → labels
    reportable: bool = False  # users see it in a group, and there are admins to report it to
    queued: Queued = Queued(1)
    fraction: float = 0.0
    sketch: int = 0  # number of a sketch that the message does not show yet; 0: none
    no_sketches: bool = False  # Telegram refuses sketches
    count: int = 0  # of candidates
    unknown: str = ""  # a word of the prompt that the model does not know
    instead: str = ""  # the word that the model drew instead of `unknown`
    judge: str = ""  # the model that chose the candidates
    failure: str = Failure.FAILED  # the reason, once `state` is FAILED
    choosing: bool = False  # the buttons ask to which candidate others shall be similar
    choosing_style: bool = False  # the buttons ask for another style
    successor: RequestId = field(default=RequestId(""))  # the request that took the message over
    counted: bool = False  # metrics have counted its end: a reopened request ends twice
    # For each kind of pack, since custom emoji are smaller files.
    placed: dict[Kind, Placed] = field(default_factory=lambda: {kind: Placed() for kind in Kind})

    def anew(self, request_id: RequestId, like: str = "") -> "Record":
        """A new request for the same prompt by the same user, with their present settings.

        It has the same image prompt, unless its candidates shall be similar to `like`.
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
        """Whether `other`, the record before the user's edit, has the same prompt and picture."""
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
        """Whether its chat is the user's private one, which has the user's id."""
        return self.chat_id == self.user_id

    @property
    def is_pending(self) -> bool:
        """Whether stickers are still to come."""
        return self.state in (State.WAITING, State.DRAWING)

    @property
    def is_open(self) -> bool:
        """Whether the user still waits for stickers, or for a message that shows the state."""
        if self.state in (State.REPLACED, State.GONE):
            return False
        return self.is_pending or self.shown is not self.state

    @property
    def has_picture(self) -> bool:
        """Whether the message shows the candidates already."""
        return self.shown is State.FINISHED

    @property
    def has_stickers(self) -> bool:
        """Whether its stickers are drawn, even if its message is gone."""
        return self.state in (State.FINISHED, State.GONE) and self.count > 0

    @property
    def is_photo(self) -> bool:
        """Whether the message is a photo, of this request or of the one that it replaced."""
        return self.over_photo or self.has_picture


@dataclass(frozen=True)
class Shown:
    """Telegram has accepted the message."""

    message_id: int
    state: State
    sketch: int = 0  # number of the sketch that was due; 0: none
    is_photo: bool = False  # the sketch had not expired, so the message is a photo now


@dataclass(frozen=True)
class MessageIsPhoto:
    """Telegram says that the message is a photo: a sketch arrived as the request took it over."""


@dataclass(frozen=True)
class SketchRefused:
    """Telegram refuses a sketch: the chat may allow no photos."""


@dataclass(frozen=True)
class Uploaded:
    """Telegram has stored the file of a candidate."""

    number: int
    file_id: str
    kind: Kind = Kind.STICKERS


@dataclass(frozen=True)
class Added:
    """A candidate is in one of the user's packs."""

    number: int
    pack: str


@dataclass(frozen=True)
class EmojiChanged:
    """The user has chosen these emoji for the stickers."""

    emoji: list[str]


@dataclass(frozen=True)
class Choosing:
    """The buttons ask, or no longer ask, to which candidate others shall be similar."""

    on: bool


@dataclass(frozen=True)
class ChoosingStyle:
    """The buttons ask in which of `styles` to draw the prompt; empty: they no longer ask."""

    styles: dict[str, str]


@dataclass(frozen=True)
class NotShowable:
    """The stickers cannot be shown."""

    reason: Failure


@dataclass(frozen=True)
class Reopened:
    """The user wants to see the stickers again, in a new message."""


@dataclass(frozen=True)
class Cancelled:
    """The user has cancelled the request, and its job is removed from the queue."""


@dataclass(frozen=True)
class Abandoned:
    """Its worker has died, and no other worker is running."""


@dataclass(frozen=True)
class Replaced:
    """Another request took the message over, because the user tried again or edited the prompt."""

    successor: RequestId


@dataclass(frozen=True)
class Moved:
    """Its group has become a supergroup, which has another chat id and new message ids."""

    chat_id: int


@dataclass(frozen=True)
class MessageGone:
    """The message was deleted, or the user has blocked the bot."""


Change = (
    Progress | Finished | Failed | Queued | Shown | MessageIsPhoto | SketchRefused | Uploaded
    | Added | EmojiChanged | Choosing | ChoosingStyle | NotShowable | Reopened | Cancelled
    | Abandoned | Replaced | Moved | MessageGone
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
        case MessageIsPhoto():
            return replace(record, over_photo=True)
        case Uploaded(number, file_id, kind):
            # The first file stays: an earlier bot may have put it into a pack already.
            uploads = {number: file_id} | record.placed[kind].uploads
            return _with_placed(record, kind, uploads=uploads)
        case Added(number, pack):
            packs = record.placed[kind_of(pack)].packs | {number: pack}
            return _with_placed(record, kind_of(pack), packs=packs)
        case EmojiChanged(emoji):
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
        case Progress(fraction=fraction, sketch=sketch) if record.is_pending:
            newest = 0 if record.no_sketches else sketch or record.sketch
            return replace(record, state=State.DRAWING, fraction=fraction, sketch=newest)
        case Finished() if state not in (State.FINISHED, State.CANCELLED):
            # Even after a failure: the user wants late stickers, too.
            return replace(_with_candidates(record, change), state=State.FINISHED)
        case Failed(reason=reason) if record.is_pending:
            return replace(record, state=State.FAILED, failure=_failure(reason))
        case Cancelled() if record.is_pending:
            return replace(record, state=State.CANCELLED)
        case NotShowable(reason) if state is State.FINISHED and not record.has_picture:
            return replace(record, state=State.FAILED, failure=reason)
        case Abandoned() if state is State.DRAWING:
            return replace(record, state=State.WAITING, queued=Queued(NO_WORKER))
        case Replaced(successor):
            return replace(record, state=State.REPLACED, successor=successor)
        case Moved(chat_id):
            anew = replace(record, message_id=None, shown=None, over_photo=False)
            return replace(anew, chat_id=chat_id, reply_to=0, thread_id=0)
        case MessageGone():
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
    """The failure that a worker reports; FAILED for a reason of a newer version."""
    return Failure(reason) if reason in set(Failure) else Failure.FAILED
