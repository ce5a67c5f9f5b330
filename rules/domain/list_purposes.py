"""Because of which lists a rule lets payments pass."""

from collections.abc import Iterator

from rules.domain.expressions import Combinator, Expression, Group, NamedList, Operator
from sentinel.core.outcomes import Action


def lists_that_let_pass(action: Action, expression: Expression) -> frozenset[str]:
    """Every list of an allow rule; of another rule those whose items are spared by it.

    "Decline when the country is not on served_countries" spares whoever is on the list: adding to it lets pass.
    """
    uses = _uses(expression, is_wanted=True)
    return frozenset(name for name, is_wanted in uses if action is Action.ALLOW or not is_wanted)


def _uses(group: Group, *, is_wanted: bool) -> Iterator[tuple[str, bool]]:
    """The lists, and whether being on them helps the group to hold."""
    wanted = is_wanted is not (group.combinator is Combinator.NONE)
    for node in group.conditions:
        if isinstance(node, Group):
            yield from _uses(node, is_wanted=wanted)
        elif isinstance(node.operand, NamedList):
            yield node.operand.name, wanted is (node.operator is Operator.IN)
