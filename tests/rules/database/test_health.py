"""What is shown of each rule, made of the tallies."""

from datetime import timedelta

import pytest

from rules.domain.stages import Stage
from rules.models import Alarm, RuleDay, RuleHealth, RulePairDay
from rules.services.approvals import Start, rule_move
from rules.services.health import failures_alarm, health_renew
from rules.services.shipped import shipped_rule_take_out
from tests.rules.examples import group, row

DAY = timedelta(days=1)


@pytest.fixture
def day(now):
    """Tallies of a version of some days ago."""

    def make(version, back: int = 0, **counts) -> RuleDay:
        return RuleDay.objects.create(version=version, day=(now - back * DAY).date(), **counts)

    return make


def test_a_rule_has_its_volume_precision_and_cost(make_rule, day, now):
    version = make_rule().versions.get()
    day(version, 1, hits=20, silent_hits=4, fraud=3, legitimate=5, presumed=2, cost_ns=300_000, cost_samples=100)
    day(version, 2, hits=4, silent_fraud=2, last_hit_at=now - 2 * DAY)
    day(version, 91, fraud=1000)

    health_renew(errors={}, now=now + 14 * DAY)
    health_renew(errors={}, now=now + DAY)

    health = RuleHealth.objects.get()
    assert (health.version, health.stage, health.stage_since) == (version, "live", now)
    assert health.hits_per_day == 28  # let in yesterday
    assert (health.precision, health.judged) == (5 / 12, 12)
    assert (health.cost_us, health.cost_samples) == (3.0, 100)
    assert health.last_hit_at == now - 2 * DAY
    assert health.marks == []


def test_a_rule_that_never_hits_is_dead(make_rule, now):
    make_rule()
    health_renew(errors={}, now=now + 31 * DAY)

    assert RuleHealth.objects.get().marks == ["dead"]


def test_rules_that_hit_the_same_payments_are_named(make_rule, day, now):
    first, second, third = (make_rule(code).versions.get() for code in ("first", "second", "third"))
    for version in (first, second, third):
        day(version, 1, hits=30)
    RulePairDay.objects.create(first=first, second=second, day=(now - DAY).date(), hits=29)
    RulePairDay.objects.create(first=second, second=third, day=(now - DAY).date(), hits=20)
    health_renew(errors={}, now=now)

    found = {health.rule.code: health for health in RuleHealth.objects.all()}
    assert found["first"].duplicate_of == second.rule
    assert found["second"].duplicate_of == first.rule
    assert (found["third"].duplicate_of, found["third"].marks) == (None, [])


def test_a_stage_begins_with_the_first_ruleset_of_an_unbroken_row(make_rule, now):
    rule = make_rule()
    version = rule.versions.get()
    rule_move(actor="ben", version=version, start=Start(Stage.SHADOW), note="", now=now + DAY)
    rule_move(actor="ben", version=version, start=Start(Stage.LIVE), note="", now=now + 2 * DAY)
    make_rule("another")
    health_renew(errors={}, now=now + 3 * DAY)

    assert RuleHealth.objects.get(rule=rule).stage_since == now + 2 * DAY


def test_a_rule_that_is_taken_out_has_no_health(make_rule, now):
    rule = make_rule()
    health_renew(errors={}, now=now)
    shipped_rule_take_out(rule=rule, now=now)
    health_renew(errors={}, now=now)

    assert RuleHealth.objects.count() == 0


def test_a_failing_rule_is_marked_with_its_error_and_alarms_once_an_hour(make_rule, day, now):
    version = make_rule().versions.get()
    tally = day(version, failures=1, last_failed_at=now)
    for _ in range(2):
        health_renew(errors={version.pk: "TypeError: a word is no number"}, now=now)
        failures_alarm(now=now)

    health = RuleHealth.objects.get()
    assert (health.marks, health.last_error) == (["failing"], "TypeError: a word is no number")
    assert Alarm.objects.get().words == (
        "foreign_high_amount version 1 could not be evaluated for some payments. Open the rule and mend it."
        " TypeError: a word is no number"
    )

    failures_alarm(now=now + DAY / 12)
    assert Alarm.objects.count() == 1
    tally.last_failed_at = now + DAY / 12
    tally.save()
    failures_alarm(now=now + DAY / 12)
    assert Alarm.objects.count() == 2


def test_a_version_that_cannot_be_read_says_why(make_rule, rewrite, day, now):
    version = make_rule().versions.get()
    rewrite(version, group(row("a_field_of_old", "is_missing")))
    day(version, failures=1, last_failed_at=now)
    health_renew(errors={}, now=now)

    assert RuleHealth.objects.get().last_error == 'Row 1: there is no field "a_field_of_old".'
