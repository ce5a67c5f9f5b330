"""Rows that change nothing: written twice, said by another row already, or never true on their own.

These are warnings. The rule does what it says; it says it in more words than it needs, and often that is a slip.
"""

from collections.abc import Iterator
from itertools import permutations

from rules.domain.contradictions import groups_of
from rules.domain.expressions import Combinator, Condition, Expression, Group
from rules.domain.places import Place
from rules.domain.rooms import Rooms, is_exact, narrow, narrowings
from sentinel.core.errors import FieldError

ROWS_COMPARED_MAX = 50

Row = tuple[Place, Condition]
Member = tuple[Place, Condition | Group]


def pointless_rows(expression: Expression) -> list[FieldError]:
    """At most one warning per row. Without any one row that is named, the rule holds for the same payments."""
    found: dict[str, FieldError] = {}
    for place, group in groups_of(expression, Place()):
        members = [(place.condition(index), node) for index, node in enumerate(group.conditions)]
        for warning in (*_never_true(group, members), *_repeated(members), *_implied(group, members)):
            found.setdefault(warning.field, warning)
    return list(found.values())


def _never_true(group: Group, members: list[Member]) -> Iterator[FieldError]:
    """In an "all" group this would be an error: there the whole rule could never hold."""
    for place, node in members if group.combinator is not Combinator.ALL else ():
        if isinstance(node, Condition) and any(room.is_empty for _, room in narrowings(node, Rooms())):
            yield place.error("pointless", "this can never hold, so it changes nothing. Change it or take it out.")


def _repeated(members: list[Member]) -> Iterator[FieldError]:
    first: dict[Condition | Group, Place] = {}
    for place, node in members:
        if node in first:
            yield place.error("repeated", f"this says the same as row {first[node].row}. Take one of them out.")
        first.setdefault(node, place)


def _implied(group: Group, members: list[Member]) -> Iterator[FieldError]:
    """In an "all" group the looser of two rows is needless, elsewhere the stricter one."""
    is_all = group.combinator is Combinator.ALL
    verb = "says" if is_all else "covers"
    for (place, row), (other_place, other) in _pairs_of_one_field(members):
        if _implies(other, row) if is_all else _implies(row, other):
            words = f"row {other_place.row} {verb} this already, so it changes nothing. Take one of them out."
            yield place.error("implied", words)


def _pairs_of_one_field(members: list[Member]) -> Iterator[tuple[Row, Row]]:
    """In both orders; of a field with very many rows, the first ones."""
    by_field: dict[str, list[Row]] = {}
    for place, node in members:
        if isinstance(node, Condition):
            by_field.setdefault(node.field, []).append((place, node))
    for rows in by_field.values():
        for one, other in permutations(rows[:ROWS_COMPARED_MAX], 2):
            if one[1] != other[1]:
                yield one, other


def _implies(one: Condition, two: Condition) -> bool:
    """True when `two`, of the same field, certainly holds wherever `one` does."""
    if not is_exact(two) or two.currency not in (None, one.currency):
        return False
    room = narrow(Rooms()[one.field], one)
    return not room.is_empty and narrow(room, two).says_the_same_as(room)
