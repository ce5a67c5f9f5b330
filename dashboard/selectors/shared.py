"""Payments that share a card, device, IP address or merchant, over all accounts of the bank."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import connection

from dashboard.domain.ids import first_id
from ledger.selectors.labels import labels_that_count

KINDS = ("card_token", "device_id", "ip_address", "merchant_id")
PERSONAL_KINDS = KINDS[:3]
LOOKED_AT_MAX = 100
LINKED_ACCOUNTS_MAX = 20
ACCOUNT_SPAN = timedelta(days=90)
# So many payments of an account say which values are its own, and so many of these are followed.
OWN_PAYMENTS_MAX, OWN_VALUES_MAX, SHARING_EACH_MAX = 100, 20, 30
RECENT_MAX = 20_000


@dataclass(frozen=True, slots=True)
class Sharing:
    """One payment that shares a value. `is_fraud` is the label that counts."""

    kind: str
    id: UUID
    account_id: str
    amount_minor: int
    currency: str
    occurred_at: datetime
    with_whom: str
    is_fraud: bool | None


@dataclass(frozen=True, slots=True)
class LinkedAccount:
    """Another account that shares values of these kinds, with so many payments, and frauds known among them."""

    account_id: str
    kinds: list[str]
    payments: int
    frauds: int
    newest_at: datetime


# What facts have not been made of yet: a minute or two of payments, and of a longer time the newest.
_UNREAD = """coalesce((SELECT next_id FROM dashboard_factmark WHERE name = 'decisions'),
    '00000000-0000-0000-0000-000000000000'::uuid)"""
_RECENT = f"""
SELECT t.id AS transaction_id, t.account_id, t.livemode, t.merchant_id, p.card_token, p.device_id, p.ip_address,
    p.card_last4
FROM ledger_transaction t
LEFT JOIN ledger_personaldetail p ON p.transaction_id = t.id AND p.account_id = t.account_id
    AND p.transaction_id >= {_UNREAD}
WHERE t.id >= {_UNREAD} ORDER BY t.id DESC LIMIT {RECENT_MAX}
"""  # noqa: S608 - our own words


def _newest(kind: str) -> str:
    return f"""(
    SELECT '{kind}' AS kind, transaction_id, account_id FROM dashboard_sharedvalue
    WHERE value_hash = dashboard_value_hash('{kind}', %(livemode)s, %({kind})s)
        AND transaction_id BETWEEN %(first)s AND %(last)s AND transaction_id <> %(this)s
    ORDER BY transaction_id DESC LIMIT %(limit)s
) UNION ALL (
    SELECT '{kind}', transaction_id, account_id FROM recent
    WHERE {kind} = %({kind})s AND livemode = %(livemode)s AND transaction_id BETWEEN %(first)s AND %(last)s
        AND transaction_id <> %(this)s
    ORDER BY transaction_id DESC LIMIT %(limit)s
)"""  # noqa: S608 - our own words


_PAYMENTS = f"""
WITH recent AS MATERIALIZED ({_RECENT}), shared AS MATERIALIZED ({{shared}}), label AS ({{labels}})
SELECT s.kind, t.id, t.account_id, t.amount_minor, t.currency, t.occurred_at,
    coalesce(t.merchant_name, t.merchant_id, t.counterparty_account_id, ''), label.is_fraud
FROM shared s
JOIN ledger_transaction t ON t.id = s.transaction_id AND t.account_id = s.account_id
LEFT JOIN ledger_personaldetail p ON p.transaction_id = s.transaction_id AND p.account_id = s.account_id
LEFT JOIN label ON label.transaction_id = s.transaction_id
WHERE CASE s.kind {{compared}} END
ORDER BY s.kind, s.transaction_id DESC
"""  # noqa: S608 - our own words
_NAMED = f"""
WITH recent AS MATERIALIZED ({_RECENT})
SELECT found.transaction_id FROM (
    (SELECT s.transaction_id, s.account_id FROM dashboard_sharedvalue s
    WHERE s.value_hash IN (dashboard_value_hash(%(kind)s, true, %(value)s),
        dashboard_value_hash(%(kind)s, false, %(value)s))
    ORDER BY s.transaction_id DESC LIMIT %(limit)s)
    UNION ALL
    (SELECT transaction_id, account_id FROM recent WHERE {{kind}} = %(value)s
    ORDER BY transaction_id DESC LIMIT %(limit)s)
) found
JOIN ledger_personaldetail p ON p.transaction_id = found.transaction_id AND p.account_id = found.account_id
    AND p.{{kind}} = %(value)s
