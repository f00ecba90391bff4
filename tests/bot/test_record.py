"""How a record changes: late, repeated and disordered changes do no harm."""

from dataclasses import replace

import pytest

from bot.packs.names import Kind, pack_name
from bot.requests.record import (
    NO_WORKER,
    Abandoned,
    Added,
    Cancelled,
    CandidateRef,
    MessageGone,
    NotShowable,
    Placed,
    Queued,
    Record,
    Reopened,
    Replaced,
    Shown,
    State,
    Uploaded,
    advance,
)  # fmt: skip
from emojich_core.request import Candidate, ImageRef
from worker.queue.events import Failed, Finished, Progress

RECORD = Record(id="7_1", user_id=7, chat_id=7, prompt="кот", language="ru")
PACK, EMOJI_PACK = (pack_name(7, 1, "bot", kind) for kind in Kind)
FINISHED = Finished("7_1", (Candidate(0, 1, 1.0, "unet"), Candidate(1, 2, 2.0, "unet")))


def after(*changes: object) -> Record:
    record = RECORD
    for change in changes:
        record = advance(record, change)  # type: ignore[arg-type]
    return record


def test_request_goes_from_waiting_to_finished() -> None:
    assert after(Queued(3, 60)).queued == Queued(3, 60)
    assert after(Queued(3), Progress("7_1", 0.5)).fraction == 0.5
    finished = after(Queued(3), Progress("7_1", 0.5), FINISHED)
    assert (finished.state, finished.count) == (State.FINISHED, 2)


def test_late_events_do_not_change_a_finished_record() -> None:
    finished = after(FINISHED)
    late = (Progress("7_1", 0.9), Queued(1), Failed("7_1", "failed"), FINISHED)
    assert after(FINISHED, *late) == finished
    drawing = after(Progress("7_1", 0.5))
    assert after(Progress("7_1", 0.5), Queued(1)) == drawing


def test_abandoned_request_waits_until_progress_resumes() -> None:
    abandoned = after(Queued(3), Progress("7_1", 0.5), Abandoned())
    assert (abandoned.state, abandoned.queued) == (State.WAITING, Queued(NO_WORKER))
    assert advance(abandoned, Progress("7_1", 0.1)).state is State.DRAWING
    assert after(FINISHED, Abandoned()) == after(FINISHED)


def test_failed_request_accepts_stickers_that_arrive_later() -> None:
    assert after(Failed("7_1", "lost"), FINISHED).state is State.FINISHED


def test_expired_stickers_fail_the_request() -> None:
    assert after(FINISHED, NotShowable("expired")).failure == "expired"
    shown = after(FINISHED, Shown(5, State.FINISHED))
    assert advance(shown, NotShowable("expired")) == shown


def test_replaced_or_unreachable_message_stays_so() -> None:
    for end in (Replaced("7_2"), MessageGone()):
        assert after(Failed("7_1", "lost"), end, FINISHED).state is after(end).state


def test_finished_request_of_a_deleted_message_can_be_reopened() -> None:
    for changes in ((MessageGone(), FINISHED), (FINISHED, MessageGone())):
        gone = after(*changes)
        assert (gone.state, gone.is_open, gone.has_stickers) == (State.GONE, False, True)
        again = advance(gone, Reopened())
        assert (again.state, again.is_open, again.message_id) == (State.FINISHED, True, None)
    assert after(MessageGone(), Reopened()).state is State.GONE  # there is nothing to show


def test_cancelled_request_ignores_later_events() -> None:
    late = (Progress("7_1", 0.9), Queued(1), Failed("7_1", "failed"), FINISHED)
    assert after(Cancelled(), *late).state is State.CANCELLED
    assert after(FINISHED, Cancelled()).state is State.FINISHED


def test_unknown_failure_reason_is_read_as_failed() -> None:
    assert after(Failed("7_1", "sunspots")).failure == "failed"


def test_request_is_open_until_its_end_is_shown() -> None:
    assert after().is_open
    assert after(FINISHED, Shown(5, State.DRAWING)).is_open
    assert not after(FINISHED, Shown(5, State.FINISHED)).is_open
    assert not after(MessageGone()).is_open


def test_record_remembers_uploaded_and_added_candidates() -> None:
    record = after(FINISHED, Uploaded(1, "file"), Added(1, PACK), Added(0, PACK))
    assert record.placed[Kind.STICKERS] == Placed({1: "file"}, {1: PACK, 0: PACK})
    # A second upload of a candidate, by a bot that did not know of the first, would be added twice.
    assert advance(record, Uploaded(1, "another file")) == record
    both = advance(advance(record, Uploaded(1, "small", Kind.EMOJI)), Added(1, EMOJI_PACK))
    assert both.placed[Kind.STICKERS] == record.placed[Kind.STICKERS]
    assert both.placed[Kind.EMOJI] == Placed({1: "small"}, {1: EMOJI_PACK})
    assert both.packs == [PACK, EMOJI_PACK]
    assert [both.is_in_pack(number) for number in range(3)] == [True, True, False]


def test_candidate_reference_is_formatted_and_parsed() -> None:
    assert str(CandidateRef("7_u3_try2", 4)) == "7_u3_try2:4"
    assert CandidateRef.parse("7_u3_try2:4") == CandidateRef("7_u3_try2", 4)


@pytest.mark.parametrize("text", ["7_1", ":1", "7_1:", "7_1:x", "7_1:-1", "7_1:²"])
def test_invalid_candidate_reference_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="no candidate"):
        CandidateRef.parse(text)


def test_exchanged_picture_asks_for_something_else() -> None:
    before = replace(RECORD, image=ImageRef("7_1", 0.5), picture="a")
    after = replace(before, prompt=" кот ", image=ImageRef("7_2", 0.5))
    assert after.asks_the_same(before)
    assert not replace(after, picture="b").asks_the_same(before)
    assert not replace(after, prompt="пёс").asks_the_same(before)
    assert not after.asks_the_same(RECORD)
    assert not RECORD.asks_the_same(before)
    of_older_version = replace(before, picture="")
    assert after.asks_the_same(of_older_version)
