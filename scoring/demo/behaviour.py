"""An ordinary day of a customer: shops in town, online, cash, friends, subscriptions, salary, holidays.

Only payments in a shop or at a cash machine carry coordinates, and none is made on a day of travelling, so that
nobody honest travels faster than an aeroplane.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from random import Random
from typing import Any
from zoneinfo import ZoneInfo

from ledger.domain.payments import PaymentRequest, TransactionType
from scoring.demo.merchants import ANYTIME, DAYTIME, EVENING, MORNING, Market, Merchant
from scoring.demo.people import Customer, customer_make, friend_number
from scoring.demo.places import HOLIDAY_CITIES, HOME_CITIES, City
from scoring.demo.prices import minor_of, price_minor, round_sum_minor
from scoring.demo.randomness import randomness

# From, to and most usual hour of the local day.
_HOURS = {
    MORNING: (7.0, 11.5, 8.5),
    DAYTIME: (9.5, 19.5, 13.0),
    EVENING: (16.5, 23.0, 19.5),
    ANYTIME: (7.0, 24.5, 18.0),
}
_WEEKEND = 1.25
_TRIP_PERIOD_DAYS = 45
_TRIP_CHANCE = 0.2
# Of what a customer does; the rest is shopping in town.
_ONLINE, _CASH, _FRIENDS = 0.28, 0.04, 0.04


@dataclass(frozen=True, slots=True)
class DemoPayment:
    """A request and the truth about it, which the bank is not told."""

    request: PaymentRequest
    pattern: str | None = None  # of the fraud; None is honest

    @property
    def is_fraud(self) -> bool:
        return self.pattern is not None


@dataclass(frozen=True, slots=True)
class Bank:
    """`people` customers exist, numbered from 0."""

    seed: int
    people: int
    market: Market

    def customer(self, number: int) -> Customer:
        return customer_make(self.seed, number)


@dataclass(frozen=True, slots=True)
class Whereabouts:
    city: City
    is_travelling: bool = False


def whereabouts(bank: Bank, customer: Customer, day: date) -> Whereabouts:
    """At home, or on one of the few trips; the days of leaving and coming back are spent travelling."""
    period, offset = divmod(day.toordinal(), _TRIP_PERIOD_DAYS)
    rng = randomness(bank.seed, "trip", customer.number, period)
    if rng.random() > _TRIP_CHANCE:
        return Whereabouts(customer.city)
    leaves = rng.randint(2, _TRIP_PERIOD_DAYS - 12)
    returns = leaves + rng.randint(3, 8)
    other = rng.choice([city for city in (*HOLIDAY_CITIES, *HOME_CITIES) if city is not customer.city])
    if offset in (leaves, returns):
        return Whereabouts(customer.city, is_travelling=True)
    return Whereabouts(other if leaves < offset < returns else customer.city)


def day_of(bank: Bank, customer: Customer, day: date) -> Iterator[DemoPayment]:
    """Everything a customer does on a day, in no order."""
    rng = randomness(bank.seed, "day", customer.number, day.toordinal())
    where = whereabouts(bank, customer, day)
    yield from _fixtures(bank, customer, day)
    busy = customer.payments_per_day * (_WEEKEND if day.isoweekday() > 5 else 1)
    for _ in range(_poisson(rng, busy)):
        yield one_of_day(rng, bank, customer, where, day)


def one_of_day(rng: Random, bank: Bank, customer: Customer, where: Whereabouts, day: date) -> DemoPayment:
    """One thing a customer decides to do on a day."""
    choice = rng.random()
    if choice < _FRIENDS and (friend := friend_number(rng, customer.number, bank.people)) is not None:
        return _transfer(rng, customer, bank.customer(friend).account_id, where, day)
    if where.is_travelling or choice < _FRIENDS + _ONLINE:
        return _online(rng, bank.market, customer, where, day)
    if choice < _FRIENDS + _ONLINE + _CASH:
        return _withdrawal(rng, customer, where, day)
    return _in_town(rng, bank.market, customer, where, day)


def request_of(customer: Customer, transaction_type: TransactionType, **fields: Any) -> PaymentRequest:
    return PaymentRequest(
        account_id=customer.account_id, currency=customer.currency, transaction_type=transaction_type, **fields
    )


def top_up(customer: Customer, amount_minor: int, at: datetime) -> PaymentRequest:
    return request_of(customer, TransactionType.TOP_UP, amount_minor=amount_minor, occurred_at=at, channel="other")


def merchant_fields(merchant: Merchant) -> dict[str, str]:
    return {
        "merchant_id": merchant.id,
        "merchant_name": merchant.name,
        "merchant_category": merchant.kind.code,
        "merchant_country": merchant.country,
    }


def card_fields(customer: Customer) -> dict[str, str]:
    return {"card_token": customer.card_token, "card_bin": customer.card_bin, "card_last4": customer.card_last4}


def device_fields(customer: Customer) -> dict[str, str]:
    return {
        "device_id": customer.device_id,
        "ip_address": customer.ip_address,
        "user_agent": customer.user_agent,
    }


def spot_fields(rng: Random, city: City) -> dict[str, Any]:
    latitude, longitude = city.spot(rng)
    return {
        "location_country": city.country,
        "location_city": city.name,
        "latitude": latitude,
        "longitude": longitude,
    }


def at_hour(day: date, hour: float, zone: str) -> datetime:
    """The moment of a local hour such as 17.5, in UTC; from 24 on it is the next day."""
    wall = datetime.combine(day, time()) + timedelta(seconds=round(hour * 3600))
    return wall.replace(tzinfo=ZoneInfo(zone)).astimezone(UTC)


def shop_in(rng: Random, market: Market, city: City) -> Merchant:
    shops = market.by_city[city.name]
    return rng.choices(shops, [shop.kind.weight for shop in shops])[0]


def purchase_in_town(rng: Random, customer: Customer, shop: Merchant, city: City, at: datetime) -> DemoPayment:
    """With the card, in a shop of the city."""
    request = request_of(
        customer,
        TransactionType.PURCHASE,
        amount_minor=_price(rng, customer, shop),
        occurred_at=at,
        channel="pos",
        **merchant_fields(shop),
        **card_fields(customer),
        **spot_fields(rng, city),
    )
    return DemoPayment(request)


def _in_town(rng: Random, market: Market, customer: Customer, where: Whereabouts, day: date) -> DemoPayment:
    shop = shop_in(rng, market, where.city)
    at = _moment(rng, day, shop.kind.part_of_day, where.city.zone)
    return purchase_in_town(rng, customer, shop, where.city, at)


def _online(rng: Random, market: Market, customer: Customer, where: Whereabouts, day: date) -> DemoPayment:
    shop = rng.choices(market.online, [shop.kind.weight for shop in market.online])[0]
    request = request_of(
        customer,
        TransactionType.PURCHASE,
        amount_minor=_price(rng, customer, shop),
        occurred_at=_moment(rng, day, shop.kind.part_of_day, where.city.zone),
        channel="ecommerce",
        location_country=where.city.country,
        location_city=where.city.name,
        **merchant_fields(shop),
        **card_fields(customer),
        **device_fields(customer),
    )
    return DemoPayment(request)


def _withdrawal(rng: Random, customer: Customer, where: Whereabouts, day: date) -> DemoPayment:
    request = request_of(
        customer,
        TransactionType.WITHDRAWAL,
        amount_minor=round_sum_minor(rng, 1000 * customer.level, customer.currency),
        occurred_at=_moment(rng, day, DAYTIME, where.city.zone),
        channel="atm",
        **card_fields(customer),
        **spot_fields(rng, where.city),
    )
    return DemoPayment(request)


def _transfer(rng: Random, customer: Customer, friend_id: str, where: Whereabouts, day: date) -> DemoPayment:
    request = request_of(
        customer,
        TransactionType.TRANSFER,
        amount_minor=round_sum_minor(rng, 900 * customer.level, customer.currency),
        occurred_at=_moment(rng, day, ANYTIME, where.city.zone),
        channel="mobile",
        counterparty_account_id=friend_id,
        **device_fields(customer),
    )
    return DemoPayment(request)


def _fixtures(bank: Bank, customer: Customer, day: date) -> Iterator[DemoPayment]:
    """Salary and subscriptions, on their days of the month."""
    zone = customer.city.zone
    if day.day == customer.salary_day:
        at = at_hour(day, 9 + customer.number % 50 / 60, zone)
        yield DemoPayment(top_up(customer, customer.salary_minor, at))
    for place, merchant in enumerate(bank.market.subscriptions):
        if (customer.number + place) % 3 == 0 and day.day == (customer.number * 7 + place * 5) % 28 + 1:
            fee = minor_of(merchant.kind.rupees, customer.currency)
            request = request_of(
                customer,
                TransactionType.PURCHASE,
                amount_minor=fee,
                occurred_at=at_hour(day, 6.5 + place / 3, zone),
                channel="recurring",
                **merchant_fields(merchant),
                **card_fields(customer),
            )
            yield DemoPayment(request)


def _price(rng: Random, customer: Customer, shop: Merchant) -> int:
    return price_minor(rng, shop.kind.rupees * customer.level, shop.kind.spread, customer.currency)


def _moment(rng: Random, day: date, part_of_day: str, zone: str) -> datetime:
    return at_hour(day, rng.triangular(*_HOURS[part_of_day]), zone)


def _poisson(rng: Random, mean: float) -> int:
    """Source: Knuth, The Art of Computer Programming, vol. 2, 3.4.1."""
    limit, count, product = math.exp(-mean), 0, rng.random()
    while product > limit:
        count += 1
        product *= rng.random()
    return count
