"""The probes that break engines which evaluate text. Here there is no text to evaluate: each is data, or refused."""

import pytest

from rules.domain.validation import parse_expression
from rules.errors import InvalidExpression
from tests.rules.examples import LIST_TYPES, group, holds, row

PROBES = [
    "().__class__.__bases__[0].__subclasses__()",
    "__import__('os').system('true')",
    "open('/etc/passwd').read()",
    "9**9**9",
    "(lambda f: f(f))(lambda f: f(f))",
    "{{7*7}}",
    "${jndi:ldap://127.0.0.1/x}",
    "'; DROP TABLE rules_rule; --",
    "amount.__class__.__init__.__globals__",
    "\n    import os",
]


@pytest.mark.parametrize("probe", PROBES)
@pytest.mark.parametrize("place", ["field", "operator", "other_field", "list", "combinator", "key"])
def test_a_probe_in_the_place_of_a_word_is_refused(probe, place):
    tree = {
        "field": group(row(probe, "is_missing")),
        "operator": group(row("amount", probe)),
        "other_field": group(row("amount", "equal", other_field=probe)),
        "list": group(row("card_token", "in", list=probe)),
        "combinator": group(row("amount", "is_missing"), combinator=probe),
        "key": group({**row("amount", "is_missing"), probe: 1}),
    }[place]

    with pytest.raises(InvalidExpression):
        parse_expression(tree, LIST_TYPES)


@pytest.mark.parametrize("probe", [probe for probe in PROBES if probe.isprintable()])
@pytest.mark.parametrize("operator", ["equal", "contains", "starts_with"])
def test_a_probe_as_a_value_is_text_like_any_other(probe, operator):
    rule = group(row("merchant_name", operator, probe))

    assert holds(rule, merchant_name=probe)
    assert not holds(rule, merchant_name="Corner Books")


@pytest.mark.parametrize("probe", ["(a+)+$", "^(a|a)*$", "(.*a){20}"])
def test_a_pattern_that_backtracks_elsewhere_is_linear(probe):
    assert not holds(group(row("merchant_name", "matches", probe)), merchant_name="b" * 100_000)


@pytest.mark.parametrize("probe", ["(", "(?<=a)b", "(a)\\1", "a{1001}", "(?P<n"])
def test_a_pattern_that_is_none_or_needs_backtracking_is_refused(probe):
    with pytest.raises(InvalidExpression):
        parse_expression(group(row("merchant_name", "matches", probe)), LIST_TYPES)
