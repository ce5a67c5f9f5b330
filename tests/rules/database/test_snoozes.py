from datetime import timedelta

import pytest

from rules.models import RuleSnooze
from rules.selectors import ruleset_load_live
from rules.services.snoozes import rule_snooze, snooze_end
from sentinel.core.errors import InvalidRequest
from tests.factories import make_account
from tests.rules.examples import hits, payment

WEEK = timedelta(days=7)


@pytest.fixture
def account(db) -> str:
    return make_account().id


@pytest.fixture
def snooze(now):
    def snooze(rule, account_id, until=None):
        moment = until or now + WEEK
        return rule_snooze(actor="mia", rule=rule, account_id=account_id, until=moment, reason="a trip", now=now)

    return snooze


def hits_of(account_id: str, now) -> list[str]:
    return hits(ruleset_load_live(now).compiled, payment(location_country="FR", account_id=account_id))


def test_the_rule_leaves_one_account_alone_until_then(make_rule, account, snooze, now):
    snooze(make_rule(), account)

    assert hits_of(account, now) == []
    assert hits_of("acc_another", now) == ["foreign_high_amount"]
    assert hits_of(account, now + WEEK) == ["foreign_high_amount"]
    assert ruleset_load_live(now).reload_at == now + WEEK


def test_its_hits_are_still_noted(make_rule, account, snooze, now):
    snooze(make_rule(), account)

    compiled = ruleset_load_live(now).compiled
    found = compiled.evaluate(payment(location_country="FR", account_id=account), second_pass=False)

    assert [hit.code for hit in found.silent_hits] == ["foreign_high_amount"]


def test_a_snooze_is_ended_before_its_time(make_rule, account, snooze, now):
    made = snooze(make_rule(), account)

    snooze_end(actor="mia", snooze=made, now=now)

    assert hits_of(account, now) == ["foreign_high_amount"]
    assert RuleSnooze.objects.get().ended_by == "mia"


def test_a_second_snooze_takes_the_place_of_the_first(make_rule, account, snooze, now):
    rule = make_rule()
    snooze(rule, account)

    snooze(rule, account, now + 2 * WEEK)

    assert RuleSnooze.objects.get(ended_at__isnull=True).until == now + 2 * WEEK


def test_an_account_that_is_not_there_is_named(make_rule, snooze):
    with pytest.raises(InvalidRequest) as refusal:
        snooze(make_rule(), "acc_nobody")

    assert [error.field for error in refusal.value.errors] == ["account_id"]
    assert RuleSnooze.objects.count() == 0


def test_a_moment_that_has_passed_is_refused(make_rule, account, snooze, now):
    with pytest.raises(InvalidRequest, match="in the future"):
        snooze(make_rule(), account, now)

    assert RuleSnooze.objects.count() == 0
