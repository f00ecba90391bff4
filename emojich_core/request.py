"""Requests and candidates, as bot and worker exchange them.  No torch: the bot imports this."""

import re
import secrets
from dataclasses import asdict, dataclass, field, fields
from enum import StrEnum
from typing import Any
from unicodedata import category, normalize

MAX_PROMPT_LENGTH = 200  # characters; the big model reads 128 tokens, about four characters each
MAX_TEXT_LENGTH = 4096  # characters that are searched for a prompt: Telegram's limit
MAX_COUNT = 9
MAX_SEED = 2**31 - 1
MAX_BOLDNESS = 4.0
LONGER = 4  # times as many candidates are drawn for a request that is drawn `longer`

_RUSSIAN = re.compile(r"[а-яё]+", re.IGNORECASE)
_LETTER = re.compile(r"[^\W\d_]")
_WORD = re.compile(r"[^\W\d_]+")
# Invisible characters: control and format characters (such as marks of zero width or direction),
# surrogates (input that is not UTF-8), and blank letters.
_UNSEEN = ("Cc", "Cf", "Cs")
_BLANK = "\u115f\u1160\u2800\u3164\uffa0"
_JOINER = "\u200d"  # invisible, too, but it joins an emoji like 👩‍🚀
_LOOSE_JOINER = re.compile("(?<![\u2600-\u27bf\ufe0f\U0001f000-\U0001faff])\u200d|\u200d$")
_EMOJI_MARKS = "\ufe0e\ufe0f\u20e3"  # how an emoji is shown, and a keycap
# From Hebrew on, scripts need combining marks.  Before it are Latin, Greek and Cyrillic, where a
# mark that does not compose is a stress mark or an ornament.
_SCRIPTS_WITH_MARKS = "\u0590"
_MARKS_OF_NO_SCRIPT = re.compile(
    "[\u0300-\u036f\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe20-\ufe2f]"
)
_STRESS = "\u0300\u0301"  # with к it would compose to the Macedonian ќ, with е to ѐ
_CYRILLIC = re.compile("[\u0400-\u052f]")
# Latin and Greek letters that look like Russian ones.
_LOOKALIKES = str.maketrans(
    "ABCEHKMOPTXYabcehkmoptxyΑΒΕΗΚΜΟΡΤΥΧαεκορτυχ",
    "АВСЕНКМОРТХУавсенкмортхуАВЕНКМОРТУХаекортух",
)


class Reason(StrEnum):
    """Why a request cannot be drawn."""

    EMPTY = "empty"
    TOO_LONG = "too_long"
    NO_WORDS = "no_words"  # only digits, punctuation, or emoji that the lexicon lacks
    NOT_RUSSIAN = "not_russian"  # no Russian letters, and no word that surely means Russian
    UNKNOWN = "unknown"  # the bundle has learned none of the words, nor similar ones
    BAD_COUNT = "bad_count"
    BAD_SEED = "bad_seed"
    BAD_BOLDNESS = "bad_boldness"


class InvalidRequest(ValueError):
    """A request that cannot be drawn; `reason` says why, the message says it in English."""

    def __init__(self, reason: Reason, message: str):
        super().__init__(message)
        self.reason = reason


def visible(text: str) -> str:
    """The text without invisible characters, with white space folded and letters composed.

    Stress marks and marks that compose with no letter are removed: «ко́т» is «кот».  Й and ё stay.
    """
    seen: list[str] = []
    for character in text:
        kind = category(character)
        if character.isspace() or character == _JOINER:
            seen.append(character)
        elif kind not in _UNSEEN and character not in _BLANK:
            for part in normalize("NFD", character):
                _append(seen, part)
    return " ".join(_LOOSE_JOINER.sub("", normalize("NFC", "".join(seen))).split())


def _append(seen: list[str], part: str) -> None:
    """Append a letter; compose a combining mark with the letter before it, or leave it out.

    One mark at a time, because to normalize a long run of marks takes quadratic time.
    """
    if not category(part).startswith("M"):
        seen.append(part)
        return
    base = seen[-1] if seen else " "
    composed = normalize("NFC", base + part)
    if len(composed) == 1 and not (part in _STRESS and _CYRILLIC.match(base)):
        seen[-1] = composed
    elif part in _EMOJI_MARKS:
        seen += [] if base.isalpha() else [part]
    elif base >= _SCRIPTS_WITH_MARKS and base != _JOINER and not _MARKS_OF_NO_SCRIPT.match(part):
        seen.append(part)


