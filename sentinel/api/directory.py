"""Clients, keys and revoked tokens as the hot path needs them: in memory for a few seconds, then read again.

A revocation or a new scope takes effect in every process within DIRECTORY_TTL_SECONDS.
"""

import hmac
import time
from dataclasses import dataclass, field
from datetime import datetime
from threading import Lock
from uuid import UUID

from django.utils import timezone

from sentinel.api.models import ApiKey, GatewayClient, RevokedToken
from sentinel.api.services import api_key_prefix, digest_of
from sentinel.core.clients import ClientIdentity
from sentinel.core.networks import networks_read

DIRECTORY_TTL_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class _Key:
    digest: str
    client_id: UUID
    expires_at: datetime | None


@dataclass(frozen=True, slots=True)
class Directory:
    """Everything that is valid at the moment of loading."""

    clients: dict[UUID, ClientIdentity] = field(default_factory=dict)
    keys: dict[str, _Key] = field(default_factory=dict)
    revoked: frozenset[str] = frozenset()

    def client_of_key(self, text: str, *, now: datetime) -> ClientIdentity | None:
        key = self.keys.get(api_key_prefix(text) or "")
        if key is None or not hmac.compare_digest(key.digest, digest_of(text)):
            return None
        return None if key.expires_at and key.expires_at <= now else self.clients.get(key.client_id)


@dataclass(slots=True)
class _Memory:
    directory: Directory | None = None
    loaded_at_seconds: float = 0.0


_memory = _Memory()
_one_reader = Lock()


def directory_in_memory() -> Directory | None:
    """The directory while it is fresh. Never reads the database."""
    return _memory.directory if _age_seconds() <= DIRECTORY_TTL_SECONDS else None


def directory_is_aging() -> bool:
    """Whether it should be read again beside the requests, so that none of them has to wait for it."""
    return _age_seconds() > DIRECTORY_TTL_SECONDS / 2


def directory_current() -> Directory:
    """The directory, at most DIRECTORY_TTL_SECONDS old. Reads the database when it is older."""
    known = directory_in_memory()
    if known is not None:
        return known
    with _one_reader:
        return directory_in_memory() or directory_refresh()


def directory_refresh() -> Directory:
    loaded_at_seconds = time.monotonic()
    directory = directory_load(now=timezone.now())
    _memory.directory, _memory.loaded_at_seconds = directory, loaded_at_seconds
    return directory


def _age_seconds() -> float:
    return time.monotonic() - _memory.loaded_at_seconds


def directory_with_key(text: str) -> Directory:
    """The directory, read again when the key is newer: it works at once. A wrong guess costs one look-up."""
    keys = ApiKey.objects.filter(prefix=api_key_prefix(text) or "", revoked_at__isnull=True, client__is_active=True)
    key = keys.first()
    if key is not None and hmac.compare_digest(key.digest, digest_of(text)):
        directory_forget()
    return directory_current()


def directory_with_client(client_id: UUID) -> Directory:
    """As `directory_with_key`, for a client that was made or switched on a moment ago."""
    if GatewayClient.objects.filter(pk=client_id, is_active=True).exists():
        directory_forget()
    return directory_current()


def directory_forget() -> None:
    """Read again at the next request, for the process that has just changed a client or a key."""
    _memory.directory = None


def directory_load(*, now: datetime) -> Directory:
    clients = GatewayClient.objects.filter(is_active=True)
    keys = ApiKey.objects.filter(client__is_active=True, revoked_at__isnull=True)
    revoked = RevokedToken.objects.filter(expires_at__gt=now).values_list("jti", flat=True)
    return Directory(
        clients={client.id: identity_of(client) for client in clients},
        keys={key.prefix: _Key(key.digest, key.client_id, key.expires_at) for key in keys},
        revoked=frozenset(revoked),
    )


def identity_of(client: GatewayClient) -> ClientIdentity:
    return ClientIdentity(
        client_id=client.id,
        name=client.name,
        scopes=frozenset(client.scopes),
        livemode=client.livemode,
        all_accounts=client.all_accounts,
        rate=client.rate or None,
        networks=networks_read(client.allowed_networks),
    )
