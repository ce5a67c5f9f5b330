"""Who is calling: `X-API-Key: sk_…` or `Authorization: Bearer <token>`."""

from uuid import UUID

from django.utils import timezone
from rest_framework.authentication import BaseAuthentication
from rest_framework.request import Request

from sentinel.api.directory import directory_current, directory_with_client, directory_with_key
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
    if not api_key and not authorization:
        raise NotAuthenticated(WRONG_CREDENTIALS)
    client = _by_key(api_key) if api_key else _by_token(authorization or "")
    if client is None:
        raise NotAuthenticated(WRONG_CREDENTIALS)
    return client


def _by_key(api_key: str) -> ClientIdentity | None:
    now = timezone.now()
    client = directory_current().client_of_key(api_key, now=now)
    return client or directory_with_key(api_key).client_of_key(api_key, now=now)


def _by_token(authorization: str) -> ClientIdentity | None:
    scheme, _, text = authorization.partition(" ")
    if scheme.lower() != "bearer":
        return None
    token = read_access_token(text.strip())
    client_id = UUID(token[CLIENT_CLAIM])
    directory = directory_current()
    if token["jti"] in directory.revoked:
        return None
    return directory.clients.get(client_id) or directory_with_client(client_id).clients.get(client_id)
