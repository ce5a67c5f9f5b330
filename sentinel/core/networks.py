"""Networks that a client may call from, written as 203.0.113.0/24 or 2001:db8::/32."""

import ipaddress
from collections.abc import Iterable

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network
NETWORKS_MAX = 50  # of one client


class NetworkError(ValueError):
    """Its text is for people."""


def network_named(text: str) -> str:
    """A network as it is kept. A single address is a network of its own. Errors: NetworkError."""
    text = text.strip()
    try:
        network, address = ipaddress.ip_network(text, strict=False), ipaddress.ip_address(text.partition("/")[0])
    except ValueError:
        raise _no_network(text) from None
    if "%" in text:
        raise _no_network(text)
    if address != network.network_address:
        raise NetworkError(f"{text} names one address of {network}: which of the two is meant?")
    if network.prefixlen == 0:
        raise NetworkError(f"{network} is everybody. Leave the list empty instead.")
    if isinstance(network, ipaddress.IPv6Network) and network.network_address.ipv4_mapped:
        raise NetworkError(f"Write {network} as the IPv4 network that it stands for.")
    return str(network)


def networks_read(texts: Iterable[str]) -> tuple[Network, ...]:
    """What is kept, ready to be compared with."""
    return tuple(ipaddress.ip_network(text) for text in texts)


def address_read(text: str) -> Address | None:
    """The address that a request came from; None for what is none, such as a Unix socket.

    An IPv4 address that arrived at an IPv6 socket is the IPv4 address.
    """
    try:
        address = ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        return None
    return getattr(address, "ipv4_mapped", None) or address


def is_within(text: str, networks: Iterable[Network]) -> bool:
    """Whether the address lies in one of them. What is no address lies in none."""
    address = address_read(text)
    return address is not None and any(address in network for network in networks)


def _no_network(text: str) -> NetworkError:
    return NetworkError(f"{text} is not a network such as 203.0.113.0/24 or 2001:db8::/32.")
