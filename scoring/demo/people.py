"""Customers of the demo bank. A customer is made of a seed and a number alone, so any number of them exists."""

import unicodedata
from dataclasses import dataclass
from functools import lru_cache
from random import Random

from scoring.demo.places import City, cities_of
from scoring.demo.prices import minor_of, round_sum_minor
from scoring.demo.randomness import randomness

# Of each twenty customers, in the order of their numbers; the first two are Alice and Bob.
_HOMES = ("IN",) * 6 + ("DE", "IN", "US", "IN", "GB", "IN", "JP", "IN", "FR", "IN", "IN", "BH", "US", "IN")
ROUND = len(_HOMES)
_CIRCLE = 10 * ROUND
CURRENCY_OF = {"IN": "INR", "DE": "EUR", "FR": "EUR", "US": "USD", "GB": "GBP", "JP": "JPY", "BH": "BHD"}

_NAMES = {
    "IN": (
        "Aarav Priya Rohan Ananya Vikram Meera Arjun Kavya Rahul Isha Karan Nisha Sanjay Divya Amit Pooja".split(),
        "Sharma Patel Iyer Reddy Khan Nair Gupta Singh Das Joshi Menon Bose Rao Mehta Pillai Chopra".split(),
    ),
    "DE": ("Lena Jonas Mia Felix Clara Emil".split(), "Vogel Krüger Weiß Brandt Hoffmann Seidel".split()),
    "FR": ("Camille Hugo Léa Louis Chloé Jules".split(), "Moreau Lefèvre Girard Roux Fontaine Mercier".split()),
    "US": ("Emma Noah Olivia Liam Ava Mason".split(), "Carter Nguyen Brooks Ramirez Hayes Coleman".split()),
    "GB": ("Amelia Oliver Isla George Freya Harry".split(), "Bennett Clarke Hughes Patel Shaw Turner".split()),
    "JP": ("Yui Haruto Sakura Ren Aoi Sota".split(), "Tanaka Suzuki Yamamoto Kobayashi Mori Ito".split()),
    "BH": ("Fatima Yusuf Maryam Ali Noor Hasan".split(), "Al-Khalifa Haddad Mansoor Jaber Saleh Darwish".split()),
}
_FIRST_TWO = ("Alice", "Bob")
_BINS = ("411111", "453201", "510510", "545454", "652150", "360012")
_AGENTS = (
    "Mozilla/5.0 (Linux; Android 14; Pixel 8) Mobile Chrome",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 17 like Mac OS X) Mobile Safari",
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) Firefox",
    "Mozilla/5.0 (Macintosh; Intel Mac OS X) Safari",
)
_USUAL_SALARY_RUPEES = 85_000
SCARCE_SHARE = 0.15  # of a salary: with less than that on the account it is topped up


@dataclass(frozen=True, slots=True)
class Customer:
    """One account holder with one account, card and phone. Money in minor units of `currency`."""

    number: int
    account_id: str
    name: str
    currency: str
    city: City
    level: float  # of spending; 1 is usual
    payments_per_day: float
    salary_day: int
    salary_minor: int
    opening_balance_minor: int
    daily_limit_minor: int | None
    floor_minor: int | None
    risk: str
    card_token: str
    card_bin: str
    card_last4: str
    device_id: str
    ip_address: str
    user_agent: str

    @property
    def scarce_minor(self) -> int:
        return round(self.salary_minor * SCARCE_SHARE)


@lru_cache(maxsize=4096)
def customer_make(seed: int, number: int) -> Customer:
    rng = randomness(seed, "customer", number)
    country = _HOMES[number % ROUND]
    currency = CURRENCY_OF[country]
    level = rng.choice((0.6, 0.8, 1.0, 1.0, 1.2, 1.5, 2.0))
    salary_minor = round_salary(level, currency)
    name, account_id = _name(rng, country, number)
    return Customer(
        number=number,
        account_id=account_id,
        name=name,
        currency=currency,
        city=rng.choice(cities_of(country)),
        level=level,
        payments_per_day=rng.choice((0.6, 0.8, 1.0, 1.2, 1.6, 2.2)),
        salary_day=rng.choice((1, 1, 1, 5, 25, 28)),
        salary_minor=salary_minor,
        opening_balance_minor=salary_minor * (8 if number == 0 else rng.choice((1, 1, 2, 2, 3))),
        daily_limit_minor=salary_minor if number % 6 == 1 else None,
        floor_minor=-salary_minor // 2 if number % 9 == 4 else None,
        risk=rng.choice(("low", "normal", "normal", "normal", "normal", "high")) if number > 1 else "normal",
        card_token=f"tok_{rng.getrandbits(32):08x}",
        card_bin=rng.choice(_BINS),
        card_last4=f"{rng.randrange(10_000):04d}",
        device_id=f"dev_{rng.getrandbits(32):08x}",
        ip_address=home_address(rng),
        user_agent=rng.choice(_AGENTS),
    )


def friend_number(rng: Random, number: int, people: int) -> int | None:
    """Somebody of the customer's circle, who has an account in the same currency; None when nobody is."""
    first = number % ROUND + number // _CIRCLE * _CIRCLE
    others = [other for other in range(first, min(first + _CIRCLE, people), ROUND) if other != number]
    if number < 2 <= people:
        others.append(1 - number)  # Alice and Bob know each other
    return rng.choice(others) if others else None


def home_address(rng: Random) -> str:
    """An address of the ranges kept for documentation (RFC 5737); those of TEST-NET-1 are left to fraudsters."""
    return f"{rng.choice(('198.51.100', '203.0.113'))}.{rng.randint(1, 254)}"


def round_salary(level: float, currency: str) -> int:
    """About one figure and zeros, as salaries are."""
    minor = minor_of(_USUAL_SALARY_RUPEES * level, currency)
    step: int = 10 ** (len(str(minor)) - 2)
    return round(minor / step) * step


def top_up_minor(rng: Random, customer: Customer) -> int:
    return max(customer.salary_minor // 4, round_sum_minor(rng, 20_000 * customer.level, customer.currency))


def customer_number(account_id: str) -> int:
    """The number in an account id that customer_make gave."""
    word = account_id.rpartition("_")[2]
    return _FIRST_TWO.index(word.capitalize()) if word.capitalize() in _FIRST_TWO else int(word)


def _name(rng: Random, country: str, number: int) -> tuple[str, str]:
    first_names, last_names = _NAMES[country]
    first, last = rng.choice(first_names), rng.choice(last_names)
    if number < 2:
        first = _FIRST_TWO[number]
        return f"{first} {last}", f"acc_{first.lower()}"
    plain = unicodedata.normalize("NFKD", first).encode("ascii", "ignore").decode().lower()
    return f"{first} {last}", f"acc_{plain}_{number}"
