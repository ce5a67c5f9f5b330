"""The record and API access in the Admin. Thin: reading, one service call per change, and rendering."""

from ledger.admin import (
    accounts,
    api_keys,
    audit,
    clients,
    grants,
    label_imports,
    labels,
    records,
    reviews,
    samples,
    seal,
    transactions,
)

__all__ = [
    "accounts",
    "api_keys",
    "audit",
    "clients",
    "grants",
    "label_imports",
    "labels",
    "records",
    "reviews",
    "samples",
    "seal",
    "transactions",
]
