"""The same rules in other languages say the same: only then may their times be compared."""

import pytest

from bench import rule_engines
from bench.rule_languages import RuleEngineLanguage, ZenLanguage
from bench.rulesets import realistic_rules
from sentinel.ops.console import Refusal
from tests.rules.examples import FOREIGN_HIGH_AMOUNT, rule

PAYMENTS = rule_engines.varied_payments(40)


@pytest.mark.parametrize("name", ["rule-engine, rule by rule", "zen-engine, rule by rule", "zen-engine, one list"])
def test_every_engine_finds_the_same_hits(name):
    rules = realistic_rules(50)
    expected = rule_engines.ours(rules, PAYMENTS)()

    assert any(expected)
    assert rule_engines.available()[name](rules, PAYMENTS)() == expected


def test_an_engine_that_finds_other_hits_is_not_timed():
    engines: dict[str, rule_engines.Engine] = {rule_engines.OURS: lambda: [frozenset({1})]}
    engines["another"] = lambda: [frozenset()]

    with pytest.raises(Refusal, match="another finds other hits for 1 of 1 payments"):
        rule_engines.refuse_differences(engines)


def test_what_is_not_installed_is_left_out(monkeypatch):
    monkeypatch.setattr(rule_engines, "find_spec", lambda name: None)

    assert rule_engines.available() == {}


def test_a_rule_is_written_with_a_guard_before_each_comparison():
    expression = rule(FOREIGN_HIGH_AMOUNT).expression
    expected = (
        '((currency == "INR" and amount != null and amount > 500000) and '
        "(location_country != null and home_country != null and location_country != home_country))"
    )

    assert RuleEngineLanguage().expression(expression) == expected
    assert ZenLanguage().expression(expression) == expected
