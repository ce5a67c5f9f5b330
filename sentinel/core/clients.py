"""Who calls the API."""

from dataclasses import dataclass
from uuid import UUID

from sentinel.core.errors import NetworkNotAllowed
from sentinel.core.networks import Network, is_within


@dataclass(frozen=True, slots=True)
class ClientIdentity:
    """The gateway client behind a key or token. `rate` such as "200/s", None for the default.

    `networks`: where it may call from; empty for anywhere.
    """

    client_id: UUID
    name: str
    scopes: frozenset[str]
    livemode: bool = True
    all_accounts: bool = False
    rate: str | None = None
    networks: tuple[Network, ...] = ()

    # Django REST framework asks its user objects for this.
    is_authenticated = True

    def may(self, scope: str) -> bool:
        return scope in self.scopes

    def check_address(self, address: str) -> None:
        """Errors: NetworkNotAllowed."""
        if self.networks and not is_within(address, self.networks):
            raise NetworkNotAllowed(f"This client may not call from {address or 'where this came from'}.")
