"""The record and API access in the Admin. Thin: reading, one service call per change, and rendering."""

from ledger.admin import accounts, api_keys, clients, grants, labels, records, reviews, transactions

__all__ = ["accounts", "api_keys", "clients", "grants", "labels", "records", "reviews", "transactions"]
