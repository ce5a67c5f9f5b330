"""Believable payments as pieces of JSON: what the load is made of. Standard library only.

Each account has a home city, a card, a device and a few merchants it keeps going back to; one payment in a hundred
is made abroad. A payment is kept as bytes without key and moment, which are put in when it is sent.
"""

import json
from random import Random

PAYMENTS_PER_ACCOUNT = 4
_MERCHANTS, _FAVOURITES = 400, 6
_ABROAD = 0.01
# Name, latitude, longitude.
_CITIES = (
    ("Mumbai", 19.08, 72.88), ("Delhi", 28.61, 77.21), ("Bengaluru", 12.97, 77.59), ("Hyderabad", 17.39, 78.49),
    ("Chennai", 13.08, 80.27), ("Kolkata", 22.57, 88.36), ("Pune", 18.52, 73.86),
)  # fmt: skip
_CATEGORIES = ("5411", "5732", "5812", "5942", "5999", "4121", "7832", "5541")
_CHANNELS = ("ecommerce", "pos", "mobile")
_AGENT = "Mozilla/5.0 (Linux; Android 15; Pixel 9) AppleWebKit/537.36"


def account_ids(prefix: str, count: int) -> list[str]:
    """All of one length, so that none is the beginning of another."""
    return [f"{prefix}{number:06d}" for number in range(count)]


def payments_of(account_id: str) -> list[bytes]:
    """The account's payments, the same at each call: JSON objects without their opening brace."""
    chance = Random(account_id)
    usual_amount = chance.lognormvariate(6.5, 0.6)
    merchants = [chance.randrange(_MERCHANTS) for _ in range(_FAVOURITES)]
    return [
        _payment(account_id, chance, usual_amount, merchants[number % _FAVOURITES])
        for number in range(PAYMENTS_PER_ACCOUNT)
    ]


def _payment(account_id: str, chance: Random, usual_amount: float, merchant: int) -> bytes:
    name = account_id[-6:]
    city, latitude, longitude = _CITIES[int(name) % len(_CITIES)]
    country = "IN"
    if chance.random() < _ABROAD:
        city, latitude, longitude, country = "Paris", 48.86, 2.35, "FR"
    body = {
        "account_id": account_id,
        "amount": f"{usual_amount * chance.lognormvariate(0, 0.35) + 1:.2f}",
        "currency": "INR",
        "transaction_type": "purchase",
        "channel": chance.choice(_CHANNELS),
        "merchant": {
            "id": f"m_{merchant}",
            "name": f"Shop {merchant}",
            "category_code": _CATEGORIES[merchant % len(_CATEGORIES)],
            "country": country,
        },
        "card": {"token": f"tok_{account_id}", "bin": "411111", "last4": name[-4:]},
        "device": {"id": f"dev_{account_id}", "ip": f"203.0.113.{int(name) % 250}", "user_agent": _AGENT},
        "location": {
            "country": country,
            "city": city,
            "latitude": round(latitude + chance.uniform(-0.05, 0.05), 4),
            "longitude": round(longitude + chance.uniform(-0.05, 0.05), 4),
        },
    }
    return json.dumps(body, separators=(",", ":")).encode()[1:]
