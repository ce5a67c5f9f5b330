"""Addresses on lists may be whole networks, written as 203.0.113.0/24."""

import ipaddress
from collections.abc import Iterable, Iterator

Prefixes = dict[int, tuple[int, ...]]  # by version of the protocol, the lengths of the networks there are

ALL_PREFIXES: Prefixes = {4: tuple(range(32)), 6: tuple(range(128))}


def prefixes_of(items: Iterable[str]) -> Prefixes:
    """Of the networks among the items of a list of addresses."""
    networks = {ipaddress.ip_network(item) for item in items if "/" in item}
    return {
        version: tuple(sorted({network.prefixlen for network in networks if network.version == version}))
        for version in (4, 6)
    }


def networks_around(address: str, prefixes: Prefixes) -> Iterator[str]:
    """The networks of these lengths that the address lies in, as lists write them. None for what is no address."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return
    for prefix in prefixes[parsed.version]:
        yield str(ipaddress.ip_network((parsed, prefix), strict=False))