def in_russian_letters(text: str) -> str:
    """The text with the Latin and Greek letters that look like Russian ones made Russian."""
    return text.translate(_LOOKALIKES)


def clean_prompt(text: str) -> str:
    """The prompt without invisible characters; a Latin o in «кoт» becomes a Russian о.

    `emojich_core.reading.latin` turns a prompt in Latin letters into Russian where that is sure.
    Raises InvalidRequest for a text that is no prompt; `reason` says why.
    """
    if len(text) > MAX_TEXT_LENGTH:
        raise _too_long(len(text))
    prompt = visible(text)
    if not prompt:
        raise InvalidRequest(Reason.EMPTY, "The prompt is empty: say in Russian what to draw.")
    if len(prompt) > MAX_PROMPT_LENGTH:
        raise _too_long(len(prompt))
    if not _RUSSIAN.search(prompt):
        return _meant(prompt)
    return _WORD.sub(_in_one_alphabet, prompt)


def _meant(prompt: str) -> str:
    """A prompt without Russian letters in Russian; a prompt with emoji stays as it is.

    Raises InvalidRequest.
    """
    # Imported here, because a job process, which gets Russian prompts only, needs no dictionary.
    from emojich_core.reading.latin import in_russian
    from emojich_core.reading.written_emoji import has_emoji

    russian = in_russian(prompt)
    if russian and len(russian) <= MAX_PROMPT_LENGTH:
        return russian
    if has_emoji(prompt):
        return prompt
    if not _LETTER.search(prompt):
        raise InvalidRequest(Reason.NO_WORDS, "The prompt has no words: say what to draw.")
    raise InvalidRequest(Reason.NOT_RUSSIAN, "The model reads Russian only.")


def _too_long(length: int) -> InvalidRequest:
    message = f"The prompt has {length} characters, at most {MAX_PROMPT_LENGTH} are read."
    return InvalidRequest(Reason.TOO_LONG, message)


def _in_one_alphabet(word: re.Match[str]) -> str:
    """A word in Russian letters, if it has some and all others look like one."""
    russian = in_russian_letters(word[0])
    return russian if _RUSSIAN.search(word[0]) and _RUSSIAN.fullmatch(russian) else word[0]


def new_seed() -> int:
    """A random seed."""
    return secrets.randbelow(MAX_SEED + 1)


def known(cls: type, data: dict[str, Any]) -> dict[str, Any]:
    """The items that are fields of a dataclass: a newer version may write more fields."""
    return {field.name: data[field.name] for field in fields(cls) if field.name in data}


@dataclass(frozen=True)
class ImageRef:
    """An image prompt: a picture from a user, of which images keep the upper share.

    Raises ValueError for a share that keeps nothing, or leaves nothing to draw.
    """

    id: str  # of the file: see `worker.queue.image_prompts`
    share: float  # between 0 and 1

    def __post_init__(self) -> None:
        if not (isinstance(self.id, str) and 0 < self.share < 1):
            raise ValueError("it is no picture to begin with")

    def rows(self, side: int) -> int:
        """How many of `side` rows of codes are kept: at least one, and not all."""
        return min(max(round(self.share * side), 1), side - 1)


