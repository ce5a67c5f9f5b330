"""Reads an expression from JSON against the catalogue and the lists there are, and says everything that is wrong."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Concatenate, ParamSpec, TypeVar

from rules.domain.constants import Refused, near, one_of, read_constant, shown
from rules.domain.contradictions import contradictions_of
from rules.domain.expressions import (
    COMPARISONS,
    CONDITIONS_MAX,
    CONSTANTS_MAX,
    DEPTH_MAX,
    NEEDS_NOTHING,
    OPERATORS,
    Combinator,
    Condition,
    Constant,
    Expression,
    Group,
    Money,
    NamedList,
    Operand,
    Operator,
    OtherField,
)
from rules.domain.lists import ItemType, item_types_for
from rules.domain.patterns import PatternError, compile_pattern
from rules.domain.places import Place
from rules.errors import InvalidExpression
from sentinel.core.catalogue import BY_NAME, Field
from sentinel.core.errors import FieldError

ListTypes = Mapping[str, ItemType]
Json = dict[str, Any]
P = ParamSpec("P")
T = TypeVar("T")

_GROUP_KEYS = frozenset({"combinator", "conditions"})
_OPERAND_KEYS = ("value", "other_field", "list")
_CONDITION_KEYS = frozenset({"field", "operator", *_OPERAND_KEYS})
_MEMBERSHIP = frozenset({Operator.IN, Operator.NOT_IN})


def parse_expression(json: object, lists: ListTypes) -> Expression:
    """The expression an author wrote. Errors: InvalidExpression, which names every row at fault."""
    expression = load_expression(json, lists)
    if errors := contradictions_of(expression):
        raise InvalidExpression(errors[0].message, errors=errors)
    return expression


def load_expression(json: object, lists: ListTypes | None) -> Expression:
    """Like parse_expression, but lets pass what can never hold: for what was saved under older checks.

    Without `lists` the names of lists are taken on trust: enough to show an expression, not to evaluate it.
    """
    reader = _Reader(lists)
    expression = reader.attempt(reader.group, json, Place(), 1)
    if expression is None or reader.errors:
        raise InvalidExpression(reader.errors[0].message, errors=reader.errors)
    return expression


class _Reader:
    """Collects what is wrong while it reads. Once something was wrong, what it returns is not used."""

    def __init__(self, lists: ListTypes | None) -> None:
        self.lists = lists
        self.errors: list[FieldError] = []
        self.count = 0

    def attempt(
        self,
        read: Callable[Concatenate[object, Place, P], T],
        json: object,
        place: Place,
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> T | None:
        try:
            return read(json, place, *args, **kwargs)
        except Refused as error:
            self.errors.append((error.place or place).error(error.code, str(error)))
            return None

    def node(self, json: object, place: Place, depth: int) -> Condition | Group:
        if isinstance(json, dict) and ("combinator" in json or "conditions" in json):
            return self.group(json, place, depth)
        return self.condition(json, place)

    def group(self, json: object, place: Place, depth: int) -> Group:
        if not isinstance(json, dict):
            raise Refused("not_a_group", 'start with a group, such as {"combinator": "all", "conditions": [...]}.')
        if depth > DEPTH_MAX:
            raise Refused("too_deep", f"groups may stand inside each other at most {DEPTH_MAX} deep.")
        self.refuse_unknown_keys(json, _GROUP_KEYS, place)
        combinator = self.attempt(_combinator, json, place)
        return Group(combinator or Combinator.ALL, self.members(json.get("conditions"), place, depth))

    def members(self, json: object, place: Place, depth: int) -> tuple[Condition | Group, ...]:
        at = place.key("conditions")
        if not isinstance(json, list) or not json:
            raise Refused("empty_group", "a group needs at least one condition.", at)
        self.count += len(json)
        if self.count > CONDITIONS_MAX:
            raise Refused("too_many_conditions", f"a rule may have at most {CONDITIONS_MAX} conditions.", at)
        nodes = [self.attempt(self.node, member, place.condition(i), depth + 1) for i, member in enumerate(json)]
        return tuple(node for node in nodes if node is not None)

    def condition(self, json: object, place: Place) -> Condition:
        if not isinstance(json, dict):
            raise Refused("not_a_condition", f'write {{"field": ..., "operator": ...}}, not {shown(json)}.')
        self.refuse_unknown_keys(json, _CONDITION_KEYS, place)
        field = BY_NAME[_word(json, "field", place, list(BY_NAME))]
        known = OPERATORS[field.type]
        operator = Operator(_word(json, "operator", place, known, f" for {field.name}, which is {field.type}"))
        key = _operand_key(json, operator)
        if key is None:
            return Condition(field.name, operator)
        return Condition(field.name, operator, self.operand(key, json[key], field, operator, place.key(key)))

    def operand(self, key: str, json: object, field: Field, operator: Operator, place: Place) -> Operand:
        if key == "other_field":
            return _other_field(json, field, place)
        if key == "list":
            return self.named_list(json, field, place)
        if operator is Operator.BETWEEN:
            return self.between(json, field, place)
        if operator in _MEMBERSHIP:
            return self.constants(json, field, place)
        read = _pattern if operator is Operator.MATCHES else _constant
        return self.attempt(read, json, place, field)

    def named_list(self, json: object, field: Field, place: Place) -> NamedList:
        fitting = item_types_for(field)
        if not fitting:
            raise Refused("wrong_type", f"{field.name} cannot be looked up in a list: write the values.", place)
        if not isinstance(json, str) or (self.lists is not None and json not in self.lists):
            raise Refused("unknown_list", f"there is no list {shown(json)}.{near(json, self.lists or ())}", place)
        if self.lists is not None and self.lists[json] not in fitting:
            words = " or ".join(sorted(item_type.words for item_type in fitting))
            message = f"{json} is a list of type {self.lists[json].words}; {field.name} needs {words}."
            raise Refused("wrong_list_type", message, place)
        return NamedList(json)

    def between(self, json: object, field: Field, place: Place) -> Operand:
        if not isinstance(json, list) or len(json) != 2:
            raise Refused("wrong_type", "between needs two values: [lowest, highest].", place)
        constants = self.constants(json, field, place)
        match [constant.minor if isinstance(constant, Money) else constant for constant in constants]:
            case [int() | float() as low, int() | float() as high] if low > high:
                raise Refused("never_holds", "the lowest value is above the highest: swap them.", place)
        return constants

    def constants(self, json: object, field: Field, place: Place) -> tuple[Constant, ...]:
        if not isinstance(json, list) or not 1 <= len(json) <= CONSTANTS_MAX:
            raise Refused("wrong_type", f"write a list of 1 to {CONSTANTS_MAX} values: [ ... ].", place)
        read = [self.attempt(_constant, item, place.item(index), field) for index, item in enumerate(json)]
        constants = tuple(constant for constant in read if constant is not None)
        if len({constant.currency for constant in constants if isinstance(constant, Money)}) > 1:
            raise Refused("two_currencies", "use one currency in a condition.", place)
        return constants

    def refuse_unknown_keys(self, json: Json, known: frozenset[str], place: Place) -> None:
        for key in sorted(json.keys() - known):
            message = f"{shown(key)} has no meaning here.{near(key, sorted(known))} {one_of(sorted(known))}"
            self.errors.append(place.error("unknown_key", message))


def _combinator(json: Any, place: Place) -> Combinator:
    return Combinator(_word(json, "combinator", place, list(Combinator)))


def _constant(json: object, place: Place, field: Field) -> Constant:
    return read_constant(json, field)


def _pattern(json: object, place: Place, field: Field) -> Constant:
    text = read_constant(json, field)
    try:
        compile_pattern(str(text))
    except PatternError as error:
        words = f"{shown(text)} is not a pattern that can be used ({error})."
        raise Refused("bad_pattern", f"{words} Looking around and back is not possible.") from None
    return text


def _word(json: Json, key: str, place: Place, known: Sequence[str], context: str = "") -> str:
    word = json.get(key)
    if isinstance(word, str) and word in known:
        return word
    message = f"there is no {key} {shown(word)}{context}.{near(word, known)}" if key in json else f"{key} is missing."
    hint = f" {one_of(known)}" if len(known) <= len(Operator) else ""
    raise Refused(f"unknown_{key}", message + hint, place.key(key))


def _operand_key(json: Json, operator: Operator) -> str | None:
    given = [key for key in _OPERAND_KEYS if key in json]
    if operator in NEEDS_NOTHING:
        if given:
            raise Refused("wrong_operand", f"{operator} stands alone: leave out {' and '.join(given)}.")
        return None
    second = "list" if operator in _MEMBERSHIP else "other_field" if operator in COMPARISONS else None
    allowed = ("value", second) if second else ("value",)
    if len(given) != 1 or given[0] not in allowed:
        raise Refused("wrong_operand", f"{operator} needs one of: {', '.join(allowed)}.")
    return given[0]


def _other_field(json: object, field: Field, place: Place) -> OtherField:
    other = BY_NAME.get(json) if isinstance(json, str) else None
    if other is None:
        raise Refused("unknown_field", f"there is no field {shown(json)}.{near(json, BY_NAME)}", place)
    if other.type is not field.type:
        message = f"{field.name} is {field.type} and {other.name} is {other.type}: they do not compare."
        raise Refused("wrong_type", message, place)
    if other.choices != field.choices:
        words = f"{field.name} and {other.name} have no value in common: they do not compare."
        raise Refused("wrong_type", words, place)
    if other is field:
        raise Refused("same_field", f"{field.name} is compared with itself.", place)
    return OtherField(other.name)
