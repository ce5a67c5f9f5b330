"""Who calls the API."""

from dataclasses import dataclass
from uuid import UUID


@dataclass(frozen=True, slots=True)
class ClientIdentity:
    """The gateway client behind a key or token. `rate` such as "200/s", None for the default."""

    client_id: UUID
    name: str
    scopes: frozenset[str]
    livemode: bool = True
    all_accounts: bool = False
    rate: str | None = None

    # Django REST framework asks its user objects for this.
    is_authenticated = True

    def may(self, scope: str) -> bool:
        return scope in self.scopes
