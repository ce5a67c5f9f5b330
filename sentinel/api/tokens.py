"""Signed tokens of gateway clients, on simplejwt: short-lived access, rotating refresh."""

import time
from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import blake2b
from typing import Any
from uuid import UUID

from rest_framework_simplejwt.exceptions import TokenError
from rest_framework_simplejwt.tokens import AccessToken, RefreshToken, Token

from sentinel.api.models import GatewayClient
from sentinel.api.services import digest_of
from sentinel.core.errors import NotAuthenticated

CLIENT_CLAIM = "client_id"
# Tells under which secret a refresh token was got: a new secret ends the tokens of the old one.
SECRET_CLAIM = "secret"  # noqa: S105
# Names all tokens that came of one log-in, so that they can be ended together.
FAMILY_CLAIM = "family"


def tokens_for(client: GatewayClient, *, family: str = "") -> tuple[RefreshToken, AccessToken]:
    """A refresh token and an access token that names the client; what it may do is looked up at each use.

    Without a family they begin one.
    """
    refresh = RefreshToken()
    refresh[CLIENT_CLAIM] = str(client.id)
    refresh[FAMILY_CLAIM] = family or family_of(refresh)
    access = refresh.access_token
    refresh[SECRET_CLAIM] = _secret_mark(client)
    return refresh, access


def is_of_current_secret(refresh: Token, client: GatewayClient) -> bool:
    return bool(refresh.get(SECRET_CLAIM) == _secret_mark(client))


def family_of(token: Token) -> str:
    """A token that names none begins it. The name is no token's id: a rotation ends a token and not its family."""
    return str(token.get(FAMILY_CLAIM) or f"family-{token['jti']}")


def family_expiry(now: datetime) -> datetime:
    """When no token of a family that ends now can be valid any more: one may be in the making."""
    lifetimes: timedelta = RefreshToken.lifetime + AccessToken.lifetime
    return now + lifetimes


@dataclass(frozen=True, slots=True)
class Claims:
    """What a valid access token says."""

    client_id: UUID
    token_id: str
    family: str
    expires_at_seconds: float

    def is_among(self, revoked: Collection[str]) -> bool:
        """Whether the token or its family was ended."""
        return self.token_id in revoked or self.family in revoked


# Claims of tokens whose signature was checked, by a digest of the token: a gateway sends the same one many times.
_REMEMBERED_MAX = 10_000
_remembered: dict[bytes, Claims] = {}


def read_claims(text: str) -> Claims:
    """The claims of an access token, remembered until it expires. Errors: NotAuthenticated."""
    token = _read(AccessToken, text)
    claims = Claims(UUID(token[CLIENT_CLAIM]), token["jti"], family_of(token), token["exp"])
    if len(_remembered) >= _REMEMBERED_MAX:
        _remembered.clear()
    _remembered[_digest(text)] = claims
    return claims


def known_claims(text: str) -> Claims | None:
    """The claims of a token that was read before and has not expired. Who was revoked is in the directory."""
    claims = _remembered.get(_digest(text))
    return claims if claims is not None and claims.expires_at_seconds > time.time() else None


def _digest(text: str) -> bytes:
    return blake2b(text.encode(), digest_size=16).digest()


def read_refresh_token(text: str) -> Token:
    return _read(RefreshToken, text)


def read_any_token(text: str) -> Token:
    try:
        return _read(AccessToken, text)
    except NotAuthenticated:
        return _read(RefreshToken, text)


def expiry_of(token: Token) -> datetime:
    return datetime.fromtimestamp(token["exp"], UTC)


def _secret_mark(client: GatewayClient) -> str:
    """Differs from secret to secret, and tells nothing about it: a keyed digest of the digest, cut short."""
    return digest_of(client.secret_digest)[:16]


def _read(kind: type[Token], text: str) -> Token:
    """A token whose signature, audience, issuer, type and lifetime hold. Errors: NotAuthenticated."""
    try:
        token: Any = kind(text)  # type: ignore[arg-type]
    except TokenError:
        raise NotAuthenticated("The token is not valid or has expired.") from None
    if not (_is_uuid(token.get(CLIENT_CLAIM)) and isinstance(token.get("jti"), str)):
        raise NotAuthenticated("The token is not valid or has expired.")
    return token  # type: ignore[no-any-return]


def _is_uuid(claim: object) -> bool:
    try:
        UUID(claim if isinstance(claim, str) else "")
    except ValueError:
        return False
    return True
