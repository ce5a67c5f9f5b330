"""What a client may do. Each view names the scope of each method; a method without one is refused."""

from typing import ClassVar, Protocol

from rest_framework.permissions import BasePermission
from rest_framework.request import Request

from sentinel.core.clients import ClientIdentity
from sentinel.core.errors import NotAuthenticated, NotPermitted


class ScopedView(Protocol):
    scopes: ClassVar[dict[str, str]]


class HasScopes(BasePermission):
    def has_permission(self, request: Request, view: ScopedView) -> bool:  # type: ignore[override]
        if not isinstance(request.user, ClientIdentity):
            raise NotAuthenticated
        scope = view.scopes.get(request.method or "")
        if scope is None or request.user.may(scope):
            return True
        raise NotPermitted(f"This needs the scope {scope}.")
