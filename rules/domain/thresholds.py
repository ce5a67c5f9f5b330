"""The numbers to try in the place of a rule's own, so that an analyst sees what moving it would do.

They are round numbers around the rule's own, at most THRESHOLDS_MAX, fixed before the past is read: so the curve is
exact at each of them, and one reading is enough.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from rules.domain.expressions import Combinator, Condition, Expression, Group, Money, Operator
from sentinel.core.catalogue import BY_NAME, NUMERIC_TYPES, FieldType

THRESHOLDS_MAX = 60

_RISING = frozenset({Operator.GREATER_THAN, Operator.AT_LEAST})
_FALLING = frozenset({Operator.LESS_THAN, Operator.AT_MOST})
_MANTISSAS = (1.0, 1.1, 1.2, 1.35, 1.5, 1.75, 2.0, 2.25, 2.5, 2.75, 3.0, 3.5, 4.0, 4.5, 5.0, 6.0, 7.0, 8.0, 9.0)
_SHARES = (*(step / 50 for step in range(1, 50)), 0.985, 0.99, 0.9925, 0.995, 0.9975, 0.999)


@dataclass(frozen=True, slots=True)
class Dial:
    """A row that every hit needs, with one number to turn. `rest` are the other rows; None when there are none."""

    condition: Condition
    rest: Expression | None
    thresholds: tuple[float, ...]

    @property
    def own(self) -> float:
        return _number_of(self.condition)

    @property
    def hits_above(self) -> bool:
        """True when larger values hit."""
        return self.condition.operator in _RISING

    @property
    def hits_equal(self) -> bool:
        return self.condition.operator in (Operator.AT_LEAST, Operator.AT_MOST)


def dials_of(expression: Expression) -> list[Dial]:
    """One per row that compares a field with a number and that must hold for the rule to hold."""
    return [
        Dial(condition, _without(expression, path), thresholds_of(condition))
        for path, condition in _necessary(expression, ())
        if condition.operator in _RISING | _FALLING and condition.constants
    ]


def thresholds_of(condition: Condition) -> tuple[float, ...]:
    """In rising order, at most THRESHOLDS_MAX, the condition's own number among them."""
    own, field = _number_of(condition), BY_NAME[condition.field]
    if field.unit == "0 to 1":
        around = set(_SHARES)
    elif own <= 0:
        around = {own + step for step in range(-30, 30)}
    elif field.type is FieldType.WHOLE and own <= 30:
        around = {float(step) for step in range(1, int(max(20, 2 * own)) + 1)}
    else:
        around = set(_round_numbers(own / 10, own * 10))
    if field.type in NUMERIC_TYPES - {FieldType.NUMBER}:
        around = {float(round(number)) for number in around}
    return tuple(sorted({own, *around}))


def _round_numbers(low: float, high: float) -> Iterator[float]:
    power = 10.0**-12
    while power <= high:
        for mantissa in _MANTISSAS:
            number = float(f"{mantissa * power:.6g}")
            if low <= number <= high:
                yield number
        power *= 10


Path = tuple[int, ...]


def _necessary(group: Group, path: Path) -> Iterator[tuple[Path, Condition]]:
    """The rows that must hold: those of "all" groups within each other; an "any" of one member is as good."""
    if group.combinator is Combinator.NONE or (group.combinator is Combinator.ANY and len(group.conditions) > 1):
        return
    for place, node in enumerate(group.conditions):
        if isinstance(node, Group):
            yield from _necessary(node, (*path, place))
        else:
            yield (*path, place), node


def _without(group: Group, path: Path) -> Group | None:
    """The group without the row at `path`; None when nothing is left of it."""
    place, *deeper = path
    members = list(group.conditions)
    node = members.pop(place)
    if deeper and isinstance(node, Group) and (smaller := _without(node, tuple(deeper))) is not None:
        members.insert(place, smaller)
    return Group(Combinator.ALL, tuple(members)) if members else None


def _number_of(condition: Condition) -> float:
    first = condition.constants[0]
    if isinstance(first, Money):
        return float(first.minor)
    if isinstance(first, str):
        raise TypeError(f"{condition.field} is not compared with a number")
    return float(first)
