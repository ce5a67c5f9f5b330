"""The fields of catalogue version 1: the payment, its account, time, travel, velocity of the account, scores."""

from sentinel.core.fields.types import ACCOUNT_RISKS, CHANNELS, TRANSACTION_TYPES, Field, FieldType

_M, _W, _N, _F = FieldType.MONEY, FieldType.WHOLE, FieldType.NUMBER, FieldType.FLAG
_NOT_SENT = "the gateway did not send it"
_FIRST = "the account's first payment"
_NO_HISTORY = "fewer than two payments in the window, or all of them equal"
_NO_PLACE = "this or every earlier payment of the last 30 days has no coordinates"


def _text(name: str, group: str, words: str, missing: str = _NOT_SENT, example: str = "") -> Field:
    return Field(name, FieldType.TEXT, group, words, missing=missing, example=example, packed=False)


VERSION_1: tuple[Field, ...] = (
    # -- the payment as it was sent
    Field("amount", _M, "Transaction", "the amount", example="5,000 INR"),
    Field("currency", FieldType.CURRENCY, "Transaction", "the currency", example="INR"),
    Field(
        "transaction_type",
        FieldType.CHOICE,
        "Transaction",
        "the transaction type",
        example="purchase",
        choices=TRANSACTION_TYPES,
    ),
    Field(
        "channel",
        FieldType.CHOICE,
        "Transaction",
        "the channel",
        missing=_NOT_SENT,
        example="ecommerce",
        choices=CHANNELS,
    ),
    _text("merchant_id", "Merchant", "the merchant", example="m_17"),
    _text("merchant_name", "Merchant", "the merchant's name", example="Corner Books"),
    Field(
        "merchant_category",
        FieldType.CATEGORY,
        "Merchant",
        "the merchant category",
        missing=_NOT_SENT,
        example="5732",
    ),
    Field(
        "merchant_country",
        FieldType.COUNTRY,
        "Merchant",
        "the merchant's country",
        missing=_NOT_SENT,
        example="IN",
    ),
    _text("card_bin", "Card", "the card's BIN", example="411111"),
    _text("card_token", "Card", "the card", example="tok_9f"),
    _text("device_id", "Device", "the device", example="dev_31"),
    _text("ip_address", "Device", "the IP address", example="203.0.113.9"),
    Field(
        "location_country",
        FieldType.COUNTRY,
        "Location",
        "the country",
        missing=_NOT_SENT,
        example="FR",
    ),
    _text("location_city", "Location", "the city", example="Paris"),
    _text("counterparty_account_id", "Transaction", "the receiving account", example="acc_bob"),
    # -- the account
    _text("account_id", "Account", "the account", missing="never", example="acc_alice"),
    Field("home_country", FieldType.COUNTRY, "Account", "the account's home country", example="IN"),
    Field(
        "account_risk",
        FieldType.CHOICE,
        "Account",
        "the account's risk level",
        example="high",
        choices=ACCOUNT_RISKS,
    ),
    Field("account_age_days", _N, "Account", "the age of the account", unit="days"),
    # -- time, in the account's home zone
    Field("hour", _W, "Time", "the hour of day at home", unit="0 to 23"),
    Field("weekday", _W, "Time", "the day of the week at home", unit="1 Monday to 7 Sunday"),
    Field("is_night", _F, "Time", "the payment is made at night at home (23:00 to 05:59)"),
    # -- velocity of the account; this payment is not counted
    Field("payments_1h", _W, "Velocity", "the account's payments in the last hour", unit="payments"),
    Field("payments_24h", _W, "Velocity", "the account's payments in the last 24 hours", unit="payments"),
    Field("payments_7d", _W, "Velocity", "the account's payments in the last 7 days", unit="payments"),
    Field("amount_1h", _M, "Velocity", "the sum the account paid in the last hour"),
    Field("amount_24h", _M, "Velocity", "the sum the account paid in the last 24 hours"),
    Field("amount_7d", _M, "Velocity", "the sum the account paid in the last 7 days"),
    Field("merchants_1h", _W, "Velocity", "different merchants in the last hour", unit="merchants"),
    Field("merchants_24h", _W, "Velocity", "different merchants in the last 24 hours", unit="merchants"),
    Field("merchants_7d", _W, "Velocity", "different merchants in the last 7 days", unit="merchants"),
    # -- against the account's own history
    Field("payments_30d", _W, "History", "the account's payments in the last 30 days", unit="payments"),
    Field(
        "history_days",
        _N,
        "History",
        "the days that the account's payments of the last 30 days reach back",
        unit="days",
        missing="no payment in the window",
    ),
    Field(
        "usual_amount_30d",
        _M,
        "History",
        "the account's usual amount (mean of 30 days)",
        missing="no payment in the window",
    ),
    Field(
        "amount_vs_usual_30d",
        _N,
        "History",
        "the amount as a multiple of the usual amount",
        unit="times",
        missing="no payment in the window",
        example="12",
    ),
    Field(
        "amount_deviation_30d",
        _N,
        "History",
        "how far the amount is from the usual amount",
        unit="standard deviations",
        missing=_NO_HISTORY,
    ),
    Field(
        "seconds_since_last",
        _N,
        "History",
        "the time since the account's last payment",
        unit="seconds",
        missing=_FIRST,
    ),
    Field(
        "merchant_is_new",
        _F,
        "History",
        "the merchant is new to the account (not seen for 90 days)",
        missing="the payment names no merchant",
    ),
    # -- travel since the account's previous located payment
    Field(
        "distance_km",
        _N,
        "Travel",
        "the distance from the previous payment's place",
        unit="km",
        missing=_NO_PLACE,
    ),
    Field(
        "speed_kmh",
        _N,
        "Travel",
        "the travel speed since the previous payment",
        unit="km/h",
        missing=_NO_PLACE,
    ),
    # -- the model's answer: rules that use these run in the second pass
    Field(
        "fraud_probability",
        _N,
        "Score",
        "the fraud probability",
        unit="0 to 1",
        missing="the model in use is not a supervised one, or no model answered",
        packed=False,
        after_model=True,
    ),
    Field(
        "score_percentile",
        _N,
        "Score",
        "the score percentile",
        unit="0 to 1",
        missing="no model answered",
        packed=False,
        after_model=True,
    ),
)
