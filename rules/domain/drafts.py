"""A rule while it is being written: what is wrong, what is pointless, and the sentence of what can be read."""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from rules.domain.expressions import Expression
from rules.domain.pointless import pointless_rows
from rules.domain.sentence import sentence
from rules.domain.validation import ListTypes, load_expression, parse_expression
from rules.errors import InvalidExpression
from sentinel.core.errors import FieldError
from sentinel.core.outcomes import Action

_INDEX = re.compile(r"conditions\[([0-9]+)\]")
_UNFINISHED = "…"


@dataclass(frozen=True, slots=True)
class Reading:
    """`errors` refuse the rule, `warnings` are said beside it. `sentence` is empty when no row can be read."""

    sentence: str
    errors: tuple[FieldError, ...] = ()
    warnings: tuple[FieldError, ...] = ()


def draft_read(action: Action, json: object, lists: ListTypes) -> Reading:
    try:
        expression = parse_expression(json, lists)
    except InvalidExpression as error:
        readable = _readable(json, error.errors, lists)
        words = f"{sentence(action, readable)} {_UNFINISHED}" if readable else ""
        return Reading(words, tuple(error.errors))
    return Reading(sentence(action, expression), warnings=tuple(pointless_rows(expression)))


def _readable(json: object, errors: Iterable[FieldError], lists: ListTypes) -> Expression | None:
    """What is left without the rows that are named by an error. A contradiction still reads as it stands."""
    for rest in (json, _without(json, {_indices(error.field) for error in errors})):
        try:
            return load_expression(rest, lists)
        except InvalidExpression:
            continue
    return None


def _indices(path: str) -> tuple[int, ...]:
    return tuple(int(index) for index in _INDEX.findall(path))


def _without(json: object, gone: set[tuple[int, ...]], at: tuple[int, ...] = ()) -> object:
    """The tree without the nodes at these places, and without the groups that this leaves empty."""
    if not isinstance(json, dict) or not isinstance(json.get("conditions"), list):
        return json
    members = [
        _without(node, gone, (*at, index))
        for index, node in enumerate(json["conditions"])
        if (*at, index) not in gone
    ]
    return {**json, "conditions": [member for member in members if not _is_empty(member)]}


def _is_empty(json: object) -> bool:
    return isinstance(json, dict) and json.get("conditions") == []
