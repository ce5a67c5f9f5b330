"""What rows leave for the value of one field: the smallest set that is cheap to describe.

A room is never smaller than the truth. Where a row cannot be described exactly (text that contains something, a
comparison of two fields) its room is wider, so "no room left" is always right.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace

from rules.domain.expressions import Condition, Constant, Money, Operator, OtherField
from sentinel.core.catalogue import BY_NAME, FieldType

Scalar = str | int | float

_EXACT = frozenset(
    {
        *(Operator.EQUAL, Operator.NOT_EQUAL, Operator.IN, Operator.NOT_IN, Operator.BETWEEN),
        *(Operator.GREATER_THAN, Operator.AT_LEAST, Operator.LESS_THAN, Operator.AT_MOST),
        *(Operator.IS_TRUE, Operator.IS_FALSE, Operator.IS_MISSING, Operator.IS_PRESENT),
    }
)
_OPPOSITE = {
    Operator.EQUAL: Operator.NOT_EQUAL,
    Operator.IN: Operator.NOT_IN,
    Operator.GREATER_THAN: Operator.AT_MOST,
    Operator.LESS_THAN: Operator.AT_LEAST,
    Operator.IS_TRUE: Operator.IS_FALSE,
    Operator.IS_MISSING: Operator.IS_PRESENT,
}
_OPPOSITE |= {two: one for one, two in _OPPOSITE.items()}


@dataclass(frozen=True, slots=True)
class Room:
    """What the rows read so far leave for the value of one field. Bounds are inclusive."""

    low: float = -math.inf
    high: float = math.inf
    allowed: frozenset[Scalar] | None = None
    excluded: frozenset[Scalar] = frozenset()
    may_be_missing: bool = True
    may_be_present: bool = True

    @property
    def is_empty(self) -> bool:
        return not self.may_be_missing and not (self.may_be_present and self._has_value)

    def says_the_same_as(self, other: "Room") -> bool:
        return self._described == other._described

    @property
    def _described(self) -> tuple[object, ...]:
        if not self.may_be_present or not self._has_value:
            return (self.may_be_missing,)
        if self.allowed is not None:
            return self.may_be_missing, frozenset(filter(self._within, self.allowed - self.excluded))
        excluded = frozenset(filter(self._within, self.excluded))
        return self.may_be_missing, self.low, self.high, excluded

    @property
    def _has_value(self) -> bool:
        if self.allowed is not None:
            return any(self._within(value) for value in self.allowed - self.excluded)
        return self.low < self.high or (self.low == self.high and self.low not in self.excluded)

    def _within(self, value: Scalar) -> bool:
        return isinstance(value, str) or self.low <= value <= self.high


class Rooms(dict[str, Room]):
    """The room of each field, at first as wide as the catalogue leaves it."""

    def __missing__(self, name: str) -> Room:
        field = BY_NAME[name]
        low = 0 if field.type is FieldType.MONEY else -math.inf
        return Room(low=low, allowed=frozenset(field.choices) if field.choices else None)


def is_exact(condition: Condition) -> bool:
    """True when its room holds exactly the values for which the condition holds, in its constants' currency."""
    stands_alone = condition.operand is None
    return condition.operator in _EXACT and (stands_alone or bool(condition.constants))


def narrowings(condition: Condition, rooms: Rooms) -> Iterator[tuple[str, Room]]:
    """The rooms that are left when the condition holds too."""
    yield condition.field, narrow(rooms[condition.field], condition)
    if condition.currency:
        # A money constant also says that the payment is in its currency.
        yield "currency", narrow(rooms["currency"], Condition("currency", Operator.EQUAL, condition.currency))
    if isinstance(condition.operand, OtherField):
        yield condition.operand.name, replace(rooms[condition.operand.name], may_be_missing=False)


def negated_narrowings(condition: Condition, rooms: Rooms) -> Iterator[tuple[str, Room]]:
    """The rooms that are left when the condition does not hold; none where that says nothing of one field alone."""
    opposite = _OPPOSITE.get(condition.operator)
    if opposite is None or not is_exact(condition) or condition.currency:
        return
    room = rooms[condition.field]
    narrowed = narrow(room, replace(condition, operator=opposite))
    # Also a missing value makes a row not hold, unless the row is about just that.
    is_about_missing = condition.operator in (Operator.IS_MISSING, Operator.IS_PRESENT)
    yield condition.field, narrowed if is_about_missing else replace(narrowed, may_be_missing=room.may_be_missing)


def narrow(room: Room, condition: Condition) -> Room:
    if condition.operator is Operator.IS_MISSING:
        return replace(room, may_be_present=False)
    room = replace(room, may_be_missing=False)
    values = tuple(_scalar(constant) for constant in condition.constants)
    match condition.operator:
        case Operator.IS_TRUE | Operator.IS_FALSE:
            return _allow(room, frozenset({condition.operator.value}))
        case Operator.EQUAL | Operator.IN if values:
            return _allow(room, frozenset(values))
        case Operator.NOT_EQUAL | Operator.NOT_IN:
            return replace(room, excluded=room.excluded | frozenset(values))
    low, high = _bounds(condition.operator, values, BY_NAME[condition.field].type is FieldType.NUMBER)
    return replace(room, low=max(room.low, low), high=min(room.high, high))


def _allow(room: Room, values: frozenset[Scalar]) -> Room:
    return replace(room, allowed=values if room.allowed is None else room.allowed & values)


def _bounds(operator: Operator, values: tuple[Scalar, ...], is_float: bool) -> tuple[float, float]:
    """The lowest and highest value that still holds. "Over 5" begins at the next value there is after 5."""
    numbers = [value for value in values if not isinstance(value, str)]
    match operator, numbers:
        case Operator.BETWEEN, [low, high]:
            return low, high
        case Operator.AT_LEAST, [low]:
            return low, math.inf
        case Operator.AT_MOST, [high]:
            return -math.inf, high
        case Operator.GREATER_THAN, [low]:
            return math.nextafter(low, math.inf) if is_float else low + 1, math.inf
        case Operator.LESS_THAN, [high]:
            return -math.inf, math.nextafter(high, -math.inf) if is_float else high - 1
    return -math.inf, math.inf


def _scalar(constant: Constant) -> Scalar:
    return constant.minor if isinstance(constant, Money) else constant
