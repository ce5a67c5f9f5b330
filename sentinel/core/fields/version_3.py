"""The fields that catalogue version 3 brought: high payments of the account, and known fraud at the merchant.

A payment's outcome is known when somebody called it fraud, or when it was made seven days ago or earlier, to a
quarter of a day (UTC). A fraud is ordinary when its amount was less than twice the account's usual one, or the
account had fewer than three payments in 30 days: then it was not the amount that gave it away, and the merchant's
terminal may be compromised.
"""

from sentinel.core.fields.types import Field, FieldType

_W, _N = FieldType.WHOLE, FieldType.NUMBER
_NO_MERCHANT = "the payment names no merchant or is backdated"
_NO_FRAUD = f"{_NO_MERCHANT}; no fraud known in the last 90 days"


def _high(window: str, words: str) -> Field:
    what = "the account's payments of more than three times its usual amount at their time"
    return Field(f"high_payments_{window}", _W, "History", f"{what} in the last {words}", "payments", since=3)


def _frauds(name: str, what: str, days: int) -> Field:
    words = f"the merchant's payments{what} that became known as fraud in the last {days} days"
    return Field(f"{name}_{days}d", _W, "Labels", words, "payments", missing=_NO_MERCHANT, since=3)


def _days(name: str, words: str) -> Field:
    return Field(name, _N, "Labels", words, "days", missing=_NO_FRAUD, since=3)


def _share(name: str, words: str) -> Field:
    return Field(
        name,
        _N,
        "Labels",
        f"the share of fraud among the merchant's payments of {words} whose outcome is known",
        "0 to 1",
        missing=f"{_NO_MERCHANT}; no such payment",
        example="0.2",
        since=3,
    )


VERSION_3: tuple[Field, ...] = (
    _high("24h", "24 hours"),
    _high("7d", "7 days"),
    _high("14d", "14 days"),
    *(_frauds("frauds_of_merchant", "", days) for days in (7, 14, 30)),
    *(_frauds("ordinary_frauds_of_merchant", " of an ordinary amount", days) for days in (14, 30)),
    _days("merchant_days_since_fraud", "the days since the merchant's last payment that is known as fraud"),
    _days(
        "merchant_days_since_ordinary_fraud",
        "the days since the merchant's last payment of an ordinary amount that is known as fraud",
    ),
    _days(
        "merchant_fraud_run_days",
        "the days since the first of the merchant's ordinary frauds of the last 35 days",
    ),
    Field(
        "merchant_payments_since_fraud",
        _W,
        "Labels",
        "the merchant's payments on later days than its last known fraud that proved to be none, of the last 30 days",
        "payments",
        missing=_NO_FRAUD,
        since=3,
    ),
    _share("merchant_fraud_rate_30d", "the last 30 days"),
    _share("merchant_fraud_rate_last_day", "the last day with payments"),
    _share("merchant_fraud_rate_last_3_days", "the last three days with payments"),
)
