"""Who is calling: `X-API-Key: sk_…` or `Authorization: Bearer <token>`, and from an address that is allowed."""

import asyncio
import logging
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, TypeVar

from asgiref.sync import sync_to_async
from django.db import connections
from rest_framework.authentication import BaseAuthentication
from rest_framework.request import Request

from sentinel.api.directory import (
    Directory,
    directory_current,
    directory_in_memory,
    directory_is_aging,
    directory_refresh,
    directory_with_client,
    directory_with_key,
)
from sentinel.api.key_use import key_uses
from sentinel.api.services import api_key_prefix
from sentinel.api.tokens import known_claims, read_claims
from sentinel.core.clients import ClientIdentity
from sentinel.core.errors import NotAuthenticated

_logger = logging.getLogger(__name__)
T = TypeVar("T")

WRONG_CREDENTIALS = "Send a valid API key in X-API-Key, or a valid token as Authorization: Bearer."


class GatewayAuthentication(BaseAuthentication):
    def authenticate(self, request: Request) -> tuple[ClientIdentity, None]:
        api_key, authorization = request.headers.get("X-API-Key"), request.headers.get("Authorization")
        return authenticate(api_key, authorization, request.META.get("REMOTE_ADDR", "")), None

    def authenticate_header(self, request: Request) -> str:
        return 'Bearer realm="sentinelstream"'


def authenticate(api_key: str | None, authorization: str | None, address: str = "") -> ClientIdentity:
    """The client behind the credentials, calling from an address.

    Errors: NotAuthenticated, which never says what was wrong with them; NetworkNotAllowed.
    """
    if not api_key and not authorization:
        raise NotAuthenticated(WRONG_CREDENTIALS)
    client = _by_key(api_key) if api_key else _by_token(authorization or "")
    if client is None:
        raise NotAuthenticated(WRONG_CREDENTIALS)
    return _admitted(client, api_key, address)


async def authenticate_async(api_key: str | None, authorization: str | None, address: str = "") -> ClientIdentity:
    """As `authenticate`, from memory where it can be. Whatever needs the database is done in a thread."""
    directory = directory_in_memory()
    if directory is not None:
        client = _known_by_key(directory, api_key) if api_key else _known_by_token(directory, authorization or "")
        if client is not None:
            if directory_is_aging():
                _refresh_beside()
            return _admitted(client, api_key, address)
    return await sync_to_async(_hanging_up, thread_sensitive=False)(authenticate, api_key, authorization, address)


def _admitted(client: ClientIdentity, api_key: str | None, address: str) -> ClientIdentity:
    """The client, when it may call from there; the use of its key is noted. Errors: NetworkNotAllowed."""
    client.check_address(address)
    if api_key and (prefix := api_key_prefix(api_key)):
        key_uses.note(prefix, address)
    return client


_refreshing: dict[asyncio.AbstractEventLoop, asyncio.Task[Directory]] = {}


def _refresh_beside() -> None:
    loop = asyncio.get_running_loop()
    if loop not in _refreshing:
        _refreshing[loop] = loop.create_task(sync_to_async(_hanging_up, thread_sensitive=False)(directory_refresh))
        _refreshing[loop].add_done_callback(_refreshed)


def _refreshed(task: asyncio.Task[Directory]) -> None:
    del _refreshing[task.get_loop()]
    if not task.cancelled() and (error := task.exception()) is not None:
        _logger.warning("clients and keys could not be read again: %s", error)


def _hanging_up(work: Callable[..., T], *arguments: Any) -> T:
    """In a thread of its own, whose database connection nobody else would close."""
    try:
        return work(*arguments)
    finally:
        connections.close_all()


def _by_key(api_key: str) -> ClientIdentity | None:
    known = _known_by_key(directory_current(), api_key)
    return known or _known_by_key(directory_with_key(api_key), api_key)


def _known_by_key(directory: Directory, api_key: str) -> ClientIdentity | None:
    return directory.client_of_key(api_key, now=datetime.now(UTC))


def _by_token(authorization: str) -> ClientIdentity | None:
    text = _bearer(authorization)
    if text is None:
        return None
    claims = read_claims(text)
    directory = directory_current()
    if claims.is_among(directory.revoked):
        return None
    client_id = claims.client_id
    return directory.clients.get(client_id) or directory_with_client(client_id).clients.get(client_id)


def _known_by_token(directory: Directory, authorization: str) -> ClientIdentity | None:
    text = _bearer(authorization)
    claims = known_claims(text) if text else None
    if claims is None or claims.is_among(directory.revoked):
        return None
    return directory.clients.get(claims.client_id)


def _bearer(authorization: str) -> str | None:
    scheme, _, text = authorization.partition(" ")
    return text.strip() if scheme.lower() == "bearer" else None
