"""A recorded decision beside the one that is made again, as values."""

import math
import struct
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from ledger.domain.decisions import Reason, RecordedDecision, Verdict
from ledger.domain.payments import PaymentRequest, TransactionType
from scoring.domain.redecision import NotPossible, Row, degraded_before, side_by_side, values_again
from sentinel.core.catalogue import CATALOGUE_VERSION, FIELDS, PACKED_INDEX, Values, pack, packed_fields
from sentinel.core.outcomes import Outcome

REQUEST = PaymentRequest(
    "acc_a",
    540_000,
    "INR",
    TransactionType.PURCHASE,
    datetime(2026, 1, 31, 12, tzinfo=UTC),
    channel="ecommerce",
    merchant_id="m_17",
    merchant_category="0742",
    merchant_country="KP",
    device_id="dev_ß",
    location_country="FR",
    metadata={"email": "a@Example.com"},
)
KNOWN = {
    "amount": 540_000,
    "currency": "INR",
    "transaction_type": "purchase",
    "channel": "ecommerce",
    "merchant_category": "0742",
    "merchant_country": "KP",
    "location_country": "FR",
    "amount_vs_usual_30d": 0.1 + 0.2,
    "is_night": False,
    "payments_1m": 3,
}
TEXTS = {"merchant_id": "m_17", "device_id": "dev_ß", "account_id": "acc_a", "email_domain": "example.com"}
HIT = Reason("rule.far", "Far away", "rule")
FUNDS = Reason("funds.insufficient", "Not enough money available on the account", "funds")


def described(**known) -> Values:
    return tuple(known.get(field.name) for field in FIELDS)


def with_number(name: str, number: float) -> bytes:
    """A snapshot with another number in the place of one field."""
    place = PACKED_INDEX[name] * 8
    snapshot = pack(described(**KNOWN))
    return snapshot[:place] + struct.pack("<d", number) + snapshot[place + 8 :]


def recorded(snapshot: bytes = pack(described(**KNOWN)), **changes) -> RecordedDecision:
    decision = RecordedDecision(
        [HIT.to_json()], snapshot, "review", "held", None, 0.97, 4, 2, "m.1", CATALOGUE_VERSION, [], [7], [], []
    )
    return replace(decision, **changes)


VERDICT = Verdict(Outcome.REVIEW, (HIT,), None, 0.97, None, 4, 2, "m.1", CATALOGUE_VERSION, b"", rule_hits=(7,))


def differing(decision: RecordedDecision, verdict: Verdict = VERDICT) -> list[Row]:
    rows = side_by_side(decision, REQUEST, values_again(decision, REQUEST), verdict)
    return [row for row in rows if not row.is_equal]


def test_the_rules_see_what_they_saw():
    assert values_again(recorded(), REQUEST) == described(**KNOWN, **TEXTS)


def test_of_an_older_catalogue_the_newer_fields_are_missing():
    first = pack(described(**KNOWN))[: len(packed_fields(1)) * 8]

    values = values_again(recorded(first, catalogue_version=1), REQUEST)

    assert values == described(**{**KNOWN, "payments_1m": None}, **TEXTS)


@pytest.mark.parametrize(
    ("snapshot", "version"),
    [
        (b"", CATALOGUE_VERSION),
        (pack(described(**KNOWN))[:-8], CATALOGUE_VERSION),
        (pack(described(**KNOWN)), 1),
        (pack(described(**KNOWN)), 99),
        (with_number("amount", math.inf), CATALOGUE_VERSION),
        (with_number("amount", 5400.5), CATALOGUE_VERSION),
        (with_number("is_night", 2.0), CATALOGUE_VERSION),
        (with_number("channel", 99.0), CATALOGUE_VERSION),
    ],
)
def test_what_no_catalogue_would_have_written_is_refused(snapshot: bytes, version: int):
    decision = recorded(snapshot, catalogue_version=version)

    with pytest.raises(NotPossible, match="the snapshot is not one of its catalogue version"):
        differing(decision)


def test_the_same_verdict_is_no_difference():
    assert differing(recorded()) == []


def test_what_the_money_said_is_taken_from_the_record():
    refused = recorded(reasons=[HIT.to_json(), FUNDS.to_json()], outcome="decline", status="declined")

    assert differing(refused) == []
    assert [row.name for row in differing(replace(refused, outcome="review", status="held"))] == ["outcome", "status"]
    voided = Reason("key.voided", "The payment was voided before it arrived", "system")
    assert differing(replace(refused, reasons=[HIT.to_json(), voided.to_json()])) == []


def test_a_rule_does_not_speak_for_the_money():
    lookalike = Reason("key.voided", "By a rule", "rule")

    rows = differing(recorded(reasons=[HIT.to_json(), lookalike.to_json()]))

    assert rows == [Row("reason 2", lookalike.to_json(), None)]


def test_each_thing_that_differs_has_its_row():
    changed = replace(
        VERDICT,
        outcome=Outcome.APPROVE,
        reasons=(replace(HIT, words="Near"),),
        score_percentile=0.9701,
        policy_version=3,
        degraded=("model_missing",),
        rule_hits=(8,),
        silent_hits=(7,),
        failed_rules=(9,),
    )

    assert [row.name for row in differing(recorded(), changed)] == [
        "outcome",
        "status",
        "score_percentile",
        "reason 1",
        "policy_version",
        "degraded",
        "rule_hits",
        "silent_hits",
        "failed_rules",
    ]


def test_a_snapshot_that_tells_of_another_payment_is_named():
    other = described(**{**KNOWN, "amount": 1, "location_country": "IN"})

    assert differing(recorded(pack(other))) == [
        Row("snapshot amount", 1, 540_000),
        Row("snapshot location_country", "IN", "FR"),
    ]


def test_what_assess_says_again_is_not_told_to_it():
    decision = recorded(degraded=["redis_unavailable", "rule_failed", "model_missing"])

    assert degraded_before(decision) == ("redis_unavailable",)
