"""The fields that catalogue version 2 brought: more of the account, and what the whole bank knows of cards, devices,
IP addresses and merchants.
"""

from sentinel.core.fields.types import Field, FieldType

_M, _W, _N, _F = FieldType.MONEY, FieldType.WHOLE, FieldType.NUMBER, FieldType.FLAG
_NO_PAYMENT = "no payment in the window"
_EXAMPLES = {_M: "5,000 INR", _W: "5", _N: "3"}


def _new(name: str, kind: FieldType, group: str, words: str, unit: str = "", missing: str = "") -> Field:
    return Field(name, kind, group, words, unit=unit, missing=missing, example=_EXAMPLES.get(kind, ""), since=2)


def _flag(name: str, what: str, named: str, days: int = 90) -> Field:
    words = f"the {what} is new to the account (not seen for {days} days)"
    return _new(name, _F, "History", words, missing=f"the payment names no {named}")


def _entity_fields(
    prefix: str, group: str, the: str, distinct: tuple[tuple[str, str, str], ...]
) -> tuple[Field, ...]:
    """What is known of a card, device, IP address or merchant over the whole bank; this payment is not counted.

    In the order of EntityState.values. `distinct` are three of what it was used with, over three windows: its field's
    name, the words, the unit.
    """
    unknown = f"the payment names no {the.removeprefix('the ')} or is backdated"

    def field(name: str, kind: FieldType, words: str, unit: str = "", also: str = "") -> Field:
        missing = f"{unknown}; {also}" if also else unknown
        return _new(f"{prefix}_{name}", kind, group, words, unit, missing)

    own_currency = "in the payment's currency"
    return (
        field("payments_1m", _W, f"{the}'s payments in the last minute", "payments"),
        field("payments_1h", _W, f"{the}'s payments in the last hour", "payments"),
        field("payments_24h", _W, f"{the}'s payments in the last 24 hours", "payments"),
        field("payments_30d", _W, f"{the}'s payments in the last 30 days", "payments"),
        field("amount_24h", _M, f"the sum of {the}'s payments {own_currency} in the last 24 hours"),
        field(
            "amount_average_30d",
            _M,
            f"the average of {the}'s payments {own_currency} in the last 30 days",
            also=_NO_PAYMENT,
        ),
        field(
            "amount_max_30d",
            _M,
            f"the largest of {the}'s payments {own_currency} in the last 30 days",
            also=_NO_PAYMENT,
        ),
        *(field(name, _W, words, unit) for name, words, unit in distinct),
        field("age_days", _N, f"the time since {the} was first seen, 30 days at most", "days"),
        _new(
            f"confirmed_frauds_of_{prefix}_90d",
            _W,
            "Labels",
            f"{the}'s payments that were confirmed as fraud in the last 90 days",
            "payments",
            unknown,
        ),
    )


def _text(name: str, group: str, words: str, missing: str, example: str) -> Field:
    return Field(name, FieldType.TEXT, group, words, missing=missing, example=example, packed=False, since=2)


VERSION_2: tuple[Field, ...] = (
    # -- velocity of the account; this payment is not counted
    _new("payments_1m", _W, "Velocity", "the account's payments in the last minute", "payments"),
    _new("payments_10m", _W, "Velocity", "the account's payments in the last 10 minutes", "payments"),
    _new("amount_10m", _M, "Velocity", "the sum the account paid in the last 10 minutes"),
    _new("amount_30d", _M, "Velocity", "the sum the account paid in the last 30 days"),
    _new(
        "amount_average_24h",
        _M,
        "Velocity",
        "the average of the account's payments in the last 24 hours",
        missing=_NO_PAYMENT,
    ),
    _new(
        "amount_average_7d",
        _M,
        "Velocity",
        "the average of the account's payments in the last 7 days",
        missing=_NO_PAYMENT,
    ),
    _new(
        "amount_max_24h",
        _M,
        "Velocity",
        "the largest of the account's payments in the last 24 hours",
        missing=_NO_PAYMENT,
    ),
    _new(
        "amount_max_30d",
        _M,
        "Velocity",
        "the largest of the account's payments in the last 30 days",
        missing=_NO_PAYMENT,
    ),
    _new(
        "amount_vs_largest_30d",
        _N,
        "History",
        "the amount as a multiple of the largest amount of 30 days",
        "times",
        _NO_PAYMENT,
    ),
    _new("merchants_30d", _W, "Velocity", "different merchants in the last 30 days", "merchants"),
    _new("devices_24h", _W, "Velocity", "the account's different devices in the last 24 hours", "devices"),
    _new(
        "ip_addresses_24h", _W, "Velocity", "the account's different IP addresses in the last 24 hours", "addresses"
    ),
    _new("cards_24h", _W, "Velocity", "the account's different cards in the last 24 hours", "cards"),
    _new("countries_24h", _W, "Velocity", "the account's different countries in the last 24 hours", "countries"),
    _new("counterparties_24h", _W, "Velocity", "different receiving accounts in the last 24 hours", "accounts"),
    _flag("device_is_new", "device", "device"),
    _flag("ip_is_new", "IP address", "IP address"),
    _flag("card_is_new", "card", "card"),
    _flag("country_is_new", "country", "country"),
    _flag("counterparty_is_new", "receiving account", "receiving account"),
    # -- what the whole bank knows of the card, the device, the IP address and the merchant
    *_entity_fields(
        "card",
        "Card",
        "the card",
        (
            ("merchants_1h", "the card's different merchants in the last hour", "merchants"),
            ("merchants_24h", "the card's different merchants in the last 24 hours", "merchants"),
            ("accounts_30d", "the card's different accounts in the last 30 days", "accounts"),
        ),
    ),
    *_entity_fields(
        "device",
        "Device",
        "the device",
        (
            ("accounts_24h", "the device's different accounts in the last 24 hours", "accounts"),
            ("accounts_30d", "the device's different accounts in the last 30 days", "accounts"),
            ("cards_24h", "the device's different cards in the last 24 hours", "cards"),
        ),
    ),
    *_entity_fields(
        "ip",
        "IP address",
        "the IP address",
        (
            ("accounts_1h", "the IP address's different accounts in the last hour", "accounts"),
            ("accounts_24h", "the IP address's different accounts in the last 24 hours", "accounts"),
            ("cards_1h", "the IP address's different cards in the last hour", "cards"),
        ),
    ),
    *_entity_fields(
        "merchant",
        "Merchant",
        "the merchant",
        (
            ("accounts_1h", "the merchant's different accounts in the last hour", "accounts"),
            ("accounts_24h", "the merchant's different accounts in the last 24 hours", "accounts"),
            ("cards_1h", "the merchant's different cards in the last hour", "cards"),
        ),
    ),
    _new(
        "amount_vs_merchant_average_30d",
        _N,
        "Merchant",
        "the amount as a multiple of the merchant's average of 30 days",
        "times",
        "the merchant's average is missing",
    ),
    _new(
        "confirmed_frauds_of_account_90d",
        _W,
        "Labels",
        "the account's payments that were confirmed as fraud in the last 90 days",
        "payments",
        "the bank's history is being read",
    ),
    # -- more of the payment as it was sent
    _text(
        "email_domain",
        "Transaction",
        "the domain of the e-mail address",
        'the gateway sent no e-mail address as "email" in the metadata',
        "example.com",
    ),
    _text("user_agent", "Device", "the user agent", "the gateway did not send it", "Mozilla/5.0"),
)
