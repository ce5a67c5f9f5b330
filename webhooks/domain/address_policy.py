"""Which addresses deliveries may be sent to: public ones, and nothing else.

An explicit list, since `ipaddress` calls some internal ranges global (NAT64, 6to4 relays, multicast) and others
neither private nor global. Sources: the IANA special-purpose address registries for IPv4 and IPv6 (RFC 6890), and
the metadata addresses that cloud providers publish.
"""

from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

Address = IPv4Address | IPv6Address

_DENIED: dict[str, str] = {
    # IPv4
    "0.0.0.0/8": "this network",
    "10.0.0.0/8": "private",
    "100.64.0.0/10": "shared by a provider's customers",
    "127.0.0.0/8": "this machine",
    "169.254.0.0/16": "link-local, metadata among them",
    "172.16.0.0/12": "private",
    "192.0.0.0/24": "protocol assignments",
    "192.0.2.0/24": "documentation",
    "192.31.196.0/24": "AS112",
    "192.52.193.0/24": "AMT",
    "192.88.99.0/24": "6to4 relay",
    "192.168.0.0/16": "private",
    "192.175.48.0/24": "AS112",
    "198.18.0.0/15": "benchmarks",
    "198.51.100.0/24": "documentation",
    "203.0.113.0/24": "documentation",
    "224.0.0.0/4": "multicast",
    "240.0.0.0/4": "reserved",
    "168.63.129.16/32": "metadata of Azure",
    # IPv6. Only 2000::/3 is given out; what follows it are exceptions within it.
    "::/3": "not a public address, or one that carries an IPv4 address",
    "4000::/2": "not given out",
    "8000::/1": "private, link-local, multicast or not given out",
    "2001::/23": "protocol assignments, Teredo among them",
    "2001:db8::/32": "documentation",
    "2002::/16": "6to4, which carries an IPv4 address",
    "2620:4f:8000::/48": "AS112",
    "3fff::/20": "documentation",
}
_NETWORKS = [(ip_network(text), words) for text, words in _DENIED.items()]
_LOOPBACK: tuple[IPv4Network | IPv6Network, ...] = (ip_network("127.0.0.0/8"), ip_network("::1/128"))


def address_refusal(address: Address, *, allow_loopback: bool = False) -> str | None:
    """Why nothing is sent to this address; None when it is public. `allow_loopback`: in development only."""
    if allow_loopback and any(address in network for network in _LOOPBACK):
        return None
    for network, words in _NETWORKS:
        if address in network:
            return words
    return None


def address_parse(text: str) -> Address | None:
    """The address a resolver gave, without its zone; None when it is none."""
    try:
        return ip_address(text.partition("%")[0])
    except ValueError:
        return None
