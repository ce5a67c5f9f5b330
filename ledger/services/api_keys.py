"""API keys, made, replaced and revoked by people. A text is returned here and never again. All audited."""

from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction

from ledger.services.card_numbers import card_numbers_refuse
from ledger.services.clients import client_audit
from sentinel.api.models import ApiKey, GatewayClient
from sentinel.api.services import api_key_create, api_key_end, api_key_revoke, api_keys_live
from sentinel.core.errors import Conflict, FieldError

OVERLAP = timedelta(days=7)
OVERLAP_MAX = timedelta(days=90)


@transaction.atomic
def client_key_issue(
    *, client: GatewayClient, name: str, expires_at: datetime | None, actor: str, now: datetime
) -> tuple[ApiKey, str]:
    """The stored key, and the text to hand over.

    Errors: InvalidRequest for a name that holds a card number, Conflict when the client has as many keys as it may.
    Locks: the client.
    """
    card_numbers_refuse(name=name)
    _lock_with_room(client, now)
    key, text = api_key_create(client=client, name=name, expires_at=expires_at)
    client_audit(client, "client.key_issue", {"key": str(key), "name": name}, actor, now)
    return key, text


@transaction.atomic
def client_key_rotate(*, key: ApiKey, overlap: timedelta, actor: str, now: datetime) -> tuple[ApiKey, str]:
    """The key that takes its place, and its text. The old one works on for the overlap, unless it ends before.

    A key that was made to expire is replaced by one that lives as long.
    Errors: Conflict for a key that is not accepted any more, that was replaced before, or when the client has as
    many keys as it may. Locks: the client.
    """
    _lock_with_room(key.client, now)
    key = ApiKey.objects.select_related("client").get(pk=key.pk)
    if not api_keys_live(key.client, now=now).filter(pk=key.pk).exists():
        raise _refused("not_live", f"{key} does not work any more. Make a new key instead.")
    if hasattr(key, "replacement"):
        words = f"{key} was replaced by {key.replacement} already. Rotate that one, or make a new key."
        raise _refused("replaced", words)
    expires_at = now + (key.expires_at - key.created_at) if key.expires_at else None
    made, text = api_key_create(client=key.client, name=key.name, expires_at=expires_at, replaces=key)
    api_key_end(key=key, ends_at=now + overlap)
    told = {"key": str(key), "replacement": str(made), "works_until": str(key.expires_at), "name": key.name}
    client_audit(key.client, "client.key_rotate", told, actor, now)
    return made, text


@transaction.atomic
def client_key_revoke(*, key: ApiKey, actor: str, now: datetime) -> bool:
    """Stop accepting a key. False when it was revoked before."""
    if key.revoked_at is not None:
        return False
    api_key_revoke(key=key, now=now)
    client_audit(key.client, "client.key_revoke", {"key": str(key), "name": key.name}, actor, now)
    return True


def _lock_with_room(client: GatewayClient, now: datetime) -> None:
    """Locked, so that two people at once do not make one key too many. Errors: Conflict."""
    GatewayClient.objects.select_for_update().get(pk=client.pk)
    if api_keys_live(client, now=now).count() >= settings.API_KEYS_MAX:
        words = f"{client} has {settings.API_KEYS_MAX} keys that work, as many as it may. Revoke one first."
        raise _refused("too_many", words)


def _refused(code: str, words: str) -> Conflict:
    return Conflict(words, errors=[FieldError("key", code, words)])
