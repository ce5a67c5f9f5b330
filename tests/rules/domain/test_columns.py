"""Evaluating columns says of every payment what the compiled rules say of it."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rules.domain.columns import FOREVER, Columns, Evaluator, ListHistory, Texts
from rules.domain.compiler import CompiledRuleset, compile_ruleset
from rules.domain.definitions import Hit, RuleDefinition
from rules.domain.validation import load_expression
from sentinel.core.catalogue import FIELDS, INDEX, FieldType, Values, number_of
from sentinel.core.outcomes import Action
from tests.rules.domain.strategies import groups, values
from tests.rules.examples import LIST_TYPES, LISTS, group, payment, row

ALWAYS = {name: ListHistory(dict.fromkeys(items, ((0, FOREVER),))) for name, items in LISTS.items()}
NOON = 1_000_000


def columns_of(payments: list[Values], recorded_at: int = NOON) -> Columns:
    """What a simulation reads of payments that were packed."""
    numbers, texts = {}, {}
    for field in FIELDS:
        column = [each[INDEX[field.name]] for each in payments]
        if field.type is FieldType.TEXT:
            texts[field.name] = Texts.of(None if value is None else str(value) for value in column)
        elif field.packed:
            numbers[field.name] = np.array([number_of(field.name, value) for value in column])
        else:
            numbers[field.name] = np.array([math.nan if value is None else value for value in column])
    return Columns(np.full(len(payments), recorded_at, dtype=np.int64), numbers, texts)


def held(expression, payments: list[Values], lists=ALWAYS, recorded_at: int = NOON) -> list[bool]:
    read = load_expression(expression, LIST_TYPES)
    return Evaluator(columns_of(payments, recorded_at), lists).holds(read).tolist()


@settings(deadline=None)
@given(st.lists(groups(), min_size=1, max_size=4), st.lists(values(), min_size=1, max_size=12))
def test_columns_agree_with_the_compiled_rules_on_every_payment(expressions, payments):
    rules = [
        RuleDefinition(f"r{place}", 1, "", Action.REVIEW, "", "", load_expression(each, LIST_TYPES))
        for place, each in enumerate(expressions)
    ]
    compiled = compile_ruleset(rules, LISTS)
    evaluator = Evaluator(columns_of(payments), ALWAYS)

    for rule in rules:
        live = [rule.hit in hits_of(compiled, each) for each in payments]
        assert evaluator.holds(rule.expression).tolist() == live


def hits_of(compiled: CompiledRuleset, values: Values) -> list[Hit]:
    return [hit for second in (False, True) for hit in compiled.evaluate(values, second_pass=second).hits]


def test_an_item_counts_from_the_moment_it_was_added_until_it_ended():
    lists = {"blocked_cards": ListHistory({"tok_bad": ((10, 20), (30, FOREVER))})}
    rule = group(row("card_token", "in", list="blocked_cards"))
    blocked = [payment(card_token="tok_bad"), payment(card_token="tok_good"), payment()]

    on_the_list = [held(rule, blocked, lists, moment)[0] for moment in (9, 10, 19, 20, 29, 30, 10**15)]

    assert on_the_list == [False, True, True, False, False, True, True]
    assert held(rule, blocked, lists, 10) == [True, False, False]


def test_who_is_not_on_the_list_at_that_moment_passes_not_in():
    lists = {"risky_countries": ListHistory({"KP": ((10, 20),)})}
    rule = group(row("location_country", "not_in", list="risky_countries"))
    payments = [payment(location_country="KP"), payment(location_country="IN"), payment()]

    assert held(rule, payments, lists, 15) == [False, True, False]
    assert held(rule, payments, lists, 25) == [True, True, False]


def test_an_address_is_on_the_list_when_a_network_around_it_is():
    items = {"203.0.113.0/24": ((10, 20),), "198.51.100.7": ((0, FOREVER),), "2001:db8::/32": ((0, FOREVER),)}
    history = ListHistory(items, of_addresses=True)
    addresses = ["203.0.113.9", "203.0.114.9", "198.51.100.7", "2001:db8::1", "2001:db9::1", "no address", None]

    def on_the_list(moment: int) -> list[bool]:
        return history.had(addresses, np.arange(7), np.full(7, moment)).tolist()

    assert on_the_list(15) == [True, False, True, True, False, False, False]
    assert on_the_list(25) == [False, False, True, True, False, False, False]


def test_a_list_that_was_not_given_is_an_error_and_not_an_empty_list():
    with pytest.raises(KeyError):
        held(group(row("card_token", "in", list="blocked_cards")), [payment(card_token="tok_bad")], {})
