"""Clients and their credentials: making, showing once, revoking."""

import hashlib
import hmac
import secrets
from collections.abc import Iterable
from datetime import datetime

from django.conf import settings
from django.db import transaction
from django.db.models import Q, QuerySet

from sentinel.api.models import ApiKey, GatewayClient, RevokedToken
from sentinel.api.scope_names import SCOPES
from sentinel.core.networks import network_named

_PREFIX_LENGTH = 8


def digest_of(secret: str) -> str:
    """Keyed digest under which a key or client secret is stored. Source: secrets are random, so no slow hash."""
    return hmac.new(settings.API_KEY_PEPPER.encode(), secret.encode(), hashlib.sha256).hexdigest()


def client_create(
    *,
    name: str,
    scopes: Iterable[str] = tuple(SCOPES),
    livemode: bool = True,
    all_accounts: bool = False,
    rate: str = "",
    allowed_networks: Iterable[str] = (),
) -> GatewayClient:
    client = GatewayClient(
        name=name,
        scopes=sorted(scopes),
        livemode=livemode,
        all_accounts=all_accounts,
        rate=rate,
        allowed_networks=[network_named(text) for text in allowed_networks],
    )
    client.full_clean()
    client.save(force_insert=True)
    return client


def client_secret_rotate(*, client: GatewayClient) -> str:
    """A new secret for `auth/token`; the old one and its refresh tokens stop working. Returned here, never again."""
    secret = f"cs_{secrets.token_urlsafe(32)}"
    client.secret_digest = digest_of(secret)
    client.save(update_fields=["secret_digest"])
    return secret


def api_key_create(
    *,
    client: GatewayClient,
    name: str = "",
    expires_at: datetime | None = None,
    replaces: ApiKey | None = None,
) -> tuple[ApiKey, str]:
    """The stored key, and the text to give to the gateway: returned here and never again."""
    mode = "live" if client.livemode else "test"
    prefix = secrets.token_hex(_PREFIX_LENGTH // 2)
    text = f"sk_{mode}_{prefix}_{secrets.token_urlsafe(32)}"
    key = ApiKey.objects.create(
        client=client, prefix=prefix, digest=digest_of(text), name=name, expires_at=expires_at, replaces=replaces
    )
    return key, text


def api_keys_live(client: GatewayClient, *, now: datetime) -> QuerySet[ApiKey]:
    """The client's keys that are accepted while it is active."""
    return client.api_keys.filter(Q(expires_at=None) | Q(expires_at__gt=now), revoked_at=None)


def api_key_end(*, key: ApiKey, ends_at: datetime) -> None:
    """Stop accepting a key at a moment, unless it stops before."""
    if key.expires_at is None or key.expires_at > ends_at:
        key.expires_at = ends_at
        key.save(update_fields=["expires_at"])


def api_key_prefix(text: str) -> str | None:
    """Where to look a key up, or None when the text is not shaped like one."""
    parts = text.split("_", 3)
    return parts[2] if len(parts) == 4 and parts[0] == "sk" and len(parts[2]) == _PREFIX_LENGTH else None


def api_key_revoke(*, key: ApiKey, now: datetime) -> None:
    key.revoked_at = key.revoked_at or now
    key.save(update_fields=["revoked_at"])


@transaction.atomic
def token_revoke(*, jti: str, expires_at: datetime) -> bool:
    """Stop accepting a token. False when it was revoked before: of two rotations of one refresh token, one wins."""
    _, made = RevokedToken.objects.get_or_create(jti=jti, defaults={"expires_at": expires_at})
    return made


def token_is_revoked(jti: str) -> bool:
    """A family's name counts as a token's."""
    return RevokedToken.objects.filter(jti=jti).exists()


def revoked_tokens_prune(*, now: datetime) -> int:
    """Forget revoked tokens that have expired, which nobody accepts anyway. Returns how many."""
    deleted, _ = RevokedToken.objects.filter(expires_at__lte=now).delete()
    return deleted
