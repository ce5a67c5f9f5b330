"""Who is calling: `X-API-Key: sk_…` or `Authorization: Bearer <token>`."""

from uuid import UUID

from django.utils import timezone
from rest_framework.authentication import BaseAuthentication
from rest_framework.request import Request

from sentinel.api.directory import directory_current
from sentinel.api.tokens import CLIENT_CLAIM, read_access_token
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
    if api_key:
        client = _by_key(api_key)
    elif authorization:
        client = _by_token(authorization)
    else:
        raise NotAuthenticated(WRONG_CREDENTIALS)
    if client is None:
        raise NotAuthenticated(WRONG_CREDENTIALS)
    return client


def _by_key(api_key: str) -> ClientIdentity | None:
    return directory_current().client_of_key(api_key, now=timezone.now())


def _by_token(authorization: str) -> ClientIdentity | None:
    scheme, _, text = authorization.partition(" ")
    if scheme.lower() != "bearer":
        return None
    token = read_access_token(text.strip())
    directory = directory_current()
    if token["jti"] in directory.revoked:
        return None
    return directory.clients.get(UUID(token[CLIENT_CLAIM]))
