"""The short chaos run: each kind of fault once, while 20 users send 60 prompts."""

import pytest

from tests.chaos.run import Plan, run


@pytest.mark.slow
def test_promises_are_kept_while_everything_breaks() -> None:
    report = run(Plan(requests=60, users=20, seed=2))
    assert report.is_clean, report.table()
    assert report.counts["calls of Telegram that failed"] > 20
