"""What rules cost, from the payments of a gateway to the day's tallies."""

import time

import pytest
from django.utils import timezone

from rules.models import Rule, RuleDay
from rules.services.costs import METER, costs_collect
from rules.services.tallies import costs_fold
from tests.rulesets import live_rules

pytestmark = pytest.mark.journey


def test_a_live_rule_has_a_cost(gateway, settings):
    settings.RULE_COST_SAMPLE = 1
    account_id = gateway.open_account()
    METER._told_at_seconds = -60.0
    costs: dict[int, tuple[int, int]] = {}
    with live_rules(review={"field": "is_night", "operator": "is_missing"}):
        version = Rule.objects.filter(code__startswith="test_").latest("id").versions.get()
        for _ in range(40):
            assert gateway.pay(account_id, "1.00").status_code == 201
            METER._told_at_seconds = -60.0
            if version.pk in (costs := costs_collect()):
                break
            time.sleep(0.05)

    costs_fold(costs=costs, now=timezone.now())

    day = RuleDay.objects.get(version=version)
    assert day.cost_samples >= 1
    assert 0 < day.cost_ns < 10**8 * day.cost_samples
