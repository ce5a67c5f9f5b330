from datetime import timedelta

import pytest

from scoring.api.schemas import PaymentIn
from scoring.demo.behaviour import Bank, DemoPayment
from scoring.demo.bodies import payment_body
from scoring.demo.fraud import PATTERNS
from scoring.demo.people import CURRENCY_OF
from scoring.demo.randomness import randomness
from scoring.demo.stream import PEOPLE_MIN, Stream, people_for
from tests.demo.conftest import NOW


def _stream(bank: Bank, word: str = "stream") -> Stream:
    return Stream(Bank(bank.seed, PEOPLE_MIN, bank.market), randomness(word))


def test_payments_happen_now_and_pass_the_api(bank: Bank) -> None:
    stream = _stream(bank)

    for seconds in range(300):
        now = NOW + timedelta(seconds=seconds)
        payment = stream.next(now).payment
        assert payment.request.occurred_at == now
        PaymentIn.model_validate(payment_body(payment.request, with_moment=False))


def test_whoever_pays_is_the_customer_named_with_it(bank: Bank) -> None:
    planned = _stream(bank).next(NOW)

    assert planned.payment.request.account_id == planned.customer.account_id
    assert planned.payment.request.currency == CURRENCY_OF[planned.customer.city.country]


def test_the_same_random_numbers_make_the_same_stream(bank: Bank) -> None:
    first, second = _stream(bank), _stream(bank)

    assert [first.next(NOW) for _ in range(100)] == [second.next(NOW) for _ in range(100)]


def _two_days(bank: Bank) -> list[DemoPayment]:
    stream = _stream(bank)
    return [stream.next(NOW + timedelta(seconds=90 * number)).payment for number in range(1920)]


def test_every_pattern_appears_and_spares_alice(bank: Bank, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("scoring.demo.stream._INCIDENT_CHANCE", 1 / 40)
    payments = _two_days(bank)

    assert {payment.pattern for payment in payments} == {pattern.name for pattern in PATTERNS} | {None}
    assert not any(payment.is_fraud for payment in payments if payment.request.account_id == "acc_alice")


def test_fraud_is_rare(bank: Bank) -> None:
    payments = _two_days(bank)

    assert 0 < sum(payment.is_fraud for payment in payments) / len(payments) < 0.04


def test_a_higher_rate_needs_more_people() -> None:
    assert people_for(0.001) == PEOPLE_MIN
    assert people_for(2) == 12_000
