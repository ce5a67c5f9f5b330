"""What the record keeps of rules with and without a say, from the first payment to the stored decision."""

from datetime import timedelta
from uuid import uuid4

import pytest
from django.utils import timezone

from ledger.models import Decision
from rules.domain.definitions import RuleDraft
from rules.domain.stages import Stage
from rules.models import Rule
from rules.services.approvals import Start, publishing_ask, request_approve, rule_move
from rules.services.rules import rule_save
from rules.services.shipped import shipped_rule_take_out
from rules.services.snoozes import rule_snooze
from sentinel.core.ids import parse_public_id
from sentinel.core.outcomes import Action
from tests.gateway import purchase
from tests.rulesets import simulate

pytestmark = pytest.mark.journey
LARGE = {"field": "amount", "operator": "greater_than", "value": {"amount": "5000.00", "currency": "INR"}}


@pytest.fixture
def in_shadow(committed):
    """A rule that a colleague approved and put into shadow."""
    code = f"large_{uuid4().hex[:6]}"
    draft = RuleDraft(Action.DECLINE, f"rule.{code}", "Too large", {"combinator": "all", "conditions": [LARGE]})
    rule = Rule(code=code, name="Large")
    now = timezone.now()
    rule_save(actor="ana", rule=rule, draft=draft, now=now)
    simulate(rule)
    request = publishing_ask(actor="ana", rule=rule, note="", now=now)
    request_approve(actor="ben", request=request, start=Start(Stage.SHADOW), note="", now=now)
    yield rule
    shipped_rule_take_out(rule=rule, now=timezone.now())


def test_a_rule_on_trial_is_noted_and_a_live_one_decides(gateway, in_shadow):
    account_id = gateway.open_account("100000.00")
    version = in_shadow.versions.get()

    def pay() -> Decision:
        receipt = gateway.post("transactions", purchase(account_id, "6000.00")).json()
        return Decision.objects.get(pk=parse_public_id("txn", receipt["id"]))

    noted = pay()
    assert (noted.outcome, noted.rule_hits, noted.silent_hits) == ("approve", [], [version.pk])

    rule_move(actor="ben", version=version, start=Start(Stage.LIVE), note="", now=timezone.now())
    declined = pay()
    assert (declined.outcome, declined.rule_hits, declined.silent_hits) == ("decline", [version.pk], [])

    rule_snooze(
        actor="mia",
        rule=in_shadow,
        account_id=account_id,
        until=timezone.now() + timedelta(days=1),
        reason="a wedding",
        now=timezone.now(),
    )
    assert (pay().outcome, pay().silent_hits) == ("approve", [version.pk])
