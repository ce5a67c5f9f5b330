"""What a client may do. Each view names the scope of each method; a method that is not named is closed."""

from typing import Any, ClassVar, Protocol

from rest_framework.permissions import BasePermission
from rest_framework.request import Request

from sentinel.core.clients import ClientIdentity
from sentinel.core.errors import NotAuthenticated, NotPermitted


class ScopedView(Protocol):
    scopes: ClassVar[dict[str, str]]

    @property
    def allowed_methods(self) -> list[str]: ...


class HasScopes(BasePermission):
    def has_permission(self, request: Request, view: ScopedView) -> bool:  # type: ignore[override]
        client = client_or_none(request)
        if client is None:
            raise NotAuthenticated
        method = request.method or ""
        if method == "OPTIONS" or method not in view.allowed_methods:
            return True  # asks what there is, or is answered 405
        require_scope(client, view.scopes.get("GET" if method == "HEAD" else method), method)
        return True


def require_scope(client: ClientIdentity, scope: str | None, method: str) -> None:
    """Errors: NotPermitted."""
    if scope is None:
        raise NotPermitted(f"No scope opens {method} here.")
    if not client.may(scope):
        raise NotPermitted(f"This needs the scope {scope}.")


def client_or_none(request: Request) -> ClientIdentity | None:
    """The client behind the request; None in views that let everybody in."""
    user: Any = request.user
    return user if isinstance(user, ClientIdentity) else None