@dataclass(frozen=True)
class Request:
    """One prompt, to be drawn `count` times.

    The same prompt, count and seed give the same stickers from the same bundle.
    Raises InvalidRequest for values outside their limits.
    """

    id: str
    prompt: str
    count: int = 4
    seed: int = field(default_factory=new_seed)
    boldness: float = 1.0  # times the temperature of the bundle
    like: tuple[int, ...] = ()  # codes of an image to which the candidates shall be similar
    image: ImageRef | None = None  # the image prompt
    model: str = ""  # the name of the bundle that shall draw it; empty: the default
    longer: bool = False  # draw LONGER times as many candidates, if a judge can choose

    def __post_init__(self) -> None:
        object.__setattr__(self, "prompt", clean_prompt(self.prompt))
        if not 1 <= self.count <= MAX_COUNT:
            raise InvalidRequest(Reason.BAD_COUNT, f"The count must be 1 to {MAX_COUNT}.")
        if not 0 <= self.seed <= MAX_SEED:
            raise InvalidRequest(Reason.BAD_SEED, f"The seed must be 0 to {MAX_SEED}.")
        if not 0 < self.boldness <= MAX_BOLDNESS:
            message = f"The boldness must be above 0, at most {MAX_BOLDNESS}."
            raise InvalidRequest(Reason.BAD_BOLDNESS, message)

    def drawn(self, judged: bool) -> int:
        """How many candidates are drawn: more if a judge chooses and the user wants that."""
        return self.count * (LONGER if self.longer and judged else 1)

    def to_json(self) -> dict[str, Any]:
        """A dictionary that `from_json` turns back into an equal request."""
        data = asdict(self) | {"like": list(self.like)}
        if self.image is None:  # as older versions write it
            del data["image"]
        for name in ("model", "longer"):
            if not data[name]:
                del data[name]
        return data

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> "Request":
        """The request that `to_json` wrote."""
        image = data.get("image")
        read = {"like": tuple(data.get("like", ())), "image": image and _image_ref(image)}
        return cls(**(known(cls, data) | read))


def _image_ref(data: dict[str, Any]) -> ImageRef:
    return ImageRef(**known(ImageRef, data))


# `Reading.pose`: LEANS: the drawing may also be rotated; ONE_WAY: it must not be mirrored.
LEANS, ONE_WAY = "leans", "one way"
# `Reading.eyes`, which may also be a colour of `emojich_core.colours`.
CLOSED, WINKING, WIDE = "closed", "winking", "wide"
IN_TEARS, ANGRY, IN_LOVE = "in tears", "angry", "in love"
# `Reading.layout`: layouts of `emojich_core.scenes`, each of which gets the picture that the layout
# before it has made, with THEN between.
THEN = "; "
IN_PIXELS = "in pixels"  # the layout that shows the picture in large pixels
WRITTEN = "надпись "  # begins the last layout: the words after it are written under the picture


@dataclass(frozen=True)
class Reading:
    """What a bundle draws for a prompt; see `emojich_core.reading`."""

    prompt: str
    unknown: str = ""  # the word, in its dictionary form, or prompt that the bundle cannot draw
    instead: str = ""  # the words that it draws instead of `unknown`
    variants: tuple[str, ...] = ()  # other prompts that mean the same: candidates take turns
    colour: str = ""  # of the finished picture; see `emojich_core.colours`; "": as it was drawn
    colours: tuple[str, ...] = ()  # for images that repeat another one; see `emojich_core.looks`
    pose: str = ""  # of repeats: LEANS, ONE_WAY, or "": they may be mirrored
    eyes: str = ""  # how the first thing's eyes are; "": open
    layout: str = ""  # how finished pictures become one
    others: "tuple[Reading, ...]" = ()  # the other things of the layout

    @property
    def prompts(self) -> tuple[str, ...]:
        """All prompts to draw, the one closest to the user's prompt first."""
        return (self.prompt, *self.variants)


@dataclass(frozen=True)
class Candidate:
    """One generated image of a request; the bytes of its sticker are sent separately."""

    number: int  # 0 is the best by the judge's score, or by perplexity if there is none
    # A request for one image with this seed draws the same image, unless the image was retried
    # (see `emojich_core.inference.retries`) or repeated another one (see `emojich_core.looks`).
    seed: int
    perplexity: float  # of the image codes given the prompt; lower is better
    matting: str  # "unet" or "contour": the method that cut the subject out
    score: float | None = None  # the judge's, -1 to 1, higher is better; None: not judged

    def to_json(self) -> dict[str, Any]:
        """A dictionary that `from_json` turns back into an equal candidate."""
        fields = asdict(self)
        if self.score is None:
            del fields["score"]
        return fields

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> "Candidate":
        """The candidate that `to_json` wrote."""
        return cls(**known(cls, data))
