"""The rules of docs/rules.md can be saved as they stand; its tables are what the code says."""

import json
import re

import pytest

from rules.domain.expressions import (
    CONDITIONS_MAX,
    CONSTANTS_MAX,
    DEPTH_MAX,
    OPERATORS,
    TEXT_LENGTH_MAX,
    Combinator,
    Operator,
    needs_score,
)
from rules.domain.sentence import sentence
from rules.domain.starter_rules import STARTER_LISTS, STARTER_RULES
from rules.domain.validation import parse_expression
from sentinel.core.catalogue import FieldType
from sentinel.core.outcomes import Action
from tests.docs.documents import DOCS, blocks

PAGE = DOCS / "rules.md"
LISTS = {name: item_type for name, item_type, *_ in STARTER_LISTS}
EXAMPLES = [json.loads(block) for block in blocks(PAGE, "json")]


@pytest.mark.parametrize("example", EXAMPLES)
def test_every_example_can_be_saved(example):
    assert sentence(Action.REVIEW, parse_expression(example, LISTS))


def test_the_first_example_reads_as_the_page_says():
    expression = parse_expression(EXAMPLES[0], LISTS)

    assert f"> {sentence(Action.REVIEW, expression)}\n" in PAGE.read_text()


def test_one_example_is_of_the_second_pass():
    assert [needs_score(parse_expression(example, LISTS)) for example in EXAMPLES].count(True) == 1


def test_operators_stand_beside_the_types_they_are_for():
    """The table of operators, row by row, against OPERATORS."""
    rows = re.findall(r"^\| (`.*?) \| .* \| (.*) \|$", section("## Conditions", "Text otherwise"), re.MULTILINE)
    told = {Operator(name): types(words) for names, words in rows for name in re.findall(r"`(\w+)`", names)}

    assert told == {
        operator: {field_type for field_type in FieldType if operator in OPERATORS[field_type]}
        for operator in Operator
    }


def test_combinators_limits_and_starter_rules_are_told():
    text = PAGE.read_text()

    assert all(f"| `{combinator}` |" in text for combinator in Combinator)
    for limit in (DEPTH_MAX, CONDITIONS_MAX, CONSTANTS_MAX, TEXT_LENGTH_MAX):
        assert re.search(rf"\| {limit}\b", section("## Limits", "Rows that"))
    rows = [
        f"| `{rule.code}` | {rule.action.value} | {rule.stage.value} | {rule.reason_words} |"
        for rule in STARTER_RULES
    ]
    assert section("## The starter rules", "").split("|---|---|---|---|\n")[1].splitlines() == rows


def section(start: str, end: str) -> str:
    text = PAGE.read_text().partition(start)[2]
    return text.partition(end)[0] if end else text


def types(words: str) -> set[FieldType]:
    if words == "all":
        return set(FieldType)
    if words == "all but flags":
        return set(FieldType) - {FieldType.FLAG}
    return {FieldType(word.split()[0]) for word in words.split(", ")}
