"""Hypothesis strategies: payments, and expressions that the catalogue's types allow."""

from typing import Any

from hypothesis import strategies as st

from rules.domain.expressions import COMPARISONS, NEEDS_NOTHING, OPERATORS, Operator
from rules.domain.lists import item_types_for
from sentinel.core.catalogue import BY_NAME, FIELDS, Field, FieldType, Values
from sentinel.core.money import format_amount
from tests.rules.examples import LIST_TYPES

# Few values a type, so that conditions often meet them; and some that try to be more than data.
CURRENCIES = ("INR", "JPY", "BHD")
MINOR = (0, 1, 500_000, 540_000, 999_999_999_999_999)
TEXTS = (
    "tok_bad",
    "Tok_BAD",
    "__import__('os')",
    '" or True or "',
    "{values}",
    "\\",
    "value_0",
    "ß",
    "None",
    "İ",
)
COUNTRIES = ("IN", "FR", "KP")
CATEGORIES = ("5732", "7995")
PATTERNS = ("^tok", "(?i)^TOK_bad$", "(a+)+$", "[0-9]", "ß|İ", "o.*o")
WHOLE = (-1, 0, 1, 8, 23, 10**15)
NUMBERS = (-0.0, 0.5, 1.0, 8.0, 1e-300, 1e15)


def _samples(field: Field) -> tuple[Any, ...]:
    match field.type:
        case FieldType.MONEY:
            return MINOR
        case FieldType.WHOLE:
            return WHOLE
        case FieldType.NUMBER:
            return NUMBERS
        case FieldType.FLAG:
            return (True, False)
        case FieldType.COUNTRY:
            return COUNTRIES
        case FieldType.CURRENCY:
            return CURRENCIES
        case FieldType.CATEGORY:
            return CATEGORIES
        case FieldType.CHOICE:
            return field.choices
    return TEXTS


def values() -> st.SearchStrategy[Values]:
    return st.tuples(*(st.sampled_from((None, *_samples(field))) for field in FIELDS))


def _constants(field: Field) -> st.SearchStrategy[Any]:
    if field.type is not FieldType.MONEY:
        return st.sampled_from(_samples(field))
    return st.builds(
        lambda minor, currency: {"amount": format_amount(minor, currency), "currency": currency},
        st.sampled_from(MINOR),
        st.sampled_from(CURRENCIES),
    )


@st.composite
def rows(draw: st.DrawFn, fields: tuple[Field, ...] = FIELDS) -> dict[str, Any]:
    field = draw(st.sampled_from(fields))
    operator = draw(st.sampled_from(OPERATORS[field.type]))
    return {"field": field.name, "operator": operator.value, **draw(_operands(field, operator))}


def _operands(field: Field, operator: Operator) -> st.SearchStrategy[dict[str, Any]]:
    if operator in NEEDS_NOTHING:
        return st.just({})
    if operator is Operator.MATCHES:
        return _under("value", st.sampled_from(PATTERNS))
    if operator is Operator.BETWEEN:
        return _under("value", _ranges(field))
    if operator in (Operator.IN, Operator.NOT_IN):
        named = [name for name, item_type in LIST_TYPES.items() if item_type in item_types_for(field)]
        return _under("value", st.lists(_constants(field), min_size=1, max_size=3)) | _one_under("list", named)
    alike = [other for other in FIELDS if other.type is field.type and other.choices == field.choices]
    others = [other.name for other in alike if other is not field]
    return _under("value", _constants(field)) | _one_under("other_field", others if operator in COMPARISONS else [])


def _under(key: str, members: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries({key: members})


def _one_under(key: str, names: list[str]) -> st.SearchStrategy[dict[str, Any]]:
    return _under(key, st.sampled_from(names)) if names else st.nothing()


def _ranges(field: Field) -> st.SearchStrategy[Any]:
    if field.type is FieldType.MONEY:
        edges = st.lists(st.sampled_from(MINOR), min_size=2, max_size=2).map(sorted)
        return edges.map(lambda pair: [{"amount": format_amount(edge, "INR"), "currency": "INR"} for edge in pair])
    return st.lists(st.sampled_from(_samples(field)), min_size=2, max_size=2).map(sorted)


def groups() -> st.SearchStrategy[dict[str, Any]]:
    members = st.recursive(rows(), _group_of, max_leaves=8)
    return _group_of(members)


_FEW = ("amount", "usual_amount_30d", "currency", "hour", "speed_kmh", "home_country", "is_night", "channel")


def few_groups() -> st.SearchStrategy[dict[str, Any]]:
    """Trees over few fields: their rows often exclude, repeat or imply each other."""
    few = rows(tuple(BY_NAME[name] for name in _FEW))
    return _group_of(st.recursive(few, _group_of, max_leaves=6))


def all_groups_of_few_fields() -> st.SearchStrategy[dict[str, Any]]:
    """Rows that often exclude each other."""
    few = rows(tuple(BY_NAME[name] for name in _FEW))
    return st.fixed_dictionaries({"combinator": st.just("all"), "conditions": st.lists(few, min_size=2, max_size=5)})


def _group_of(members: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries(
        {
            "combinator": st.sampled_from(["all", "any", "none"]),
            "conditions": st.lists(members, min_size=1, max_size=4),
        }
    )
