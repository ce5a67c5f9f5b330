"""JWT for gateway clients: get, refresh, revoke."""

import hmac
import logging
from typing import Annotated
from uuid import UUID

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from pydantic import BaseModel, Field
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework_simplejwt.tokens import AccessToken, RefreshToken

from sentinel.api.authentication import WRONG_CREDENTIALS
from sentinel.api.directory import directory_forget, identity_of
from sentinel.api.documentation import problems
from sentinel.api.fields import Schema, text
from sentinel.api.models import GatewayClient
from sentinel.api.rate_limit import address_of, logins_count, tokens_count
from sentinel.api.services import digest_of, token_is_revoked, token_revoke
from sentinel.api.tokens import (
    CLIENT_CLAIM,
    expiry_of,
    family_expiry,
    family_of,
    is_of_current_secret,
    read_any_token,
    read_refresh_token,
    tokens_for,
)
from sentinel.api.views import ApiView, json_object
from sentinel.core.errors import NotAuthenticated

_logger = logging.getLogger(__name__)


class TokenIn(Schema):
    client_id: Annotated[str, text(36, r"^[0-9a-f-]{32,36}$")] = Field(description="The client's id.")
    client_secret: Annotated[str, text(100)]


class RefreshIn(Schema):
    refresh: Annotated[str, text(2000)]


class RevokeIn(Schema):
    token: Annotated[str, text(2000)] = Field(description="An access or a refresh token.")


class TokensOut(BaseModel):
    access: str
    refresh: str
    token_type: str = "Bearer"  # noqa: S105
    expires_in: int = Field(description="Seconds until the access token expires.")


class _OpenView(ApiView):
    """Whoever calls has no token yet."""

    authentication_classes = ()
    permission_classes = ()


class TokenView(_OpenView):
    @extend_schema(
        operation_id="token_create",
        summary="Get tokens",
        request=TokenIn,
        responses={200: TokensOut, **problems(400, 403)},
        auth=[],
        tags=["authentication"],
    )
    def post(self, request: Request) -> Response:
        """Tokens for a client id and its secret. The access token lives ten minutes."""
        logins_count(request._request, whose=address_of(request._request))
        body = TokenIn.model_validate(json_object(request))
        client_id = _client_id(body.client_id)
        logins_count(request._request, whose=client_id.hex)
        client = _client(client_id)
        # Compared in any case, so that the time taken does not tell which ids exist.
        stored = client.secret_digest if client else ""
        if not hmac.compare_digest(stored, digest_of(body.client_secret)) or client is None:
            raise NotAuthenticated(WRONG_CREDENTIALS)
        _check_address(client, request)
        return Response(tokens_json(*tokens_for(client)))


class RefreshView(_OpenView):
    @extend_schema(
        operation_id="token_refresh",
        summary="Renew tokens",
        request=RefreshIn,
        responses={200: TokensOut, **problems(400, 403)},
        auth=[],
        tags=["authentication"],
    )
    def post(self, request: Request) -> Response:
        """A new pair; the refresh token that was sent stops working.

        Whoever sends it a second time is a thief or was robbed: all tokens of that log-in end.
        """
        tokens_count(request._request, whose=address_of(request._request))
        token = read_refresh_token(RefreshIn.model_validate(json_object(request)).refresh)
        client = _client(UUID(token[CLIENT_CLAIM]))
        if client is None or not is_of_current_secret(token, client):
            raise NotAuthenticated("The token is not valid or has expired.")
        _check_address(client, request)
        family = family_of(token)
        if token_is_revoked(family):
            raise NotAuthenticated("The token is not valid or has expired.")
        if not token_revoke(jti=token["jti"], expires_at=expiry_of(token)):
            _family_end(family, client)
            raise NotAuthenticated("The token is not valid or has expired.")
        return Response(tokens_json(*tokens_for(client, family=family)))


class RevokeView(_OpenView):
    @extend_schema(
        operation_id="token_revoke",
        summary="Revoke a token",
        request=RevokeIn,
        responses={204: None, **problems(400)},
        auth=[],
        tags=["authentication"],
    )
    def post(self, request: Request) -> Response:
        """The token stops working everywhere within seconds; with a refresh token, all tokens of its log-in."""
        tokens_count(request._request, whose=address_of(request._request))
        token = read_any_token(RevokeIn.model_validate(json_object(request)).token)
        if isinstance(token, RefreshToken):
            token_revoke(jti=family_of(token), expires_at=family_expiry(timezone.now()))
        token_revoke(jti=token["jti"], expires_at=expiry_of(token))
        directory_forget()
        return Response(status=204)


def _family_end(family: str, client: GatewayClient) -> None:
    token_revoke(jti=family, expires_at=family_expiry(timezone.now()))
    directory_forget()
    _logger.warning("a refresh token of client %s was sent twice: all tokens of that log-in end", client.id)


def tokens_json(refresh: RefreshToken, access: AccessToken) -> dict[str, object]:
    return {
        "access": str(access),
        "refresh": str(refresh),
        "token_type": "Bearer",
        "expires_in": int(access.lifetime.total_seconds()),
    }


def _client_id(text: str) -> UUID:
    """One client in each of the spellings that a UUID has."""
    try:
        return UUID(text)
    except ValueError:
        raise NotAuthenticated(WRONG_CREDENTIALS) from None


def _check_address(client: GatewayClient, request: Request) -> None:
    """Errors: NetworkNotAllowed."""
    identity_of(client).check_address(request.META.get("REMOTE_ADDR", ""))


def _client(client_id: UUID) -> GatewayClient | None:
    return GatewayClient.objects.filter(pk=client_id, is_active=True).exclude(secret_digest="").first()
