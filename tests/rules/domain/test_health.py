from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.domain.health import Fare, Judged, Limits, Mark, is_duplicate, marks_of

NOW = datetime(2026, 1, 31, 12, tzinfo=UTC)
DAY = timedelta(days=1)
LIMITS = Limits(dead_days=30, noisy_precision=0.1, budget_us=200)
COUNTS = st.integers(0, 10_000)
# Live for long, hits now and then, catches fraud, costs little.
WELL = Fare(
    judged=Judged(fraud=50, legitimate=50),
    live_since=NOW - 90 * DAY,
    last_hit_at=NOW - DAY,
    cost_us=3.0,
    cost_samples=1000,
)


def test_a_rule_that_is_well_has_no_mark():
    assert marks_of(WELL, LIMITS, NOW) == []


@pytest.mark.parametrize(
    ("change", "mark"),
    [
        ({"last_hit_at": None}, Mark.DEAD),
        ({"last_hit_at": NOW - 31 * DAY}, Mark.DEAD),
        ({"judged": Judged(fraud=1, legitimate=9, presumed=10)}, Mark.NOISY),
        ({"cost_us": 201.0}, Mark.OVER_BUDGET),
        ({"last_failed_at": NOW - DAY / 2}, Mark.FAILING),
        ({"has_duplicate": True}, Mark.DUPLICATE),
    ],
)
def test_each_mark_has_its_reason(change, mark):
    assert marks_of(replace(WELL, **change), LIMITS, NOW) == [mark]


@pytest.mark.parametrize(
    "change",
    [
        {"last_hit_at": None, "live_since": None},  # in shadow
        {"last_hit_at": None, "live_since": NOW - 29 * DAY},
        {"judged": Judged(fraud=0, legitimate=19)},  # too few to say
        {"judged": Judged(fraud=0, legitimate=99), "tightens": False},
        {"judged": Judged()},
        {"cost_us": 999.0, "cost_samples": 99},
        {"cost_us": None, "cost_samples": 0},
        {"last_failed_at": NOW - 2 * DAY},
    ],
)
def test_without_reason_there_is_no_mark(change):
    assert marks_of(replace(WELL, **change), LIMITS, NOW) == []


def test_precision_is_the_share_of_fraud_among_the_judged():
    assert Judged(fraud=1, legitimate=1, presumed=2).precision == 0.25
    assert Judged().precision is None


def test_rules_that_hit_nearly_the_same_payments_are_duplicates():
    assert is_duplicate(100, 100, 95, LIMITS)
    assert not is_duplicate(100, 100, 94, LIMITS)
    assert not is_duplicate(100, 20, 20, LIMITS)  # one holds the other, which is no duplicate
    assert not is_duplicate(19, 19, 19, LIMITS)


@given(COUNTS, COUNTS, COUNTS)
def test_being_a_duplicate_goes_both_ways(hits, other, together):
    assert is_duplicate(hits, other, together, LIMITS) == is_duplicate(other, hits, together, LIMITS)
