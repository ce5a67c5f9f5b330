"""Who is calling: `X-API-Key: sk_…` or `Authorization: Bearer <token>`."""

from asgiref.sync import sync_to_async
from django.db import connections
from django.utils import timezone
from rest_framework.authentication import BaseAuthentication
from rest_framework.request import Request

from sentinel.api.directory import (
    directory_current,
    directory_is_fresh,
    directory_with_client,
    directory_with_key,
)
from sentinel.api.tokens import known_claims, read_claims
from sentinel.core.clients import ClientIdentity
from sentinel.core.errors import NotAuthenticated

WRONG_CREDENTIALS = "Send a valid API key in X-API-Key, or a valid token as Authorization: Bearer."


class GatewayAuthentication(BaseAuthentication):
    def authenticate(self, request: Request) -> tuple[ClientIdentity, None]:
        return authenticate(request.headers.get("X-API-Key"), request.headers.get("Authorization")), None

    def authenticate_header(self, request: Request) -> str:
        return 'Bearer realm="sentinelstream"'


def authenticate(api_key: str | None, authorization: str | None) -> ClientIdentity:
    """The client behind the credentials. Errors: NotAuthenticated, which never says what was wrong with them."""
    if not api_key and not authorization:
        raise NotAuthenticated(WRONG_CREDENTIALS)
    client = _by_key(api_key) if api_key else _by_token(authorization or "")
    if client is None:
        raise NotAuthenticated(WRONG_CREDENTIALS)
    return client


async def authenticate_async(api_key: str | None, authorization: str | None) -> ClientIdentity:
    """As `authenticate`, from memory where it can be. Whatever needs the database is done in a thread."""
    if directory_is_fresh():
        client = _known_by_key(api_key) if api_key else _known_by_token(authorization or "")
        if client is not None:
            return client
    return await sync_to_async(_authenticate_and_hang_up, thread_sensitive=False)(api_key, authorization)


def _authenticate_and_hang_up(api_key: str | None, authorization: str | None) -> ClientIdentity:
    """In a thread of its own, whose database connection nobody else would close."""
    try:
        return authenticate(api_key, authorization)
    finally:
        connections.close_all()


def _by_key(api_key: str) -> ClientIdentity | None:
    directory_current()
    return _known_by_key(api_key) or directory_with_key(api_key).client_of_key(api_key, now=timezone.now())


def _known_by_key(api_key: str) -> ClientIdentity | None:
    return directory_current().client_of_key(api_key, now=timezone.now())


def _by_token(authorization: str) -> ClientIdentity | None:
    text = _bearer(authorization)
    if text is None:
        return None
    claims = read_claims(text)
    directory = directory_current()
    if claims.token_id in directory.revoked:
        return None
    client_id = claims.client_id
    return directory.clients.get(client_id) or directory_with_client(client_id).clients.get(client_id)


def _known_by_token(authorization: str) -> ClientIdentity | None:
    text = _bearer(authorization)
    claims = known_claims(text) if text else None
    directory = directory_current()
    if claims is None or claims.token_id in directory.revoked:
        return None
    return directory.clients.get(claims.client_id)


def _bearer(authorization: str) -> str | None:
    scheme, _, text = authorization.partition(" ")
    return text.strip() if scheme.lower() == "bearer" else None
