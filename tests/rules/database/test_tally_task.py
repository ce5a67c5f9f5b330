"""The whole run of a minute, from decisions to marks, alarms and the brake."""

from datetime import timedelta

import pytest
from django.utils import timezone

from ledger.selectors import settled
from rules.domain.stages import Stage
from rules.models import Alarm, RuleHealth, RulesetMember, RulesetVersion
from rules.services import brake
from rules.services.shipped import shipped_rules_publish
from rules.tasks import rules_tally
from tests.factories import make_account, make_client, make_payment


@pytest.fixture
def version(make_rule, make_draft, monkeypatch):
    """Live for two hours; its payments count at once, and one hit a day is expected."""
    monkeypatch.setattr(settled, "MARGIN", timedelta(0))
    monkeypatch.setattr(brake, "simulated_hits_per_day", lambda _: 1.0)
    rule = make_rule(is_live=False)
    ago = timezone.now() - timedelta(hours=2)
    (published,) = shipped_rules_publish(rules=[(rule, make_draft(), Stage.LIVE)], note="tests", now=ago)
    return published


def test_a_minute_counts_renews_alarms_and_brakes(version, settings):
    settings.BRAKE_HITS_MIN = 3
    account, client = make_account(), make_client()
    for _ in range(3):
        make_payment(account, client, amount_minor=1, verdict_changes={"rule_hits": (version.pk,)})
    make_payment(account, client, amount_minor=1, verdict_changes={"failed_rules": (version.pk,)})

    rules_tally()
    rules_tally()

    assert list(Alarm.objects.order_by("id").values_list("kind", flat=True)) == ["rule.failed", "rule.braked"]
    current = RulesetVersion.objects.latest("number")
    assert RulesetMember.objects.get(ruleset=current).stage == Stage.SHADOW
    health = RuleHealth.objects.get()
    assert (health.stage, health.hits_per_day, health.marks) == ("shadow", 3.0, ["failing"])


def test_without_rules_and_payments_nothing_happens(db):
    rules_tally()

    assert (Alarm.objects.count(), RuleHealth.objects.count(), RulesetVersion.objects.count()) == (0, 0, 0)
