"""API keys as people read them: their names, states, and what somebody should look at. No queries."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString

from ledger.admin.words import code, duration, moment
from sentinel.api.models import ApiKey

NEVER = "never"
EXPIRES_SOON = timedelta(days=7)


def key_name(key: ApiKey) -> SafeString:
    return code(key_beginning(key))


def key_beginning(key: ApiKey) -> str:
    return f"sk_{'live' if key.client.livemode else 'test'}_{key.prefix}…"


def key_state(key: ApiKey) -> str:
    if key.revoked_at is not None:
        return "revoked"
    if key.expires_at and key.expires_at <= timezone.now():
        return "expired"
    return "being_replaced" if hasattr(key, "replacement") else "active"


def last_use(key: ApiKey) -> SafeString | str:
    """When and from where."""
    if key.last_used_at is None:
        return NEVER
    if key.last_used_from is None:
        return moment(key.last_used_at)
    return format_html('{}<small class="under">from {}</small>', moment(key.last_used_at), key.last_used_from)


def key_warnings(keys: Iterable[ApiKey], now: datetime) -> list[SafeString]:
    """Old keys that somebody still uses, and keys that end soon with nothing in their place."""
    found = []
    for key in keys:
        match key_state(key):
            case "being_replaced" if key.expires_at and key.last_used_at and _is_still_used(key):
                found.append(_still_used(key, key.last_used_at, key.expires_at, now))
            case "active" if key.expires_at and key.expires_at - now < EXPIRES_SOON:
                words = "{} stops working in {}, and no other takes its place. Rotate it."
                found.append(format_html(words, key_name(key), duration((key.expires_at - now).total_seconds())))
    return found


def _is_still_used(key: ApiKey) -> bool:
    return bool(key.last_used_at and key.last_used_at > key.replacement.created_at)


def _still_used(key: ApiKey, used_at: datetime, ends_at: datetime, now: datetime) -> SafeString:
    return format_html(
        "{} was replaced by {} and stops working in {}. It was used {} ago{}: whoever calls from there needs the new"
        " key.",
        key_name(key),
        key_name(key.replacement),
        duration((ends_at - now).total_seconds()),
        duration((now - used_at).total_seconds()),
        f" from {key.last_used_from}" if key.last_used_from else "",
    )
