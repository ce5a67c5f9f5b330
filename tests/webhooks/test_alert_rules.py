"""Which payments meet which thresholds, and what is said of an event."""

from dataclasses import replace

import pytest

from sentinel.core.ids import uuid7
from webhooks.domain.alert_rules import (
    DecidedPayment,
    HitRule,
    Thresholds,
    alarm_told,
    meets,
    payment_told,
    report_told,
    wish_words,
)

ABROAD = HitRule(7, "abroad", "High amount abroad")
PAYMENT = DecidedPayment(
    id=uuid7(),
    outcome="review",
    fraud_probability=0.9,
    score_percentile=0.99,
    amount_minor=540_000,
    currency="INR",
    model_version="card-2026-01-30.2",
    rules=(ABROAD,),
)
ALL = Thresholds(("review", "decline"), 0.9, 0.99, 540_000, "INR", 7)


def test_nothing_asked_is_met_by_every_payment():
    assert meets(PAYMENT, Thresholds())


def test_all_that_is_asked_holds_together_at_its_very_edge():
    assert meets(PAYMENT, ALL)


@pytest.mark.parametrize(
    "change",
    [
        {"outcome": "approve"},
        {"fraud_probability": 0.8999},
        {"fraud_probability": None},
        {"score_percentile": 0.9899},
        {"score_percentile": None},
        {"amount_minor": 539_999},
        {"currency": "JPY"},
        {"rules": ()},
    ],
    ids=str,
)
def test_one_condition_that_fails_is_enough(change):
    assert not meets(replace(PAYMENT, **change), ALL)


def test_a_payment_is_told_with_what_may_be_told():
    told = payment_told(PAYMENT, Thresholds())

    assert (told.subject, told.title) == ("payments", "5,400 INR held for review")
    assert dict(told.facts["rows"]) == {
        "Outcome": "held for review",
        "Amount": "5,400 INR",
        "Rules": "High amount abroad",
        "Fraud probability": "0.9000",
        "Score percentile": "0.9900",
        "Model": "card-2026-01-30.2",
        "Transaction": f"txn_{PAYMENT.id.hex}",
    }


def test_who_asks_for_a_rule_hears_of_the_rule():
    told = payment_told(PAYMENT, Thresholds(rule_id=7))

    assert (told.subject, told.title) == ("rule:abroad", "High amount abroad: 5,400 INR held for review")


def test_what_is_missing_is_left_out():
    bare = replace(PAYMENT, fraud_probability=None, score_percentile=None, model_version=None, rules=())

    rows = dict(payment_told(bare, Thresholds()).facts["rows"])

    assert rows.keys() == {"Outcome", "Amount", "Transaction"}


def test_an_alarm_is_told_by_kind_and_subject():
    told = alarm_told("rule:night_owl", {"kind": "rule.moved_back", "words": "It hit 40 times."})

    assert (told.subject, told.title) == ("rule.moved_back rule:night_owl", "Alarm of rule night_owl: moved back")
    assert told.facts["words"] == "It hit 40 times."


def test_what_clients_write_is_not_told():
    words = "Alice Rao called"
    reported = alarm_told("pos", {"kind": "reported", "severity": "critical", "words": words})
    fraud = report_told("txn_1", {"severity": "warning", "words": words})

    assert reported.title == "A client reports trouble: pos"
    assert fraud.title == "A client reports fraud"
    assert words not in str([reported, fraud])


def test_a_title_is_one_short_line():
    told = payment_told(replace(PAYMENT, rules=(HitRule(7, "abroad", "High\r\nBcc: x " + "y" * 200),)), ALL)

    assert len(told.title) == 120
    assert "\n" not in told.title


@pytest.mark.parametrize(
    ("about", "asked", "words"),
    [
        ("payments", Thresholds(), "payments"),
        (
            "payments",
            ALL,
            "payments that are held for review or declined, of at least 5,400 INR, with a fraud probability of at "
            "least 0.9, with a score percentile of at least 0.99, hit by rule abroad",
        ),
        ("reports", Thresholds(), "fraud that clients report"),
        ("models", Thresholds(), "alarms of models"),
        ("system", Thresholds(), "alarms of rules and of the system"),
    ],
)
def test_a_wish_in_words(about, asked, words):
    assert wish_words(about, asked, "abroad") == words
