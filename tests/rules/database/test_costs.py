"""From timing rules in a web process to the sums a task collects, over a real Redis."""

import asyncio
import time
from contextlib import suppress

import pytest
from redis import RedisError

from rules.domain.compiler import CompiledRuleset, compile_ruleset
from rules.domain.definitions import RuleDefinition
from rules.services.costs import Meter, costs_collect, errors_told
from sentinel.ops.connections import close_connections, redis_from_services, redis_key
from tests.rules.examples import LISTS, group, payment, row, rule


@pytest.fixture(autouse=True)
def nothing_told_yet(settings):
    settings.REDIS_KEY_PREFIX = f"costs-{time.time_ns()}"
    keys = redis_key("rule_costs"), redis_key("rule_errors")
    yield
    with redis_from_services() as client, suppress(RedisError):
        client.delete(*keys)


def compiled(*version_ids: int, **parts) -> CompiledRuleset:
    def numbered(version_id: int, expression) -> RuleDefinition:
        made = rule(expression, f"rule_{version_id}")
        return RuleDefinition(**{**{name: getattr(made, name) for name in made.__slots__}, "version_id": version_id})

    expressions = [group(row("is_night", "is_true")), group(row("score_percentile", "at_least", 0.9))]
    return compile_ruleset([numbered(*each) for each in zip(version_ids, expressions, strict=False)], LISTS, **parts)


def prepared(*version_ids: int) -> CompiledRuleset:
    ruleset = compiled(*version_ids)
    ruleset.first.prepare()
    ruleset.second.prepare()
    return ruleset


def measure(meter: Meter, ruleset: CompiledRuleset, groups: int, payments: int = 1) -> int:
    """How many groups were due."""

    async def work() -> int:
        due = 0
        for _ in range(groups):
            if meter.is_due(ruleset, payments):
                due += 1
                meter.measure_soon(ruleset, payment(), payment())
            await asyncio.sleep(0)
        while meter._telling:
            await asyncio.gather(*meter._telling)
        with suppress(RedisError):  # of a Redis that never was there
            await close_connections()
        return due

    return asyncio.run(work())


def test_one_payment_of_many_is_timed(settings):
    settings.RULE_COST_SAMPLE = 10

    assert measure(Meter(), compiled(7, 8), groups=4, payments=5) == 2


def test_the_rules_of_both_passes_are_timed_and_collected_once(settings):
    settings.RULE_COST_SAMPLE = 1
    measure(Meter(), prepared(7, 8), groups=1)

    costs = costs_collect()
    assert {version_id: samples for version_id, (_, samples) in costs.items()} == {7: 1, 8: 1}
    assert all(0 < cost_ns < 10**8 for cost_ns, _ in costs.values())
    assert costs_collect() == {}


def test_the_first_sample_prepares_the_rules_in_a_thread(settings):
    settings.RULE_COST_SAMPLE = 1
    ruleset = compiled(7)
    measure(Meter(), ruleset, groups=1)  # ending the loop waits for its threads

    assert ruleset.first.is_prepared
    assert costs_collect() == {}


def test_the_error_of_a_failing_rule_is_told(settings):
    ruleset = compiled(7)
    ruleset.first.errors[7] = "TypeError: a word is no number"
    measure(Meter(), ruleset, groups=2)

    assert errors_told() == {7: "TypeError: a word is no number"}
    assert costs_collect() == {}


def test_without_redis_nothing_breaks(settings):
    settings.RULE_COST_SAMPLE = 1
    settings.REDIS_URL = "redis://127.0.0.1:1/0"
    measure(Meter(), prepared(7), groups=1)

    assert costs_collect() == {}
    assert errors_told() == {}
