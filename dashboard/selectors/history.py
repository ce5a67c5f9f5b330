"""The payments of an account around one of them: a bounded number, in one query."""

from dataclasses import fields
from datetime import timedelta
from typing import Any

from django.db import connection

from dashboard.domain.past import History, Past
from ledger.models import Transaction
from ledger.selectors.labels import labels_that_count

REACH = timedelta(days=90)
BEFORE_MAX, AFTER_MAX = 500, 10

_OF_ACCOUNT = "SELECT t.* FROM ledger_transaction t WHERE t.account_id = %(account_id)s"
# By the index on account and time: as many rows as are asked for, however many the account has.
_HISTORY = f"""
WITH chosen AS MATERIALIZED (
    ({_OF_ACCOUNT} AND t.occurred_at BETWEEN %(since)s AND %(at)s AND (t.occurred_at, t.id) <= (%(at)s, %(id)s)
        ORDER BY t.occurred_at DESC, t.id DESC LIMIT %(before)s)
    UNION ALL
    ({_OF_ACCOUNT} AND t.occurred_at >= %(at)s AND (t.occurred_at, t.id) > (%(at)s, %(id)s)
        ORDER BY t.occurred_at, t.id LIMIT %(after)s)
), label AS (
    {labels_that_count("transaction_id IN (SELECT id FROM chosen)")}
)
SELECT c.id, c.occurred_at, c.amount_minor, c.currency, c.transaction_type, c.channel, c.merchant_id, c.merchant_name,
    c.merchant_category, c.location_country, c.counterparty_account_id, p.card_token, p.device_id, p.location_city,
    p.latitude, p.longitude, d.outcome, label.is_fraud
FROM chosen c
JOIN ledger_decision d ON d.transaction_id = c.id AND d.account_id = c.account_id
LEFT JOIN ledger_personaldetail p ON p.transaction_id = c.id AND p.account_id = c.account_id
LEFT JOIN label ON label.transaction_id = c.id
ORDER BY c.occurred_at, c.id
"""  # noqa: S608 - our own words


def history_around(payment: Transaction) -> History:
    """The last 500 payments of the 90 days before it, and the next ten after it."""
    values: dict[str, Any] = {
        "account_id": payment.account_id,
        "id": payment.pk,
        "at": payment.occurred_at,
        "since": payment.occurred_at - REACH,
        "before": BEFORE_MAX + 1,  # this payment is the last of them
        "after": AFTER_MAX,
    }
    with connection.cursor() as cursor:
        cursor.execute(_HISTORY, values)
        found = [_past(row) for row in cursor.fetchall()]
    place = next(place for place, past in enumerate(found) if past.id == payment.pk)
    return History(found[:place], found[place], found[place + 1 :])


def _past(row: tuple[Any, ...]) -> Past:
    return Past(**dict(zip((field.name for field in fields(Past)), row, strict=True)))
