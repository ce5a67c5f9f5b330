"""What comes first: one number, the same in Python and in the database."""

from datetime import UTC, date, datetime, timedelta

import pytest
from django.db import connection
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from ledger.domain.cases import DOUBLING_HOURS, REASON_WORDS, REASONS, Verdict, case_rank, reasons_for, verdict_label
from ledger.models import AuditEntry, ReportingRate, ReviewTerms
from ledger.selectors.rates import reporting_minor
from ledger.selectors.review_terms import review_terms
from ledger.services.review_terms import Terms, reporting_rate_set, review_terms_set
from sentinel.core.errors import InvalidRequest
from sentinel.core.money import EXPONENTS, MAX_AMOUNT_MINOR
from tests.ledger.cases import Bank

DUE = datetime(2026, 1, 31, 12, tzinfo=UTC)
TERMS = Terms(due_minutes=120, urgent_percentile=0.9, urgent_due_minutes=30, undo_seconds=5)
amounts = st.integers(1, MAX_AMOUNT_MINOR)
scores = st.none() | st.floats(0, 1)
moments = st.integers(1_577_836_800, 2_208_988_800).map(lambda second: datetime.fromtimestamp(second, UTC))


def rank(due_at=DUE, amount_minor=10_000, currency="INR", score=0.5, rate_micro=None) -> float:
    told = {"due_at": due_at, "amount_minor": amount_minor, "currency": currency}
    return case_rank(**told, score_percentile=score, rate_micro=rate_micro)


@given(moments, amounts, amounts, st.floats(0, 1))
def test_more_money_comes_sooner_and_a_later_due_time_later(due_at, one, other, score):
    smaller, larger = sorted((one, other))

    assert rank(due_at, larger, score=score) <= rank(due_at, smaller, score=score)
    assert rank(due_at, one, score=score) < rank(due_at + timedelta(minutes=1), one, score=score)


def test_twice_the_money_is_worth_two_hours():
    later = rank(DUE + timedelta(hours=DOUBLING_HOURS), 2_000_000_00, score=1.0)

    assert later == pytest.approx(rank(DUE, 1_000_000_00, score=1.0), abs=1e-5)


def test_the_database_computes_the_same(db):
    @given(moments, amounts, st.sampled_from(sorted(EXPONENTS)), scores, st.none() | st.integers(1, 10**9))
    def same(due_at, amount_minor, currency, score, rate_micro):
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT ledger_case_rank(%s, %s, %s, %s, %s)", [due_at, amount_minor, currency, score, rate_micro]
            )
            found = cursor.fetchone()[0]
        assert found == pytest.approx(rank(due_at, amount_minor, currency, score, rate_micro), abs=1e-6)

    same()


@pytest.mark.parametrize("currency", sorted(EXPONENTS))
def test_the_database_knows_the_decimals_of_each_currency(db, currency):
    with connection.cursor() as cursor:
        cursor.execute("SELECT ledger_case_rank(%s, %s, %s, %s, %s)", [DUE, 10**6, currency, 1.0, None])
        assert cursor.fetchone()[0] == pytest.approx(rank(DUE, 10**6, currency, 1.0), abs=1e-9)


def test_reasons_say_fraud_or_nothing():
    assert set(REASONS) == set(REASON_WORDS)
    assert {verdict_label(Verdict.DECLINE, reason) for reason in REASONS} == {True, None}
    assert (verdict_label(Verdict.APPROVE, ""), verdict_label(Verdict.LEGITIMATE, "")) == (False, False)
    assert verdict_label(Verdict.FRAUD, "") is True
    assert "cannot_verify" not in reasons_for(Verdict.FRAUD)
    assert reasons_for(Verdict.APPROVE) == ()


def test_new_terms_hold_for_cases_from_then_on(db):
    bank, now = Bank(), timezone.now()
    before = bank.hold(now=now)
    review_terms_set(terms=TERMS, actor="olivia", now=now)
    after = bank.hold(now=now)
    calm = bank.hold(now=now, verdict_changes={"score_percentile": 0.2})

    assert [each.due_at - now for each in (before, after, calm)] == [
        timedelta(minutes=60),
        timedelta(minutes=30),
        timedelta(minutes=120),
    ]
    assert review_terms().author == "olivia"
    assert AuditEntry.objects.get(action="review_terms.set").details["undo_seconds"] == 5


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("due_minutes", 8 * 24 * 60),
        ("urgent_percentile", 1.1),
        ("urgent_due_minutes", 121),
        ("lock_minutes", 0),
        ("open_cap_per_reviewer", 0),
        ("undo_seconds", 601),
    ],
)
def test_terms_outside_their_bounds_are_refused_by_name(db, field, value):
    terms = Terms(**{"due_minutes": 120, "urgent_percentile": 0.9, "urgent_due_minutes": 30, field: value})
    with pytest.raises(InvalidRequest) as refused:
        review_terms_set(terms=terms, actor="olivia", now=timezone.now())

    assert [error.field for error in refused.value.errors] == [field]
    assert ReviewTerms.objects.count() == 1


def set_rate(currency: str, from_day: date, rate_micro: int) -> ReportingRate:
    return reporting_rate_set(
        currency=currency, from_day=from_day, rate_micro=rate_micro, actor="olivia", now=timezone.now()
    )


def test_money_is_worth_what_the_rate_of_its_day_says(db):
    set_rate("EUR", date(2026, 1, 1), 90_000_000)
    set_rate("EUR", date(2026, 2, 1), 95_500_000)
    set_rate("EUR", date(2026, 1, 1), 91_000_000)  # a correction
    set_rate("JPY", date(2026, 1, 1), 575_005)

    assert reporting_minor(10_00, "EUR", date(2026, 1, 31)) == 910_00
    assert reporting_minor(10_00, "EUR", date(2026, 2, 1)) == 955_00
    assert reporting_minor(100, "JPY", date(2026, 2, 1)) == 57_50
    assert reporting_minor(-3, "JPY", date(2026, 2, 1)) == -173
    assert reporting_minor(10_00, "INR", date(2020, 1, 1)) == 10_00
    assert reporting_minor(10_00, "EUR", date(2025, 12, 31)) is None
    assert reporting_minor(10_00, "USD", date(2026, 2, 1)) is None


def test_the_rank_of_a_case_goes_by_the_rate(db):
    set_rate("EUR", date(2020, 1, 1), 90_000_000)
    case = Bank(currency="EUR").hold()

    expected = rank(case.due_at, case.amount_minor, "EUR", case.score_percentile, 90_000_000)
    assert case.rank == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize(
    ("currency", "rate_micro", "field"), [("XXX", 1, "currency"), ("INR", 1, "currency"), ("EUR", 0, "rate_micro")]
)
def test_impossible_rates_are_refused(db, currency, rate_micro, field):
    with pytest.raises(InvalidRequest) as refused:
        set_rate(currency, date(2026, 1, 1), rate_micro)

    assert [error.field for error in refused.value.errors] == [field]
    assert not ReportingRate.objects.exists()
