"""What a client may do. Each view names the scope of each method; one that is not named needs none."""

from typing import Any, ClassVar, Protocol

from rest_framework.permissions import BasePermission
from rest_framework.request import Request

from sentinel.core.clients import ClientIdentity
from sentinel.core.errors import NotAuthenticated, NotPermitted


class ScopedView(Protocol):
    scopes: ClassVar[dict[str, str]]


class HasScopes(BasePermission):
    def has_permission(self, request: Request, view: ScopedView) -> bool:  # type: ignore[override]
        client = client_or_none(request)
        if client is None:
            raise NotAuthenticated
        scope = view.scopes.get(request.method or "")
        if scope is None or client.may(scope):
            return True
        raise NotPermitted(f"This needs the scope {scope}.")


def client_or_none(request: Request) -> ClientIdentity | None:
    """The client behind the request; None in views that let everybody in."""
    user: Any = request.user
    return user if isinstance(user, ClientIdentity) else None
