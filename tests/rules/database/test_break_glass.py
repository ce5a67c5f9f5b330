from datetime import timedelta

import pytest

from rules.errors import StepNotPossible
from rules.models import Alarm, BreakGlass, RulesetVersion
from rules.selectors import ruleset_load_live
from rules.services.break_glass import glass_break, glass_expired_take_out
from sentinel.core.errors import InvalidRequest
from sentinel.core.outcomes import Action
from tests.rules.examples import hits, payment

ABROAD = payment(location_country="FR")
FOUR_HOURS = timedelta(hours=4)


@pytest.fixture
def break_it(now):
    def break_it(rule, hours: int = 4):
        return glass_break(actor="ana", rule=rule, hours=hours, reason="cards of a breach are used", now=now)

    return break_it


def test_a_rule_decides_at_once_and_everybody_is_told(make_rule, break_it, now):
    glass = break_it(make_rule(is_live=False))

    live = ruleset_load_live(now)
    assert hits(live.compiled, ABROAD) == ["foreign_high_amount"]
    assert live.reload_at == glass.expires_at == now + FOUR_HOURS
    assert "ana broke the glass" in Alarm.objects.get().words


def test_it_ends_by_itself(make_rule, break_it, now):
    break_it(make_rule(is_live=False))

    assert hits(ruleset_load_live(now + FOUR_HOURS).compiled, ABROAD) == []

    glass_expired_take_out(now=now + FOUR_HOURS)
    assert RulesetVersion.objects.latest("number").members.count() == 0


def test_it_is_left_alone_before_its_end(make_rule, break_it, now):
    break_it(make_rule(is_live=False))

    glass_expired_take_out(now=now + timedelta(hours=3))

    assert RulesetVersion.objects.count() == 1


def test_what_allows_is_refused(make_rule, break_it):
    with pytest.raises(StepNotPossible, match="can only tighten"):
        break_it(make_rule(is_live=False, action=Action.ALLOW))

    assert (BreakGlass.objects.count(), RulesetVersion.objects.count(), Alarm.objects.count()) == (0, 0, 0)


def test_a_live_rule_is_not_replaced(make_rule, break_it):
    with pytest.raises(StepNotPossible, match="live already"):
        break_it(make_rule())

    assert (BreakGlass.objects.count(), RulesetVersion.objects.count()) == (0, 1)


@pytest.mark.parametrize("hours", [0, 25])
def test_it_lasts_for_a_day_at_most(make_rule, break_it, hours):
    with pytest.raises(InvalidRequest, match="1 to 24 hours"):
        break_it(make_rule(is_live=False), hours)

    assert (BreakGlass.objects.count(), RulesetVersion.objects.count()) == (0, 0)
