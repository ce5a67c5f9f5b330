from collections import defaultdict
from datetime import timedelta
from itertools import pairwise
from uuid import UUID

import pytest

from scoring.api.schemas import PaymentIn, payment_request
from scoring.demo.behaviour import Bank, DemoPayment
from scoring.demo.bodies import payment_body
from scoring.demo.fraud import PATTERNS
from scoring.demo.history import bank_make, history_make
from sentinel.api.scope_names import SCOPES
from sentinel.core.card_numbers import find_card_number
from sentinel.core.clients import ClientIdentity
from sentinel.core.geo import distance_km, speed_kmh
from tests.demo.conftest import DAYS, NOW

History = list[DemoPayment]
CLIENT = ClientIdentity(UUID(int=1), "demo", frozenset(SCOPES))


def test_the_same_arguments_make_the_same_history(bank: Bank, history: History) -> None:
    assert history_make(bank_make(60), until=NOW, days=DAYS) == history


def test_another_seed_makes_another_history(history: History) -> None:
    assert history_make(bank_make(60, seed=7), until=NOW, days=DAYS) != history


def test_payments_are_in_time_order_numbered_and_past(history: History) -> None:
    moments = [payment.request.occurred_at for payment in history]

    assert moments == sorted(moments)
    assert NOW - timedelta(days=DAYS) <= moments[0]
    assert moments[-1] <= NOW
    assert [payment.request.reference for payment in history[:2]] == ["demo-00001", "demo-00002"]


def test_every_payment_passes_the_api_and_is_read_as_it_was_meant(history: History) -> None:
    for payment in history:
        body = payment_body(payment.request, with_moment=True)

        assert find_card_number(body) is None
        assert payment_request(PaymentIn.model_validate(body), now=NOW) == payment.request


def test_every_pattern_appears_and_fraud_stays_rare(history: History) -> None:
    assert {payment.pattern for payment in history} == {pattern.name for pattern in PATTERNS} | {None}
    assert 0.002 < sum(payment.is_fraud for payment in history) / len(history) < 0.04


def test_a_small_bank_has_every_pattern_too() -> None:
    patterns = {payment.pattern for payment in history_make(bank_make(20), until=NOW, days=12)}

    assert patterns == {pattern.name for pattern in PATTERNS} | {None}


def test_all_sorts_of_payments_appear(history: History) -> None:
    requests = [payment.request for payment in history]

    assert {request.transaction_type.value for request in requests} == {
        "purchase",
        "withdrawal",
        "transfer",
        "top_up",
    }
    assert {request.channel for request in requests} == {"pos", "ecommerce", "atm", "mobile", "recurring", "other"}
    assert {request.currency for request in requests} == {"INR", "EUR", "USD", "GBP", "JPY", "BHD"}


def test_alice_is_never_robbed(history: History) -> None:
    assert not any(payment.is_fraud for payment in history if payment.request.account_id == "acc_alice")


def test_nobody_honest_travels_faster_than_an_aeroplane(history: History) -> None:
    places = defaultdict(list)
    for payment in history:
        request = payment.request
        if request.latitude is not None and request.longitude is not None and not payment.is_fraud:
            places[request.account_id].append((request.latitude, request.longitude, request.occurred_at))

    for visited in places.values():
        for (latitude, longitude, left), (*there, arrived) in pairwise(visited):
            distance = distance_km(latitude, longitude, *there)
            assert distance < 200 or speed_kmh(distance, (arrived - left).total_seconds()) < 900


def test_people_are_paid_and_mostly_spend_less(bank: Bank, history: History) -> None:
    spent: dict[str, int] = defaultdict(int)
    earned: dict[str, int] = defaultdict(int)
    for payment in history:
        request = payment.request
        sums = spent if request.transaction_type.takes_money_out else earned
        sums[request.account_id] += request.amount_minor

    customers = [bank.customer(number) for number in range(bank.people)]
    solvent = sum(spent[c.account_id] <= earned[c.account_id] + c.opening_balance_minor for c in customers)
    assert solvent >= 0.9 * len(customers)


@pytest.mark.parametrize("name", ["card_testing", "account_takeover", "drained_account"])
def test_thieves_use_devices_of_their_own(history: History, name: str) -> None:
    honest = {payment.request.device_id for payment in history if not payment.is_fraud}

    assert not {payment.request.device_id for payment in history if payment.pattern == name} & honest
