"""The values of one list as rules ask for them: `value in values`, in the same time however many there are.

They are changed in place while payments ask, so a change takes effect at once and nothing is built anew. A value
counts until its moment has come by the clock that was given; nobody need wake up to take it out.

Moments are seconds since 1970, `FOREVER` for a value that stays until it is removed.
"""

import socket
from collections.abc import Callable, Iterable
from typing import Protocol

from rules.domain.lists import ItemType

FOREVER = float("inf")

Clock = Callable[[], float]


class ListedValues(Protocol):
    def __contains__(self, value: object) -> bool: ...

    def __len__(self) -> int: ...

    def put(self, values: Iterable[str], until: float) -> None:
        """Values that count from now on until a moment, whatever was known of them."""

    def remove(self, values: Iterable[str]) -> None:
        """Values that no longer count; those that never did are passed over."""


def listed_values(item_type: ItemType, clock: Clock) -> ListedValues:
    """No values yet, of a list of this type."""
    return ListedAddresses(clock) if item_type is ItemType.IP_ADDRESS else ListedTexts(clock)


class ListedTexts:
    """Values that are compared letter by letter."""

    def __init__(self, clock: Clock) -> None:
        self._until: dict[str, float] = {}
        self._clock = clock

    def __contains__(self, value: object) -> bool:
        until = self._until.get(value)  # type: ignore[call-overload]
        return until is not None and until > self._clock()

    def __len__(self) -> int:
        return len(self._until)

    def put(self, values: Iterable[str], until: float) -> None:
        self._until.update(dict.fromkeys(values, until))

    def remove(self, values: Iterable[str]) -> None:
        for value in values:
            self._until.pop(value, None)


# The networks of one size: how many bits the address within them has, and the numbers of those listed.
Sizes = tuple[tuple[int, dict[int, float]], ...]

_BITS = {4: 32, 16: 128}  # by how many bytes an address has
_MAPPED = bytes(10) + b"\xff\xff"  # how an IPv4 address begins when it is written as IPv6


class ListedAddresses:
    """Addresses and networks. A look-up asks once for each size of network that the list has."""

    def __init__(self, clock: Clock) -> None:
        self._sizes: dict[int, Sizes] = {32: (), 128: ()}
        self._clock = clock

    def __contains__(self, value: object) -> bool:
        if not isinstance(value, str) or (packed := _packed(value)) is None:
            return False
        number = int.from_bytes(packed)
        for free_bits, networks in self._sizes[_BITS[len(packed)]]:
            until = networks.get(number >> free_bits)
            if until is not None and until > self._clock():
                return True
        return False

    def __len__(self) -> int:
        return sum(len(networks) for sizes in self._sizes.values() for _, networks in sizes)

    def put(self, values: Iterable[str], until: float) -> None:
        for value in values:
            networks, number = self._place(value)
            networks[number] = until

    def remove(self, values: Iterable[str]) -> None:
        for value in values:
            networks, number = self._place(value)
            networks.pop(number, None)

    def _place(self, value: str) -> tuple[dict[int, float], int]:
        """Where a normalised address or network is kept, and under which number."""
        address, _, prefix = value.partition("/")
        packed = _packed(address) or bytes(4)
        bits = _BITS[len(packed)]
        free_bits = bits - int(prefix or bits)
        networks = dict(self._sizes[bits]).get(free_bits)
        if networks is None:
            networks = {}
            # A new tuple: whoever is asking goes on with the old one.
            self._sizes[bits] = (*self._sizes[bits], (free_bits, networks))
        return networks, int.from_bytes(packed) >> free_bits


def _packed(address: str) -> bytes | None:
    """The address as 4 or 16 bytes; None for what is none."""
    try:
        if ":" not in address:
            return socket.inet_pton(socket.AF_INET, address)
        packed = socket.inet_pton(socket.AF_INET6, address)
    except (OSError, ValueError):
        return None
    return packed[12:] if packed.startswith(_MAPPED) else packed
