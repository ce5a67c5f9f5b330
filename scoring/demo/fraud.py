"""What thieves do, as it is seen from the bank: each pattern tells one incident against one victim."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random

from ledger.domain.payments import TransactionType
from scoring.demo.behaviour import (
    Bank,
    DemoPayment,
    card_fields,
    merchant_fields,
    purchase_in_town,
    request_of,
    shop_in,
    spot_fields,
)
from scoring.demo.merchants import Merchant
from scoring.demo.people import Customer
from scoring.demo.places import FAR_CITIES
from scoring.demo.prices import minor_of, price_minor

_MULE_TRIES = 200
USUAL_RUPEES = 750  # what an ordinary payment of the demo bank comes to
_THIEF_COUNTRIES = ("NG", "RO", "BR", "PH")
_ANY_HOUR, _NIGHT = (8.0, 22.0), (0.3, 4.0)

Incident = Iterator[DemoPayment]


@dataclass(frozen=True, slots=True)
class Pattern:
    """`hours` of the victim's day at which it begins; `weight` how often it happens; None: any currency."""

    name: str
    play: Callable[[Random, Bank, Customer, datetime], Incident]
    weight: int
    hours: tuple[float, float] = _ANY_HOUR
    currency: str | None = None


@dataclass(frozen=True, slots=True)
class _Thief:
    """Somebody's device; thieves use the documentation addresses of TEST-NET-1."""

    device: dict[str, str]
    country: str

    @classmethod
    def appears(cls, rng: Random) -> "_Thief":
        device = {
            "device_id": f"dev_{rng.getrandbits(32):08x}",
            "ip_address": f"192.0.2.{rng.randint(1, 254)}",
            "user_agent": "Mozilla/5.0 (X11; Linux x86_64) Firefox",
        }
        return cls(device, rng.choice(_THIEF_COUNTRIES))


def card_testing(rng: Random, bank: Bank, victim: Customer, at: datetime) -> Incident:
    """Many tiny payments to see whether the card still works, then a large one."""
    thief = _Thief.appears(rng)
    for _ in range(rng.randint(9, 13)):
        yield _stolen_card(rng, bank, victim, at, thief, rng.uniform(5, 90), "card_testing")
        at += timedelta(seconds=rng.randint(15, 70))
    large = USUAL_RUPEES * victim.level * rng.uniform(3, 8)
    yield _stolen_card(rng, bank, victim, at + timedelta(minutes=3), thief, large, "card_testing")


def account_takeover(rng: Random, bank: Bank, victim: Customer, at: datetime) -> Incident:
    """At night somebody shops for five to fourteen times the usual amounts, where the customer has never been."""
    thief = _Thief.appears(rng)
    for _ in range(rng.randint(2, 4)):
        rupees = USUAL_RUPEES * victim.level * rng.uniform(5, 14)
        yield _stolen_card(rng, bank, victim, at, thief, rupees, "account_takeover", is_hidden=True)
        at += timedelta(minutes=rng.randint(4, 25))


def impossible_travel(rng: Random, bank: Bank, victim: Customer, at: datetime) -> Incident:
    """The customer pays in town; within the hour a copy of the card pays on another continent."""
    yield purchase_in_town(rng, victim, shop_in(rng, bank.market, victim.city), victim.city, at)
    city = rng.choice(FAR_CITIES)
    for minutes in sorted(rng.sample(range(18, 60), rng.randint(1, 2))):
        shop = rng.choice(bank.market.by_city[city.name])
        rupees = shop.kind.rupees * rng.uniform(0.5, 1.2)
        request = request_of(
            victim,
            TransactionType.PURCHASE,
            amount_minor=price_minor(rng, rupees, shop.kind.spread, victim.currency),
            occurred_at=at + timedelta(minutes=minutes),
            channel="pos",
            **merchant_fields(shop),
            **card_fields(victim),
            **spot_fields(rng, city),
        )
        yield DemoPayment(request, "impossible_travel")


def foreign_high(rng: Random, bank: Bank, victim: Customer, at: datetime) -> Incident:
    """One expensive purchase online, from abroad."""
    rupees = rng.uniform(6_000, 22_000)
    yield _stolen_card(rng, bank, victim, at, _Thief.appears(rng), rupees, "foreign_high")


def drained_account(rng: Random, bank: Bank, victim: Customer, at: datetime) -> Incident:
    """The money is sent away in a few large transfers, from a phone nobody knows."""
    thief, mule = _Thief.appears(rng), _mule(rng, bank, victim)
    if mule is None:
        return
    for _ in range(rng.randint(2, 3)):
        request = request_of(
            victim,
            TransactionType.TRANSFER,
            amount_minor=round(victim.salary_minor * rng.uniform(0.3, 0.7)),
            occurred_at=at,
            channel="mobile",
            counterparty_account_id=mule.account_id,
            **thief.device,
        )
        yield DemoPayment(request, "drained_account")
        at += timedelta(minutes=rng.randint(2, 9))


def _mule(rng: Random, bank: Bank, victim: Customer) -> Customer | None:
    """Somebody who lends the thief an account in the victim's currency; never Alice."""
    for _ in range(_MULE_TRIES):
        mule = bank.customer(rng.randrange(1, bank.people))
        if mule.currency == victim.currency and mule.number != victim.number:
            return mule
    return None


PATTERNS: tuple[Pattern, ...] = (
    Pattern("card_testing", card_testing, 3),
    Pattern("account_takeover", account_takeover, 6, hours=_NIGHT),
    Pattern("impossible_travel", impossible_travel, 5),
    Pattern("foreign_high", foreign_high, 6, currency="INR"),
    Pattern("drained_account", drained_account, 4, hours=(8.0, 24.0), currency="INR"),
)


def _stolen_card(
    rng: Random,
    bank: Bank,
    victim: Customer,
    at: datetime,
    thief: _Thief,
    rupees: float,
    pattern: str,
    *,
    is_hidden: bool = False,
) -> DemoPayment:
    """A purchase online; a hidden thief seems to sit in the victim's country."""
    shop: Merchant = rng.choice(bank.market.shady)
    request = request_of(
        victim,
        TransactionType.PURCHASE,
        amount_minor=minor_of(rupees, victim.currency),
        occurred_at=at,
        channel="ecommerce",
        location_country=victim.city.country if is_hidden else thief.country,
        **merchant_fields(shop),
        **card_fields(victim),
        **thief.device,
    )
    return DemoPayment(request, pattern)
