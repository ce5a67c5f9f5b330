"""Finds what can never hold: amount over 10 and under 5, one field equal to two values, a group no row of which fits.

Only what is cheap to see is looked for. Read together are the rows of one "all" group and of the "all" groups
directly inside it, with the rows of a "none" group turned round; then, against what they leave, each "any" group.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from rules.domain.expressions import Combinator, Condition, Expression, Group, Operator, OtherField
from rules.domain.places import Place
from rules.domain.rooms import Room, Rooms, narrowings, negated_narrowings
from sentinel.core.errors import FieldError


@dataclass(frozen=True, slots=True)
class Row:
    """A condition that must hold, or that must not (it stands in a "none" group)."""

    place: Place
    condition: Condition
    is_negated: bool = False

    def narrowings(self, rooms: Rooms) -> Iterator[tuple[str, Room]]:
        return (negated_narrowings if self.is_negated else narrowings)(self.condition, rooms)


def contradictions_of(expression: Expression) -> list[FieldError]:
    """One error per row, or group, that closes the last way in which rows before it could still hold."""
    found: dict[str, FieldError] = {}
    for place, group in groups_of(expression, Place()):
        rows = list(_rows(group, place))
        for error in (*_by_field(rows), *_by_pair(rows), *_by_choice(group, place, rows)):
            found.setdefault(error.field, error)
    return list(found.values())


def groups_of(group: Group, place: Place) -> Iterator[tuple[Place, Group]]:
    yield place, group
    for index, node in enumerate(group.conditions):
        if isinstance(node, Group):
            yield from groups_of(node, place.condition(index))


def _is_all(group: Group) -> bool:
    """An "any" of one member is as good as "all"."""
    return group.combinator is Combinator.ALL or (group.combinator is Combinator.ANY and len(group.conditions) == 1)


def _rows(group: Group, place: Place) -> Iterator[Row]:
    """The rows that say something in any case when the group holds."""
    for index, node in enumerate(group.conditions):
        at = place.condition(index)
        if group.combinator is Combinator.NONE:
            yield from _negated_rows(node, at)
        elif not _is_all(group):
            return
        elif isinstance(node, Condition):
            yield Row(at, node)
        else:
            yield from _rows(node, at)


def _negated_rows(node: Condition | Group, place: Place) -> Iterator[Row]:
    """None of (any of these) is none of these."""
    if isinstance(node, Condition):
        yield Row(place, node, is_negated=True)
    elif node.combinator is Combinator.ANY:
        for index, member in enumerate(node.conditions):
            yield from _negated_rows(member, place.condition(index))


def _by_field(rows: Iterable[Row]) -> Iterator[FieldError]:
    rooms = Rooms()
    first: dict[str, Place] = {}
    for row in rows:
        for name, narrowed in row.narrowings(rooms):
            if narrowed.is_empty and not rooms[name].is_empty:
                yield _error(row.place, first.get(name, row.place))
            rooms[name] = narrowed
            first.setdefault(name, row.place)


def _by_choice(group: Group, place: Place, rows: list[Row]) -> Iterator[FieldError]:
    """ "Any" groups of which no member can hold, alone or beside the rows that must hold in any case."""
    outer = _left_by(rows)
    if any(room.is_empty for room in outer.values()):
        return
    for at, choice in _choices(group, place):
        if not any(_fits(member, at.condition(index), outer) for index, member in enumerate(choice.conditions)):
            beside = " beside the rows round this group" if rows else ""
            yield at.error("never_holds", f"none of the rows in this group can hold{beside}. Change one of them.")


def _choices(group: Group, place: Place) -> Iterator[tuple[Place, Group]]:
    """The "any" groups that must hold whenever the group does; of the rule itself, when it is one."""
    if group.combinator is Combinator.ANY and len(group.conditions) > 1:
        yield place, group
    elif _is_all(group):
        for index, node in enumerate(group.conditions):
            if isinstance(node, Group):
                yield from _choices(node, place.condition(index))


def _fits(node: Condition | Group, place: Place, outer: Rooms) -> bool:
    rows = [Row(place, node)] if isinstance(node, Condition) else list(_rows(node, place))
    return not any(room.is_empty for room in _left_by(rows, outer).values())


def _left_by(rows: Iterable[Row], rooms: Rooms | None = None) -> Rooms:
    left = Rooms(rooms or {})
    for row in rows:
        left.update(row.narrowings(left))
    return left


_ORDERINGS = {
    Operator.EQUAL: frozenset("="),
    Operator.NOT_EQUAL: frozenset("<>"),
    Operator.GREATER_THAN: frozenset(">"),
    Operator.AT_LEAST: frozenset(">="),
    Operator.LESS_THAN: frozenset("<"),
    Operator.AT_MOST: frozenset("<="),
}
_TURNED = str.maketrans("<>", "><")


def _by_pair(rows: Iterable[Row]) -> Iterator[FieldError]:
    """Rows that compare the same two fields."""
    left: dict[tuple[str, str], tuple[Place, frozenset[str]]] = {}
    for row in rows:
        condition = row.condition
        if row.is_negated or not isinstance(condition.operand, OtherField):
            continue
        one, two, orderings = condition.field, condition.operand.name, _ORDERINGS[condition.operator]
        if one > two:
            one, two, orderings = two, one, frozenset(sign.translate(_TURNED) for sign in orderings)
        first, before = left.get((one, two), (row.place, frozenset("<=>")))
        if before and not before & orderings:
            yield _error(row.place, first)
        left[one, two] = first, before & orderings


def _error(place: Place, first: Place) -> FieldError:
    if place == first:
        return place.error("never_holds", "this can never hold.")
    return place.error("never_holds", f"this and row {first.row} can never both hold. Change one of them.")
