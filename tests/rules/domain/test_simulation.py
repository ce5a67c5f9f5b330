"""What a rule would have done, on a handful of payments whose story is known."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rules.domain.definitions import RuleDefinition
from rules.domain.expressions import Condition, Operator
from rules.domain.simulation import (
    APPROVED,
    DECLINED,
    FRAUD,
    HELD,
    LEGITIMATE,
    UNLABELLED,
    Chunk,
    RuleSimulation,
    Span,
)
from rules.domain.thresholds import THRESHOLDS_MAX, dials_of, thresholds_of
from rules.domain.validation import load_expression
from sentinel.core.outcomes import Action
from tests.rules.domain.test_columns import ALWAYS, columns_of
from tests.rules.examples import LIST_TYPES, group, inr, payment, row, rule

END = datetime(2026, 1, 31, tzinfo=UTC)
SPAN = Span.of_days(30, until=END, maturity_days=10)
LARGE = group(row("amount", "at_least", inr("100.00")))
AT_NIGHT = rule(group(row("is_night", "is_true")), "at_night")


def chunk_of(*stories) -> Chunk:
    """Each payment is (amount_minor, status, label, days before the end), and maybe more values."""
    payments = [payment(amount=amount, **(rest[0] if rest else {})) for amount, _, _, _, *rest in stories]
    occurred = [int((END - timedelta(days=days)).timestamp() * 1e6) for _, _, _, days, *_ in stories]
    return Chunk(
        ids=[place.to_bytes(16) for place in range(len(stories))],
        columns=columns_of(payments),
        accounts=np.arange(len(stories), dtype=np.int64) // 2,
        occurred_at=np.array(occurred, dtype=np.int64),
        statuses=np.array([status for _, status, *_ in stories], dtype=np.int8),
        labels=np.array([label for _, _, label, *_ in stories], dtype=np.int8),
    )


STORIES = (
    (20_000, APPROVED, FRAUD, 20),  # caught, had been let through
    (20_000, DECLINED, FRAUD, 20),  # caught, was declined anyhow
    (5_000, APPROVED, FRAUD, 20),  # missed
    (20_000, APPROVED, LEGITIMATE, 5),  # a good customer, as somebody said
    (20_000, APPROVED, UNLABELLED, 20),  # a good customer, since nobody complained in time
    (20_000, APPROVED, UNLABELLED, 5),  # not known yet
    (20_000, HELD, UNLABELLED, 20),  # not known: it was not let through
    (5_000, APPROVED, UNLABELLED, 25),  # no hit
)


def simulate(expression=LARGE, *stories, action=Action.REVIEW, live=()) -> dict:
    simulation = RuleSimulation(rule(expression, action=action), live, ALWAYS, SPAN)
    simulation.add(chunk_of(*(stories or STORIES)))
    return simulation.result()


def test_hits_are_counted_by_what_became_of_them_and_in_money():
    hits = simulate()["hits"]

    assert (hits["payments"], hits["accounts"]) == (6, 4)
    assert {status: found["payments"] for status, found in hits["by_status"].items()} == {
        "approved": 4,
        "held": 1,
        "declined": 1,
    }
    assert hits["by_status"]["approved"]["money"] == [{"currency": "INR", "payments": 4, "minor": 80_000}]
    assert sum(hits["daily"]) == 6
    assert len(hits["daily"]) == 30


def test_recall_is_over_all_frauds_and_precision_over_what_is_known():
    assert simulate()["truth"] == {
        "frauds": 3,
        "caught": 2,
        "missed": 1,
        "caught_that_were_approved": 1,
        "good_stopped": 2,
        "unknown": 2,
        "precision": 0.5,
        "recall": 0.6667,
    }


@pytest.mark.parametrize(
    ("action", "changed", "reviews"), [(Action.REVIEW, 4, 4), (Action.DECLINE, 5, 0), (Action.ALLOW, 2, 0)]
)
def test_only_what_was_decided_otherwise_would_have_changed(action, changed, reviews):
    result = simulate(action=action)

    assert result["changes"]["payments"] == changed
    assert result["reviews_per_day"] == pytest.approx(reviews / 25)


def test_the_past_is_as_long_as_there_are_payments():
    assert simulate()["span"]["days"] == 25.0
    assert RuleSimulation(rule(LARGE), (), ALWAYS, SPAN).result()["span"]["days"] == 1.0


def test_money_of_different_currencies_is_never_summed():
    result = simulate(
        group(row("amount", "is_present")),
        (20_000, APPROVED, UNLABELLED, 1),
        (300, APPROVED, UNLABELLED, 1, {"currency": "JPY"}),
        (400, APPROVED, UNLABELLED, 1, {"currency": "JPY"}),
    )

    assert result["changes"]["money"] == [
        {"currency": "JPY", "payments": 2, "minor": 700},
        {"currency": "INR", "payments": 1, "minor": 20_000},
    ]


def test_sums_stay_exact_where_floats_would_round():
    largest = 999_999_999_999_999
    result = simulate(LARGE, *[(largest, APPROVED, UNLABELLED, 1)] * 101)

    assert result["changes"]["money"][0]["minor"] == 101 * largest


def test_overlap_with_a_live_rule_and_what_this_one_adds():
    night = {"is_night": True}
    result = simulate(
        LARGE,
        (20_000, APPROVED, FRAUD, 1, night),
        (20_000, APPROVED, FRAUD, 1),
        (5_000, APPROVED, UNLABELLED, 1, night),
        live=[AT_NIGHT, rule(LARGE, "a_rule")],
    )

    assert [(each["code"], each["both"], each["only_this"], each["only_that"]) for each in result["overlap"]] == [
        ("at_night", 1, 1, 1)
    ]
    assert result["added"] == {"hits": 1, "frauds": 1, "good": 0}


def test_what_a_live_rule_allows_is_not_stopped_by_this_one():
    allowing = rule(group(row("is_night", "is_true")), "trusted", action=Action.ALLOW)
    stories = [(20_000, APPROVED, UNLABELLED, 1, {"is_night": True}), (20_000, APPROVED, UNLABELLED, 1)]

    assert simulate(LARGE, *stories, live=[allowing])["changes"]["payments"] == 1


def test_examples_are_a_spread_of_frauds_good_customers_and_the_newest():
    stories = [(20_000, APPROVED, label, 29 - place) for label in (FRAUD, LEGITIMATE) for place in range(14)]
    stories += [(20_000, HELD, UNLABELLED, 29 - place) for place in range(14)]

    examples = simulate(LARGE, *stories)["examples"]

    assert [each["kind"] for each in examples[:7]] == ["fraud"] * 4 + ["good"] * 3
    assert len(examples) == 10
    assert len({each["id"] for each in examples}) == 10
    assert examples[0]["occurred_at"] == "2026-01-15T00:00:00Z"


def test_coverage_tells_snapshots_without_the_field_from_missing_values():
    chunk = chunk_of(*STORIES[:4])
    chunk = replace(chunk, covered={"amount": np.array([True, True, False, False])})
    expression = group(row("amount", "is_present"), row("speed_kmh", "at_least", 5))
    simulation = RuleSimulation(rule(expression), (), ALWAYS, SPAN)

    simulation.add(chunk)

    assert simulation.result()["coverage"] == [
        {"field": "amount", "covered": 2, "known": 4},
        {"field": "speed_kmh", "covered": 4, "known": 0},
    ]


@settings(deadline=None, max_examples=50)
@given(
    st.sampled_from(["greater_than", "at_least", "less_than", "at_most"]),
    st.lists(st.tuples(st.integers(0, 60), st.sampled_from([UNLABELLED, FRAUD])), min_size=1, max_size=30),
)
def test_the_slider_says_at_each_threshold_what_the_rule_with_it_would_say(operator, payments):
    stories = [(20_000, APPROVED, label, 1, {"payments_1h": count}) for count, label in payments]

    def simulated(threshold: int) -> dict:
        return simulate(group(row("payments_1h", operator, threshold), row("currency", "equal", "INR")), *stories)

    for point in simulated(8)["slider"]["points"]:
        truth = simulated(int(point["at"]))
        assert (point["hits"], point["frauds"], point["precision"], point["recall"]) == (
            truth["hits"]["payments"],
            truth["truth"]["caught"],
            truth["truth"]["precision"],
            truth["truth"]["recall"],
        )


def test_the_slider_is_of_the_row_that_keeps_out_the_most():
    expression = group(row("amount", "at_least", inr("1.00")), row("payments_1h", "at_least", 8))
    few, small = (20_000, {"payments_1h": 1}), (50, {"payments_1h": 9})
    stories = [(amount, APPROVED, UNLABELLED, 1, values) for amount, values in (few, small, few)]

    assert simulate(expression, *stories)["slider"]["field"] == "payments_1h"


def test_a_money_threshold_counts_only_its_currency():
    stories = [(20_000, APPROVED, UNLABELLED, 1), (20_000, APPROVED, UNLABELLED, 1, {"currency": "EUR"})]

    points = {point["at"]: point["hits"] for point in simulate(LARGE, *stories)["slider"]["points"]}

    assert points[10_000.0] == 1


@pytest.mark.parametrize(
    "expression",
    [
        group(row("is_night", "is_true")),
        group(row("hour", "at_least", 5), row("amount", "at_least", inr("5")), combinator="any"),
        group(row("hour", "at_least", 5), combinator="none"),
        group(row("hour", "in", [5])),
    ],
)
def test_a_rule_that_no_single_number_decides_has_no_slider(expression):
    assert simulate(expression)["slider"] is None


@pytest.mark.parametrize(
    ("field", "own"),
    [
        ("amount", inr("5000.00")),
        ("payments_1h", 8),
        ("payments_1h", 400),
        ("score_percentile", 0.97),
        ("speed_kmh", 0),
    ],
)
def test_thresholds_are_few_and_rising_and_hold_the_rules_own(field, own):
    (dial,) = dials_of(load_expression(group(row(field, "at_least", own)), LIST_TYPES))

    assert dial.own in dial.thresholds
    assert list(dial.thresholds) == sorted(set(dial.thresholds))
    assert 10 <= len(dial.thresholds) <= THRESHOLDS_MAX


def test_thresholds_of_a_number_below_zero_lie_around_it():
    found = thresholds_of(Condition("seconds_since_last", Operator.AT_LEAST, -1))

    assert len(found) == THRESHOLDS_MAX
    assert (min(found), max(found)) == (-31, 28)


def test_a_text_has_no_thresholds():
    with pytest.raises(TypeError, match="currency is not compared with a number"):
        thresholds_of(Condition("currency", Operator.EQUAL, "INR"))


def test_thresholds_of_a_count_are_the_counts_around_it():
    assert thresholds_of(Condition("payments_1h", Operator.AT_LEAST, 3)) == tuple(map(float, range(1, 21)))


def test_rows_within_groups_keep_the_rest_of_the_rule():
    inner = group(row("hour", "at_least", 5), row("is_night", "is_true"))
    (dial,) = dials_of(load_expression(group(inner, row("currency", "equal", "INR")), LIST_TYPES))

    assert dial.rest == load_expression(group(group(row("is_night", "is_true")), row("currency", "equal", "INR")), {})


def test_the_definition_of_a_rule_is_kept_with_the_result():
    assert isinstance(rule(LARGE), RuleDefinition)
    assert simulate()["rule"] == {
        "code": "a_rule",
        "version": 1,
        "action": "review",
        "sentence": "Review when the amount is at least 100 INR",
    }