ORDER BY 1 DESC LIMIT %(limit)s
"""  # noqa: S608 - our own words
_COLUMNS = {kind: f"{'t' if kind == 'merchant_id' else 'p'}.{kind}" for kind in KINDS}

_LINKED = """
WITH own AS MATERIALIZED (
    SELECT id FROM ledger_transaction WHERE account_id = %(account)s AND occurred_at >= %(since)s
    ORDER BY occurred_at DESC LIMIT %(own_max)s
), named AS MATERIALIZED (
    SELECT told.kind, told.value
    FROM ledger_personaldetail p
    CROSS JOIN LATERAL (VALUES ('card_token', p.card_token), ('device_id', p.device_id), ('ip_address', p.ip_address))
        AS told (kind, value)
    WHERE p.transaction_id IN (SELECT id FROM own) AND p.account_id = %(account)s AND told.value IS NOT NULL
    GROUP BY 1, 2 ORDER BY max(p.transaction_id::text) DESC LIMIT %(values_max)s
), shared AS MATERIALIZED (
    SELECT n.kind, n.value, s.transaction_id, s.account_id
    FROM named n CROSS JOIN LATERAL (
        SELECT transaction_id, account_id FROM dashboard_sharedvalue
        WHERE value_hash = dashboard_value_hash(n.kind, %(livemode)s, n.value) AND transaction_id >= %(first)s
            AND account_id <> %(account)s
        ORDER BY transaction_id DESC LIMIT %(limit)s
    ) s
), label AS ({labels})
SELECT s.account_id, array_agg(DISTINCT s.kind), count(DISTINCT s.transaction_id),
    count(DISTINCT s.transaction_id) FILTER (WHERE label.is_fraud), max(p_t.occurred_at)
FROM shared s
JOIN ledger_transaction p_t ON p_t.id = s.transaction_id AND p_t.account_id = s.account_id
JOIN ledger_personaldetail p ON p.transaction_id = s.transaction_id AND p.account_id = s.account_id
    AND s.value = CASE s.kind WHEN 'card_token' THEN p.card_token WHEN 'device_id' THEN p.device_id
        ELSE p.ip_address END
LEFT JOIN label ON label.transaction_id = s.transaction_id
GROUP BY 1 ORDER BY 4 DESC, 3 DESC, 1 LIMIT %(accounts_max)s
"""


def payments_sharing(
    values: Mapping[str, str], *, livemode: bool, first: UUID, last: UUID, this: UUID
) -> list[Sharing]:
    """Of each kind in `values`, the newest of that range of ids but `this` itself: one more than LOOKED_AT_MAX says
    that there are more.
    """
    kinds = [kind for kind in KINDS if kind in values]
    if not kinds:
        return []
    statement = _PAYMENTS.format(
        shared=" UNION ALL ".join(map(_newest, kinds)),
        labels=labels_that_count("transaction_id IN (SELECT transaction_id FROM shared)"),
        compared=" ".join(f"WHEN '{kind}' THEN {_COLUMNS[kind]} = %({kind})s" for kind in kinds),
    )
    told: dict[str, Any] = {"livemode": livemode, "first": first, "last": last, "this": this}
    with connection.cursor() as cursor:
        cursor.execute(statement, {**values, **told, "limit": LOOKED_AT_MAX + 1})
        return [Sharing(*row) for row in cursor.fetchall()]


def payments_naming(kind: str, value: str, *, limit: int) -> list[UUID]:
    """The newest payments, live and test, that name this card token or these last four digits."""
    told: dict[str, Any] = {"kind": kind, "value": value, "limit": limit}
    with connection.cursor() as cursor:
        cursor.execute(_NAMED.format(kind=kind), told)
        return [row[0] for row in cursor.fetchall()]


def accounts_linked(account_id: str, *, livemode: bool, now: datetime) -> list[LinkedAccount]:
    """Other accounts with the card, device or IP address of this one in the last 90 days: those with fraud first."""
    since = now - ACCOUNT_SPAN
    told: dict[str, Any] = {
        "account": account_id,
        "livemode": livemode,
        "since": since,
        "first": first_id(since),
        "own_max": OWN_PAYMENTS_MAX,
        "values_max": OWN_VALUES_MAX,
        "limit": SHARING_EACH_MAX,
        "accounts_max": LINKED_ACCOUNTS_MAX,
    }
    labels = labels_that_count("transaction_id IN (SELECT transaction_id FROM shared)")
    with connection.cursor() as cursor:
        cursor.execute(_LINKED.format(labels=labels), told)
        return [LinkedAccount(*row) for row in cursor.fetchall()]
