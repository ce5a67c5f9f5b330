"""Signed tokens of gateway clients, on simplejwt: short-lived access, rotating refresh."""

from datetime import UTC, datetime
from typing import Any

from rest_framework_simplejwt.exceptions import TokenError
from rest_framework_simplejwt.tokens import AccessToken, RefreshToken, Token

from sentinel.api.models import GatewayClient
from sentinel.api.services import digest_of
from sentinel.core.errors import NotAuthenticated

CLIENT_CLAIM = "client_id"
# Tells under which secret a refresh token was got: a new secret ends the tokens of the old one.
SECRET_CLAIM = "secret"  # noqa: S105


def tokens_for(client: GatewayClient) -> tuple[RefreshToken, AccessToken]:
    """A refresh token and an access token that names the client; what it may do is looked up at each use."""
    refresh = RefreshToken()
    refresh[CLIENT_CLAIM] = str(client.id)
    access = refresh.access_token
    refresh[SECRET_CLAIM] = _secret_mark(client)
    return refresh, access


def is_of_current_secret(refresh: Token, client: GatewayClient) -> bool:
    return bool(refresh.get(SECRET_CLAIM) == _secret_mark(client))


def read_access_token(text: str) -> Token:
    return _read(AccessToken, text)


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
    if not isinstance(token.get(CLIENT_CLAIM), str):
        raise NotAuthenticated("The token is not valid or has expired.")
    return token  # type: ignore[no-any-return]
