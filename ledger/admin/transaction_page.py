"""Everything that is known of one payment, read for its page. Bounded: a payment has few rows of each kind."""

import struct
from typing import Any

import orjson
from django.contrib.auth.models import AbstractBaseUser, AnonymousUser, PermissionsMixin

from ledger.admin.words import feature_words, share
from ledger.models import Decision, Entry, Event, Hold, PersonalDetail, Posting, Reversal, Transaction
from ledger.selectors.transactions import transaction_status
from sentinel.core.catalogue import BY_NAME, CATALOGUE_VERSION, unpack
from sentinel.core.ids import public_id

Person = AbstractBaseUser | AnonymousUser

ROWS_SHOWN = 50  # of each kind; only reversals and events of one payment could ever be more

_DETAIL_FIELDS = (
    ("Card token", "card_token"),
    ("Card BIN", "card_bin"),
    ("Card's last four digits", "card_last4"),
    ("Device", "device_id"),
    ("IP address", "ip_address"),
    ("User agent", "user_agent"),
    ("City", "location_city"),
    ("Latitude", "latitude"),
    ("Longitude", "longitude"),
)


def transaction_page(payment: Transaction, user: Person) -> dict[str, Any]:
    """The template's context, beside what the Admin puts there."""
    decision = Decision.objects.get(pk=payment.pk)
    hold = Hold.objects.select_related("resolution").filter(pk=payment.pk).first()
    resolution = getattr(hold, "resolution", None)
    may_see_detail = may(user, "ledger.view_personaldetail")
    return {
        "payment": payment,
        "decision": decision,
        "state": transaction_status(payment),
        "scores": _scores(decision),
        "features": _features(decision, payment.currency),
        "receipt": orjson.loads(bytes(decision.receipt)),
        "receipt_text": _indented(bytes(decision.receipt)),
        "entries": _entries(payment),
        "hold": hold,
        "resolution": resolution,
        "may_resolve": hold is not None and resolution is None and may(user, "ledger.resolve_hold"),
        "reversals": [
            (public_id("rev", reversal.pk), reversal)
            for reversal in Reversal.objects.filter(transaction=payment).order_by("id")[:ROWS_SHOWN]
        ],
        "labels": payment.labels.all()[:ROWS_SHOWN],
        "may_label": may(user, "ledger.add_label"),
        "events": Event.objects.filter(transaction_id=payment.pk).order_by("sequence")[:ROWS_SHOWN],
        "may_see_detail": may_see_detail,
        "details": _details(payment) if may_see_detail else None,
    }


def may(user: Person, permission: str) -> bool:
    return isinstance(user, PermissionsMixin) and user.has_perm(permission)


def _scores(decision: Decision) -> list[tuple[str, str]]:
    """Those that the model in use gives."""
    scores = (("Score percentile", decision.score_percentile), ("Fraud probability", decision.fraud_probability))
    return [(name, share(value)) for name, value in scores if value is not None]


def _features(decision: Decision, currency: str) -> list[dict[str, Any]]:
    """Rows of the snapshot in the catalogue's order. Empty when an earlier catalogue froze it."""
    if decision.catalogue_version != CATALOGUE_VERSION:
        return []
    try:
        values = unpack(bytes(decision.snapshot))
    except struct.error:
        return []
    return [
        {
            "group": BY_NAME[name].group,
            "words": BY_NAME[name].words,
            "name": name,
            "value": feature_words(BY_NAME[name], value, currency),
            "is_missing": value is None,
        }
        for name, value in values.items()
    ]


def _entries(payment: Transaction) -> list[dict[str, Any]]:
    entries = list(Entry.objects.filter(transaction_id=payment.pk).order_by("id")[:ROWS_SHOWN])
    postings = Posting.objects.filter(
        entry_id__in=[entry.pk for entry in entries], account_id=payment.account_id
    ).order_by("leg")
    legs: dict[Any, list[Posting]] = {}
    for posting in postings:
        legs.setdefault(posting.entry_id, []).append(posting)
    return [
        {"name": public_id("ent", entry.pk), "entry": entry, "postings": legs.get(entry.pk, [])} for entry in entries
    ]


def _details(payment: Transaction) -> dict[str, Any] | None:
    detail = PersonalDetail.objects.filter(pk=payment.pk).first()
    if detail is None:
        return None
    rows = [(label, getattr(detail, name)) for label, name in _DETAIL_FIELDS]
    return {
        "rows": [(label, value) for label, value in rows if value not in (None, "")],
        "metadata": sorted((detail.metadata or {}).items()),
    }


def _indented(receipt: bytes) -> str:
    return orjson.dumps(orjson.loads(receipt), option=orjson.OPT_INDENT_2).decode()
