"""The bank's past: every customer's days up to a moment, with incidents of each pattern, in time order."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date, datetime, timedelta
from random import Random

from scoring.demo.behaviour import Bank, DemoPayment, at_hour, day_of, whereabouts
from scoring.demo.fraud import PATTERNS, Pattern
from scoring.demo.merchants import market_make
from scoring.demo.people import Customer
from scoring.demo.randomness import SEED, randomness

# One incident per so many customer-days and unit of weight: about one payment in a hundred is fraud.
_CUSTOMER_DAYS_PER_INCIDENT = 5400
# Nobody is robbed before the bank knows their habits.
_QUIET_SHARE = 0.25
_HOME_AGAIN_DAYS = 2


def bank_make(people: int, seed: int = SEED) -> Bank:
    return Bank(seed, people, market_make(seed))


def history_make(bank: Bank, *, until: datetime, days: int) -> list[DemoPayment]:
    """The payments of the last `days` days before a moment, earliest first. The same arguments, the same history."""
    customers = [bank.customer(number) for number in range(bank.people)]
    since = until - timedelta(days=days)
    dates = [since.date() + timedelta(days=offset) for offset in range(days + 1)]
    payments = [payment for customer in customers for day in dates for payment in day_of(bank, customer, day)]
    payments += _incidents(bank, customers, until, days)
    within = [payment for payment in payments if since <= payment.request.occurred_at <= until]
    within.sort(key=lambda payment: (payment.request.occurred_at, payment.request.account_id))
    return [_numbered(payment, number) for number, payment in enumerate(within, start=1)]


def _numbered(payment: DemoPayment, number: int) -> DemoPayment:
    return replace(payment, request=replace(payment.request, reference=f"demo-{number:05d}"))


def _incidents(bank: Bank, customers: list[Customer], until: datetime, days: int) -> Iterator[DemoPayment]:
    """Those of a pattern are spread over the time; the latest is a day or two old and may still be in review."""
    rng = randomness(bank.seed, "incidents")
    per_weight = max(1 / 3, bank.people * days / _CUSTOMER_DAYS_PER_INCIDENT)
    for pattern in PATTERNS:
        count = max(1, round(pattern.weight * per_weight))
        for place in range(count):
            days_ago = 1 + round(place * days * (1 - _QUIET_SHARE) / count) + rng.randint(0, 1)
            yield from _incident(rng, bank, customers, pattern, until.date() - timedelta(days=days_ago))


def _incident(
    rng: Random, bank: Bank, customers: list[Customer], pattern: Pattern, day: date
) -> Iterator[DemoPayment]:
    # Alice stays out of trouble: examples and checks rely on her.
    victims = [customer for customer in customers[1:] if may_be_victim(bank, pattern, customer, day)]
    if victims:
        victim = rng.choice(victims)
        yield from pattern.play(rng, bank, victim, at_hour(day, rng.uniform(*pattern.hours), victim.city.zone))


def may_be_victim(bank: Bank, pattern: Pattern, customer: Customer, day: date) -> bool:
    """Thieves' patterns are told for people at home, so that the truth is plain."""
    if pattern.currency not in (None, customer.currency):
        return False
    around = (day + timedelta(days=offset) for offset in range(-_HOME_AGAIN_DAYS, _HOME_AGAIN_DAYS + 1))
    return all(whereabouts(bank, customer, near).city is customer.city for near in around)
