"""What a payment turned out to be when several labels speak of it. The order is said here and nowhere else.

The word of the source with more authority counts, whenever it was said; of one source the word that was observed
last; of two that were observed at one moment the one recorded last. A chargeback moved money after the card's bank
looked into it. A reviewer has the whole payment on one page and may have asked the customer, so a review settles what
a customer said, not the other way round. A customer may err, or hide a payment of their own. Of other sources nothing
is known. A source takes its own word back with a later one: a chargeback that was won is a later, legitimate one.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol, TypeVar
from uuid import UUID

AUTHORITY = ("chargeback", "review", "customer", "other")  # the strongest source first


class Word(Protocol):
    """What one label says."""

    @property
    def id(self) -> UUID: ...
    @property
    def source(self) -> str: ...
    @property
    def is_fraud(self) -> bool: ...
    @property
    def observed_at(self) -> datetime: ...


W = TypeVar("W", bound=Word)


@dataclass(frozen=True, slots=True)
class Said:
    """A word that is no row, or not yet."""

    id: UUID
    source: str
    is_fraud: bool
    observed_at: datetime


def label_that_counts(words: Iterable[W]) -> W | None:
    """Of the labels of one payment; None without any."""
    return max(words, key=_weight, default=None)


def is_repeated(new: Word, earlier: Iterable[Word]) -> bool:
    """Whether the source has said the same already, at the moment of the new label or as its last word before."""
    own = [word for word in earlier if word.source == new.source]
    before = label_that_counts(word for word in own if word.observed_at <= new.observed_at)
    if before is not None and before.is_fraud == new.is_fraud:
        return True
    return any((word.is_fraud, word.observed_at) == (new.is_fraud, new.observed_at) for word in own)


def _weight(word: Word) -> tuple[int, datetime, int]:
    return -AUTHORITY.index(word.source), word.observed_at, word.id.int
