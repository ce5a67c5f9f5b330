"""Everything that is known of one payment, read for its page. Bounded: a payment has few rows of each kind.

Rooms above the ledger add panels of their own (`register_panel`): what else can be done from a payment.
"""

import struct
from collections.abc import Callable, Sequence
from typing import Any

import orjson
from django.contrib.auth.models import AbstractBaseUser, AnonymousUser, PermissionsMixin
from django.http import HttpRequest
from django.utils.safestring import SafeString

from ledger.admin.reversing import is_reversible
from ledger.admin.words import feature_words, share
from ledger.domain.labels import label_that_counts
from ledger.domain.masks import mask, mask_metadata, mask_name
from ledger.models import Case, Decision, Entry, Event, Posting, Reversal, SampledReview, Transaction
from ledger.selectors.transactions import transaction_status
from sentinel.core.catalogue import BY_NAME, CATALOGUE_VERSION, unpack
from sentinel.core.ids import public_id

Person = AbstractBaseUser | AnonymousUser
# A section of the page for whoever asks, or None when they have no use for it.
Panel = Callable[[HttpRequest, Transaction], SafeString | None]

_panels: list[Panel] = []

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


def transaction_page(payment: Transaction, user: Person, *, is_revealed: bool = False) -> dict[str, Any]:
    """The template's context, beside what the Admin puts there. Personal details are masked unless revealed."""
    decision, hold = payment.decision, getattr(payment, "hold", None)
    resolution = getattr(hold, "resolution", None)
    may_see_detail = may(user, "ledger.view_personaldetail")
    sample = SampledReview.objects.filter(pk=payment.pk).first() if may(user, "ledger.view_hold") else None
    labels = list(payment.labels.all()[:ROWS_SHOWN])
    state = transaction_status(payment)
    return {
        "payment": payment,
        "decision": decision,
        "state": state,
        "may_reverse": is_reversible(state) and may(user, "ledger.reverse_transaction"),
        "scores": _scores(decision),
        "features": _features(decision, payment.currency),
        "receipt": orjson.loads(bytes(decision.receipt)),
        "receipt_text": _indented(bytes(decision.receipt)),
        "entries": _entries(payment),
        "hold": hold,
        "resolution": resolution,
        "may_resolve": hold is not None and resolution is None and may(user, "ledger.resolve_hold"),
        "has_case": may(user, "ledger.view_case") and Case.objects.filter(pk=payment.pk).exists(),
        "sample": sample,
        "may_decide_sample": sample is not None and sample.is_fraud is None and may(user, "ledger.resolve_hold"),
        "reversals": [
            (public_id("rev", reversal.pk), reversal)
            for reversal in Reversal.objects.filter(transaction=payment).order_by("id")[:ROWS_SHOWN]
        ],
        "labels": labels,
        "label_that_counts": label_that_counts(labels),
        "may_label": may(user, "ledger.add_label"),
        "events": Event.objects.filter(transaction_id=payment.pk).order_by("sequence")[:ROWS_SHOWN],
        "may_see_detail": may_see_detail,
        "details": _details(payment, is_revealed=is_revealed) if may_see_detail else None,
        "account_name": payment.account.name if is_revealed else mask_name(payment.account.name),
    }


def register_panel(panel: Panel) -> Panel:
    """Shows the panel on every payment's page, after those registered before. A decorator, used at import."""
    _panels.append(panel)
    return panel


def panels_of(request: HttpRequest, payment: Transaction, *, without: Sequence[Panel] = ()) -> list[SafeString]:
    """Those of the page it is asked for; `without` are what that page tells in its own way."""
    asked = [panel for panel in _panels if panel not in without]
    return [shown for panel in asked if (shown := panel(request, payment)) is not None]


def may(user: Person, permission: str) -> bool:
    return isinstance(user, PermissionsMixin) and user.has_perm(permission)


def _scores(decision: Decision) -> list[tuple[str, str]]:
    """Those that the model in use gives."""
    scores = (("Score percentile", decision.score_percentile), ("Fraud probability", decision.fraud_probability))
    return [(name, share(value)) for name, value in scores if value is not None]


def _features(decision: Decision, currency: str) -> list[dict[str, Any]]:
    """Rows of the snapshot, group by group. Empty when a later catalogue froze it."""
    if decision.catalogue_version > CATALOGUE_VERSION:
        return []
    try:
        values = unpack(bytes(decision.snapshot))
    except struct.error:
        return []
    groups = list(dict.fromkeys(BY_NAME[name].group for name in values))
    return [
        {
            "group": BY_NAME[name].group,
            "words": BY_NAME[name].words,
            "name": name,
            "value": feature_words(BY_NAME[name], value, currency),
            "is_missing": value is None,
        }
        for name, value in sorted(values.items(), key=lambda item: groups.index(BY_NAME[item[0]].group))
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


def _details(payment: Transaction, *, is_revealed: bool) -> dict[str, Any] | None:
    detail = getattr(payment, "personal_detail", None)
    if detail is None:
        return None
    rows = [(label, name, getattr(detail, name)) for label, name in _DETAIL_FIELDS]
    metadata = sorted((detail.metadata or {}).items())
    return {
        "rows": [
            (label, value if is_revealed else mask(name, value))
            for label, name, value in rows
            if value not in (None, "")
        ],
        "metadata": [(key, value if is_revealed else mask_metadata(key, value)) for key, value in metadata],
    }


def _indented(receipt: bytes) -> str:
    return orjson.dumps(orjson.loads(receipt), option=orjson.OPT_INDENT_2).decode()
