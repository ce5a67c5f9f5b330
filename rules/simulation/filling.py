"""Where values come from that are newer than a snapshot: the room that computes features registers itself here."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol
from uuid import UUID


@dataclass(frozen=True, slots=True)
class Filled:
    """One field of some payments: numbers as snapshots hold them, NaN where missing; `known` where they are true."""

    numbers: Sequence[float]
    known: Sequence[bool]


class Filler(Protocol):
    def __call__(self, fields: Sequence[str], transaction_ids: Sequence[UUID]) -> Mapping[str, Filled]:
        """The values that the fields had when each payment was decided. A field that is left out is not known."""


@dataclass(slots=True)
class _Registry:
    fillers: list[Filler] = field(default_factory=list)


_registry = _Registry()


def filler_register(filler: Filler) -> None:
    """Called once, when the app of the filler is ready."""
    _registry.fillers.append(filler)


def fill(fields: Sequence[str], transaction_ids: Sequence[UUID]) -> dict[str, Filled]:
    """What the registered fillers know; the first that knows a field has the word."""
    found: dict[str, Filled] = {}
    for filler in _registry.fillers:
        if wanted := [name for name in fields if name not in found]:
            found |= filler(wanted, transaction_ids)
    return found
