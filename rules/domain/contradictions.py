"""Finds rows that can never hold together: amount over 10 and under 5, one field equal to two values.

Only what is cheap to see is looked for: rows of one "all" group, with the "all" groups directly inside it.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace

from rules.domain.expressions import Combinator, Condition, Constant, Expression, Group, Money, Operator, OtherField
from rules.domain.places import Place
from sentinel.core.catalogue import BY_NAME, FieldType
from sentinel.core.errors import FieldError

Row = tuple[Place, Condition]
Scalar = str | int | float


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

    @property
    def _has_value(self) -> bool:
        if self.allowed is not None:
            return any(self._within(value) for value in self.allowed - self.excluded)
        return self.low < self.high or (self.low == self.high and self.low not in self.excluded)

    def _within(self, value: Scalar) -> bool:
        return isinstance(value, str) or self.low <= value <= self.high


def contradictions_of(expression: Expression) -> list[FieldError]:
    """One error per row that closes the last way in which rows before it could still hold."""
    found: dict[str, FieldError] = {}
    for place, group in _groups(expression, Place()):
        if group.combinator is Combinator.ALL:
            rows = list(_rows(group, place))
            for error in (*_by_field(rows), *_by_pair(rows)):
                found.setdefault(error.field, error)
    return list(found.values())


def _groups(group: Group, place: Place) -> Iterator[tuple[Place, Group]]:
    yield place, group
    for index, node in enumerate(group.conditions):
        if isinstance(node, Group):
            yield from _groups(node, place.condition(index))


def _rows(group: Group, place: Place) -> Iterator[Row]:
    """The rows of which every one must hold: an "any" of one member is as good as "all"."""
    for index, node in enumerate(group.conditions):
        if isinstance(node, Condition):
            yield place.condition(index), node
        elif node.combinator is Combinator.ALL or (node.combinator is Combinator.ANY and len(node.conditions) == 1):
            yield from _rows(node, place.condition(index))


def _by_field(rows: list[Row]) -> Iterator[FieldError]:
    rooms = _Rooms()
    first: dict[str, Place] = {}
    for place, condition in rows:
        for name, narrowed in _narrowings(condition, rooms):
            if narrowed.is_empty and not rooms[name].is_empty:
                yield _error(place, first.get(name, place))
            rooms[name] = narrowed
            first.setdefault(name, place)


class _Rooms(dict[str, Room]):
    """The room of each field, at first as wide as the catalogue leaves it."""

    def __missing__(self, name: str) -> Room:
        field = BY_NAME[name]
        low = 0 if field.type is FieldType.MONEY else -math.inf
        return Room(low=low, allowed=frozenset(field.choices) if field.choices else None)


def _narrowings(condition: Condition, rooms: _Rooms) -> Iterator[tuple[str, Room]]:
    yield condition.field, _narrow(rooms[condition.field], condition)
    if condition.currency:
        # A money constant also says that the payment is in its currency.
        yield "currency", _narrow(rooms["currency"], Condition("currency", Operator.EQUAL, condition.currency))
    if isinstance(condition.operand, OtherField):
        yield condition.operand.name, replace(rooms[condition.operand.name], may_be_missing=False)


def _narrow(room: Room, condition: Condition) -> Room:
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


_ORDERINGS = {
    Operator.EQUAL: frozenset("="),
    Operator.NOT_EQUAL: frozenset("<>"),
    Operator.GREATER_THAN: frozenset(">"),
    Operator.AT_LEAST: frozenset(">="),
    Operator.LESS_THAN: frozenset("<"),
    Operator.AT_MOST: frozenset("<="),
}
_TURNED = str.maketrans("<>", "><")


def _by_pair(rows: list[Row]) -> Iterator[FieldError]:
    """Rows that compare the same two fields."""
    left: dict[tuple[str, str], tuple[Place, frozenset[str]]] = {}
    for place, condition in rows:
        if not isinstance(condition.operand, OtherField):
            continue
        one, two, orderings = condition.field, condition.operand.name, _ORDERINGS[condition.operator]
        if one > two:
            one, two, orderings = two, one, frozenset(sign.translate(_TURNED) for sign in orderings)
        first, before = left.get((one, two), (place, frozenset("<=>")))
        if before and not before & orderings:
            yield _error(place, first)
        left[one, two] = first, before & orderings


def _error(place: Place, first: Place) -> FieldError:
    if place == first:
        return place.error("never_holds", "this can never hold.")
    return place.error("never_holds", f"this and row {first.row} can never both hold. Change one of them.")


def _scalar(constant: Constant) -> Scalar:
    return constant.minor if isinstance(constant, Money) else constant
