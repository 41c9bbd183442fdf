"""What the views say about a run."""

from collections.abc import Callable

import pytest
from hypothesis import given, strategies as st

from enrich_pandas.progress import Progress, phrases
from enrich_pandas.providers.base import RateLimit

Snapshot = Callable[..., Progress]


def test_counts_are_ordered_and_have_no_zeros(snapshot: Snapshot) -> None:
    counts = {"failed": 1, "not_found": 0, "matched": 1200}
    assert phrases.counted(snapshot(counts=counts)) == "1,200 matched, 1 failed"


def test_credits_are_shown_with_maximum_and_budget(snapshot: Snapshot) -> None:
    assert phrases.spent(snapshot()) == "280 of at most 900 credits"
    assert phrases.spent(snapshot(budget=500.0)).endswith("credits, budget 500")


def test_fractions_of_a_credit_are_shown(snapshot: Snapshot) -> None:
    assert phrases.spent(snapshot(credits=0.5)).startswith("0.5 of")


def test_large_credits_are_shown_in_full(snapshot: Snapshot) -> None:
    assert phrases.spent(snapshot(credits_max=1_234_567.0)).endswith("1,234,567 credits")


def test_time_is_time_left_if_known(snapshot: Snapshot) -> None:
    assert phrases.time(snapshot()) == "0:12 left"
    assert phrases.time(snapshot(eta=None)) == "0:20 elapsed"


def test_time_left_is_at_least_the_wait(snapshot: Snapshot) -> None:
    assert phrases.time(snapshot(waiting="rate limit", wait_seconds=55.0)) == "0:55 left"


def test_wait_is_shown_with_reason_and_seconds(snapshot: Snapshot) -> None:
    waiting = snapshot(waiting="the vendor's rate limit", wait_seconds=42.0)
    assert phrases.paused(waiting) == "waiting 0:42: the vendor's rate limit"


@pytest.mark.parametrize(
    ("limit", "text"),
    [
        (RateLimit(60, 60.0), "12 of 60 requests a minute"),
        (RateLimit(1_000, 86_400.0), "12 of 1,000 requests a day"),
        (RateLimit(20, 10.0), "12 of 20 requests in 10 s"),
        (None, ""),
    ],
)
def test_rate_is_shown_with_the_vendors_limit(
    snapshot: Snapshot, limit: RateLimit | None, text: str
) -> None:
    assert phrases.rate(snapshot(requests=12, limit=limit)) == text


def test_rate_is_not_shown_after_the_run(snapshot: Snapshot) -> None:
    running = snapshot(limit=RateLimit(60, 60.0))
    assert [label for label, _ in phrases.facts(running)] == ["Credits", "Batches", "Rate"]
    ended = snapshot(limit=RateLimit(60, 60.0), state="done")
    assert [label for label, _ in phrases.facts(ended)] == ["Credits", "Batches"]


def test_pause_is_shown_and_work_is_not(snapshot: Snapshot) -> None:
    assert phrases.paused(snapshot(state="paused")) == "paused, 2 in flight"
    assert phrases.paused(snapshot(state="stopping", in_flight=0)) == "stopping"
    assert phrases.paused(snapshot()) == ""


def test_last_sentence_shows_state_costs_and_counts(snapshot: Snapshot) -> None:
    assert phrases.ended(snapshot(state="interrupted", budget=500.0)) == (
        "crustdata interrupted: 310 of 500 rows in 0:20, 280 of at most 900 credits, budget 500; "
        "250 matched, 40 not found, 17 invalid, 1 held, 2 failed"
    )


@given(st.floats(min_value=-10, max_value=1e7))
def test_clock_shows_hours_minutes_and_seconds(seconds: float) -> None:
    *hours, minutes, second = phrases.clock(seconds).split(":")
    total = int(hours[0]) * 3600 if hours else 0
    assert total + int(minutes) * 60 + int(second) == round(max(seconds, 0))
    assert len(second) == 2


@given(st.text())
def test_printable_removes_control_characters(text: str) -> None:
    assert phrases.printable(text).isprintable()
