"""Booking is pure: whatever payments come, money is neither made nor lost."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.domain.booking import LockedAccount, book, opposite
from ledger.domain.decisions import Reason, Verdict
from ledger.domain.fingerprints import payment_content, request_fingerprint
from ledger.domain.payments import AccountProfile, AccountStatus, PaymentRequest, TransactionType
from ledger.domain.receipts import response_of
from sentinel.core.outcomes import Outcome, Status

NOW = datetime(2026, 1, 31, 12, tzinfo=UTC)
DAY = date(2026, 1, 31)


def account(name="acc_a", posted=1000, **changes):
    fields = {
        "account_id": name,
        "currency": "INR",
        "status": AccountStatus.ACTIVE,
        "livemode": True,
        "version": 1,
        "posted_minor": posted,
        "held_minor": 0,
        "floor_minor": 0,
        "daily_limit_minor": None,
        "seq": 0,
    }
    return LockedAccount(**fields | changes)


def request(amount=100, kind=TransactionType.PURCHASE, counterparty=None):
    return PaymentRequest("acc_a", amount, "INR", kind, NOW, counterparty_account_id=counterparty)


def verdict(outcome=Outcome.APPROVE, *reasons):
    return Verdict(outcome, reasons, None, None, None, 1, 1, None, 1, b"")


def decide(
    payer, *, amount=100, outcome=Outcome.APPROVE, kind=TransactionType.PURCHASE, counterparty=None, **options
):
    name = counterparty.account_id if counterparty else None
    return book(
        request(amount, kind, name), verdict(outcome), account=payer, counterparty=counterparty, day=DAY, **options
    )


kinds = st.sampled_from(list(TransactionType))
outcomes = st.sampled_from(list(Outcome))


@given(st.lists(st.tuples(kinds, outcomes, st.integers(1, 2000)), max_size=30), st.integers(-500, 500))
def test_no_sequence_of_payments_makes_or_loses_money(payments, floor):
    payer, other = account(posted=1000, floor_minor=floor), account("acc_b", posted=0)
    outside = held = 0
    for kind, outcome, amount in payments:
        receiver = other if kind is TransactionType.TRANSFER else None
        booked = decide(payer, amount=amount, outcome=outcome, kind=kind, counterparty=receiver)
        assert sum(leg.debit_minor - leg.credit_minor for leg in booked.legs) == 0
        outside += sum(
            leg.credit_minor - leg.debit_minor for leg in booked.legs if leg.ledger_account_id.startswith("sys_")
        )
        held += booked.reserved_minor or 0
        assert bool(booked.legs) == (booked.status is Status.APPROVED)

    assert payer.posted_minor + other.posted_minor + outside == 1000
    assert payer.held_minor == held
    assert payer.available_minor >= min(floor, 1000)
    assert payer.seq == len(payments)


def test_a_review_reserves_the_money():
    payer = account(posted=100)

    booked = decide(payer, outcome=Outcome.REVIEW)

    assert (booked.status, booked.reserved_minor, payer.available_minor) == (Status.HELD, 100, 0)


def test_no_verdict_beats_funds_status_limit_or_void():
    cases = {
        "funds.insufficient": decide(account(posted=99)),
        "account.frozen": decide(account(status=AccountStatus.FROZEN)),
        "limit.daily": decide(account(daily_limit_minor=99)),
        "key.voided": decide(account(), voided=True),
        "counterparty.unavailable": decide(
            account(), kind=TransactionType.TRANSFER, counterparty=account("acc_b", status=AccountStatus.CLOSED)
        ),
    }

    for code, booked in cases.items():
        assert booked.outcome is Outcome.DECLINE
        assert [reason.code for reason in booked.reasons] == [code]


def test_the_limit_of_a_day_counts_what_was_held_and_approved():
    payer = account(posted=1000, daily_limit_minor=300)

    statuses = [
        decide(payer, outcome=outcome).status for outcome in (Outcome.APPROVE, Outcome.REVIEW, Outcome.APPROVE)
    ]

    assert statuses == [Status.APPROVED, Status.HELD, Status.APPROVED]
    assert decide(payer, amount=1).status is Status.DECLINED


def test_a_day_after_the_newest_has_spent_nothing_and_an_earlier_one_must_be_asked_for():
    yesterday, tomorrow = DAY - timedelta(days=1), DAY + timedelta(days=1)
    new, known, forgotten = account(), account(seq=3, day=DAY, spent_by_day={DAY: 5}), account(seq=3)

    assert [known.knows_spent_on(day) for day in (yesterday, DAY, tomorrow)] == [False, True, True]
    assert [each.knows_spent_on(DAY) for each in (new, forgotten)] == [True, False]


def test_opposite_legs_undo_an_amount():
    legs = decide(account()).legs

    assert [(leg.debit_minor, leg.credit_minor) for leg in opposite(legs, 40)] == [(0, 40), (40, 0)]


def test_a_customer_is_told_the_money_reason_and_never_the_rule():
    rule = Reason("rule.secret", "Over 5,000 abroad", "rule")
    declined = book(request(), verdict(Outcome.DECLINE, rule), account=account(), counterparty=None, day=DAY)
    broke = book(request(), verdict(Outcome.DECLINE, rule), account=account(posted=0), counterparty=None, day=DAY)

    assert response_of(declined)[0] == "do_not_honor"
    assert response_of(broke)[0] == "insufficient_funds"
    assert "5,000" not in " ".join(response_of(declined)[2:])


def test_a_moment_we_chose_ourselves_is_no_part_of_the_request():
    later = PaymentRequest("acc_a", 100, "INR", TransactionType.PURCHASE, NOW + timedelta(seconds=5))
    prints = [
        request_fingerprint("payment", payment_content(one, occurred_at_given=given))
        for given in (False, True)
        for one in (request(), later)
    ]

    assert prints[0] == prints[1]
    assert prints[2] != prints[3]


def test_a_day_at_home_has_23_hours_when_clocks_change():
    profile = AccountProfile(
        "acc_a", "EUR", "DE", "Europe/Berlin", AccountStatus.ACTIVE, "normal", NOW, True, 1, frozenset()
    )

    start, end = profile.day_bounds(date(2026, 3, 29))

    assert end.astimezone(UTC) - start.astimezone(UTC) == timedelta(hours=23)


@pytest.mark.parametrize("kind", list(TransactionType))
def test_each_type_has_its_posting_template(kind):
    receiver = account("acc_b", posted=0) if kind is TransactionType.TRANSFER else None

    debit, credit = decide(account(), kind=kind, counterparty=receiver).legs

    expected = {
        TransactionType.PURCHASE: ("acc_a", "sys_merchants_INR"),
        TransactionType.WITHDRAWAL: ("acc_a", "sys_cash_INR"),
        TransactionType.TRANSFER: ("acc_a", "acc_b"),
        TransactionType.TOP_UP: ("sys_funding_INR", "acc_a"),
    }
    assert (debit.ledger_account_id, credit.ledger_account_id) == expected[kind]
