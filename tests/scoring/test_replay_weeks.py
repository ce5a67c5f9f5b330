"""Figures of each replayed week, of a few payments counted by hand."""

from datetime import UTC, datetime, timedelta
from math import inf

import pytest

from scoring.replay.results import Receipt, Result
from scoring.replay.weeks import AnsweredPayments, week_lines

MONDAY = datetime(2024, 1, 1, tzinfo=UTC)
NEVER = inf


def payments(*rows: tuple[float, str, float | None, bool, float]) -> AnsweredPayments:
    """Each: days after the first midnight, card, score, fraud, days until that is known."""
    answered = AnsweredPayments()
    for place, (days, card, score, is_fraud, known_after) in enumerate(rows):
        moment = MONDAY + timedelta(days=days)
        outcome = "review" if score and score > 0.9 else "approve"
        model = "card-2" if days >= 8 else "card-1"
        result = Result(place, str(place), card, moment, outcome, 1.0, Receipt("txn_1", score, model))
        answered.add(result, is_fraud=is_fraud, known_at=MONDAY.timestamp() + known_after * 86_400)
    return answered


def test_each_week_has_its_own_payments_frauds_and_models() -> None:
    answered = payments(
        (0.5, "a", 0.95, True, NEVER),
        (6.9, "b", 0.1, False, NEVER),
        (7.1, "b", 0.2, False, NEVER),
        (8.5, "c", 0.8, True, NEVER),
        (9.0, "d", None, False, NEVER),
    )

    first, second = answered.weeks()

    assert (first.start, second.start) == (MONDAY, MONDAY + timedelta(days=7))
    assert (first.payments, first.frauds, first.reviewed_share) == (2, 1, 0.5)
    assert (second.payments, second.frauds, second.reviewed_share) == (3, 1, 0.0)
    assert (first.models, second.models) == ({"card-1": 2}, {"card-2": 2, "card-1": 1})
    assert (second.ranking.rows, second.ranking.auc, second.ranking.average_precision) == (2, 1.0, 1.0)
    assert second.card_precision_100 == pytest.approx(0.005)  # one card in two days of a hundred


def test_cards_that_were_known_to_be_compromised_do_not_make_a_week_look_better() -> None:
    answered = payments(
        (0.5, "a", 0.9, True, 8.0),
        (7.9, "a", 0.2, True, 15.0),
        (8.1, "a", 0.9, True, 16.0),
        (8.2, "c", 0.5, False, NEVER),
        (31.0, "a", 0.9, True, 38.0),
        (31.1, "c", 0.5, False, NEVER),
    )

    _, second, last = answered.weeks()

    assert (second.payments, second.frauds) == (3, 2)
    assert (second.ranking.rows, second.ranking.frauds, second.ranking.auc) == (2, 1, 0.0)
    assert (last.ranking.rows, last.ranking.auc) == (2, 1.0)  # it has another card by then


def test_a_week_without_fraud_has_counts_and_no_figures() -> None:
    answered = payments((0.5, "a", 0.1, False, NEVER), (15.0, "a", 0.2, False, NEVER))

    weeks = list(answered.weeks())

    assert [week.start.day for week in weeks] == [1, 15]  # none between them
    assert (weeks[0].ranking.auc, weeks[0].card_precision_100) == (None, None)
    assert "2024-01-01         1       0      -      -       -       -     0.00%  card-1" in week_lines(iter(weeks))


def test_nothing_answered_is_no_week() -> None:
    assert list(AnsweredPayments().weeks()) == []
