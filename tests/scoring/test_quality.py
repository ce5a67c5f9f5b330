"""What is counted of requests, what is kept of refused ones, and when a share stands far off the usual."""

from datetime import UTC, datetime

import pytest

from ledger.domain.payments import PaymentRequest, TransactionType
from scoring.domain.quality import Drift, Share, drift, faults_kept, field_counted, missing_of, presence
from sentinel.core.errors import FieldError

NOW = datetime(2026, 3, 1, tzinfo=UTC)


def request(kind: TransactionType = TransactionType.PURCHASE, **fields) -> PaymentRequest:
    return PaymentRequest("acc", 100, "INR", kind, NOW, **fields)


def test_missing_are_the_optional_fields_that_were_left_out():
    sent = request(reference="r", device_id="d", latitude=0.0, merchant_category="5411", card_token="t")

    assert missing_of(presence(sent)) == [
        "channel",
        "merchant.name",
        "merchant.country",
        "device.ip",
        "device.user_agent",
        "location.country",
        "location.city",
        "metadata",
    ]


def test_fields_of_merchants_are_asked_of_purchases_only():
    missing = missing_of(presence(request(TransactionType.WITHDRAWAL)))

    assert "card" in missing
    assert not any(name.startswith("merchant.") for name in missing)


@pytest.mark.parametrize(
    ("field", "content", "sent"),
    [
        ("currency", {"currency": "RUPEE"}, "RUPEE"),
        ("amount", {"amount": 12.5}, "12.5"),
        ("merchant.country", {"merchant": {"country": "Atlantis"}}, "Atlantis"),
        ("amount", {"amount": "4111111111111111"}, "text of 16 characters"),
        ("amount", {"amount": 4111111111111111}, "a number"),
        ("channel", {"channel": "x" * 41}, "text of 41 characters"),
        ("channel", {"channel": "a\x1b[31mb"}, "text of 7 characters"),
        ("device.ip", {"device": {"ip": "203.0.113.9.9"}}, "text of 13 characters"),
        ("card.last4", {"card": {"last4": 1111}}, "a number"),
        ("account_id", {"account_id": "Alice Rao"}, "text of 9 characters"),
        ("amount", {"amount": True}, "true or false"),
        ("amount", {"amount": None}, "null"),
        ("amount", {"amount": {"a": 1}}, "an object"),
        ("merchant", {"merchant": ["x"]}, "a list"),
        ("merchant.id", {"merchant": "no object"}, ""),
        ("amount", {}, ""),
        ("amount", None, ""),
    ],
)
def test_of_what_was_sent_only_the_harmless_is_kept(field, content, sent):
    assert faults_kept([FieldError(field, "c", "m")], content) == [{"field": field, "code": "c", "sent": sent}]


@pytest.mark.parametrize("name", ["alice@bank.example", "4111111111111111", "Alice", "a" * 41, "a.b.c", "x y", ""])
def test_names_of_fields_that_we_do_not_know_are_kept_only_as_plain_words(name):
    assert faults_kept([FieldError(name, "unknown_field", "m")], {name: "secret"})[0]["field"] == "(other)"
    assert field_counted(name) == "other"


def test_a_slip_in_a_name_is_shown():
    assert faults_kept([FieldError("merchant.mcc", "unknown_field", "m")], {})[0]["field"] == "merchant.mcc"
    assert (field_counted("merchant.mcc"), field_counted("card.bin")) == ("other", "card.bin")


# -- drift


def drift_of(some: int, requests: int, days: list[Share]) -> Drift:
    found = drift(Share(some, requests), days)
    assert found is not None
    return found


def usual(share: float, days: int = 14, requests: int = 1000) -> list[Share]:
    return [Share(round(share * requests), requests)] * days


def test_a_share_far_off_the_usual_drifts_and_one_near_it_does_not():
    found = drift_of(300, 1000, usual(0.1))

    assert (found.today, found.line) == (0.3, 0.05)
    assert found.usual == pytest.approx(0.1)
    assert found.is_drifting
    assert not drift_of(140, 1000, usual(0.1)).is_drifting  # four points off


def test_it_drifts_downwards_too():
    assert drift_of(0, 1000, usual(0.5)).is_drifting


def test_few_requests_today_need_a_larger_difference():
    few, many = drift_of(56, 200, usual(0.2)), drift_of(2800, 10_000, usual(0.2))

    assert (few.today, few.is_drifting) == (0.28, False)
    assert few.line == pytest.approx(4 * (0.2 * 0.8 / 200) ** 0.5, rel=1e-3)
    assert (many.today, many.is_drifting) == (0.28, True)


def test_a_share_that_wanders_from_day_to_day_may_wander():
    wandering = [Share(100, 1000), Share(500, 1000)] * 7

    assert not drift_of(700, 1000, wandering).is_drifting


def test_with_too_few_requests_nothing_is_said():
    assert drift(Share(199, 199), usual(0.1)) is None
    assert drift(Share(900, 1000), usual(0.1, days=2)) is None
    assert drift(Share(900, 1000), usual(0.1, requests=49)) is None


def test_what_drifts_is_usual_again_half_the_way_back():
    half, near = drift_of(140, 1000, usual(0.1)), drift_of(124, 1000, usual(0.1))

    assert (half.is_drifting, half.is_usual_again) == (False, False)
    assert near.is_usual_again
