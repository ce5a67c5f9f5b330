"""Policies that Hypothesis makes, and payments for them."""

from django.db import connection
from hypothesis import strategies as st

from ledger.models import AuditEntry
from rules.models import Alarm
from scoring.domain.policy import Band, Policy, Thresholds
from scoring.models import PolicyRelease, PolicyRequest, PolicySimulation, PolicyVersion

CURRENCIES = ("INR", "EUR", "JPY")
CHANNELS = ("ecommerce", "pos", "atm")

scores = st.integers(0, 20).map(lambda step: step / 20)
thresholds = st.builds(Thresholds, *[st.none() | scores] * 4)


@st.composite
def bands(draw) -> Band:
    currency = draw(st.none() | st.sampled_from(CURRENCIES[:2]))
    ends = st.none() | st.integers(0, 6)
    return Band(
        draw(thresholds),
        channels=tuple(draw(st.lists(st.sampled_from(CHANNELS[:2]), max_size=2, unique=True))),
        currency=currency,
        amount_from_minor=draw(ends) if currency else None,
        amount_below_minor=draw(ends) if currency else None,
    )


@st.composite
def policies(draw) -> Policy:
    base = draw(thresholds)
    limits = st.dictionaries(st.sampled_from(CURRENCIES), st.integers(0, 3).map(str), max_size=3)
    return Policy(
        1,
        base.review_percentile,
        base.decline_percentile,
        base.review_probability,
        base.decline_probability,
        degraded_review_above=tuple(sorted(draw(limits).items())),
        bands=tuple(draw(st.lists(bands(), max_size=4))),
    )


payments = st.fixed_dictionaries(
    {
        "channel": st.none() | st.sampled_from(CHANNELS),
        "currency": st.sampled_from(CURRENCIES),
        "amount_minor": st.integers(0, 7),
    }
)


def hide_policies() -> None:
    """Those that other tests committed, until this test is rolled back."""
    facts = (PolicySimulation, PolicyRelease, PolicyRequest, PolicyVersion, Alarm, AuditEntry)
    tables = [model._meta.db_table for model in facts]
    statements = [
        *(f"ALTER TABLE {table} DISABLE TRIGGER USER" for table in tables),
        *(f"DELETE FROM {table}" for table in tables),
        "SET CONSTRAINTS ALL IMMEDIATE",
        *(f"ALTER TABLE {table} ENABLE TRIGGER USER" for table in tables),
        "SET CONSTRAINTS ALL DEFERRED",
    ]
    with connection.cursor() as cursor:
        cursor.execute("; ".join(statements))
