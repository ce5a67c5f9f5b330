"""What a verdict does besides: a value on a list, a rule that leaves the account alone."""

from datetime import timedelta

import pytest
from django.utils import timezone

from ledger.domain.cases import Verdict
from ledger.models import PendingVerdict
from ledger.services.cases.applying import verdicts_apply
from ledger.services.cases.verdicts import Given, verdict_give
from rules.domain.definitions import RuleDraft
from rules.models import List, ListItem, Rule, RuleSnooze
from rules.services.lists import list_save
from rules.services.rules import rule_save
from sentinel.core.errors import SentinelError
from sentinel.core.outcomes import Action
from tests.ledger.cases import Bank, reviewer
from tests.rules.examples import FOREIGN_HIGH_AMOUNT


@pytest.fixture
def case(db):
    PendingVerdict.objects.all().delete()  # of tests that keep their rows
    now = timezone.now()
    blocked = List(name="blocked_of_cases", item_type="text", purpose="block")
    list_save(actor="ana", item_list=blocked, now=now)
    draft = RuleDraft(Action.REVIEW, "rule.of_cases", "Counted", FOREIGN_HIGH_AMOUNT)
    rule_save(actor="ana", rule=Rule(code="of_cases", name="of cases"), draft=draft, now=now)
    return Bank().hold()


def give(case, **extra):
    given = Given(Verdict.DECLINE, reason="cannot_verify", extras=[extra])
    return verdict_give(case_id=case.pk, given=given, user=reviewer(), now=timezone.now())


def in_days(days: int) -> str:
    return (timezone.now() + timedelta(days=days)).isoformat()


@pytest.mark.parametrize("times", [1, 2])
def test_a_value_is_listed_once_until_its_moment(case, times):
    for each in [case, Bank().hold()][:times]:
        give(each, kind="list_item", list="blocked_of_cases", value="m_17", expires_at=in_days(30))

    assert verdicts_apply(now=timezone.now() + timedelta(seconds=11)) == times
    item = ListItem.objects.get(list__name="blocked_of_cases")
    assert (item.value, item.reason) == ("m_17", f"Verdict on {case.transaction.public_id}")


def test_a_rule_leaves_the_account_alone(case):
    give(case, kind="rule_snooze", rule="of_cases", until=in_days(7))

    assert verdicts_apply(now=timezone.now() + timedelta(seconds=11)) == 1
    assert RuleSnooze.objects.get(rule__code="of_cases").account_id == case.account_id


@pytest.mark.parametrize(
    ("extra", "field"),
    [
        ({"kind": "list_item", "list": "nobodys", "value": "x"}, "extras.list"),
        ({"kind": "list_item", "list": "blocked_of_cases", "value": "x", "expires_at": "soon"}, "extras.expires_at"),
        ({"kind": "rule_snooze", "rule": "nobodys"}, "extras.rule"),
        ({"kind": "rule_snooze", "rule": "of_cases", "until": "2020-01-01T00:00:00+00:00"}, "extras.until"),
    ],
)
def test_what_cannot_be_done_is_refused_with_the_verdict(case, extra, field):
    with pytest.raises(SentinelError) as refused:
        give(case, **extra)

    assert [error.field for error in refused.value.errors] == [field]
    assert not PendingVerdict.objects.exists()
