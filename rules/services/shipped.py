"""Rules that come with the product, or with a bench or test: written, approved and live in one step.

Their author and their approver are names that no person has.
"""

from collections.abc import Iterable
from datetime import datetime

from django.db import transaction

from rules.domain.definitions import RuleDraft
from rules.domain.stages import Placement, Stage, with_placed, without_rule
from rules.models import ApprovalRequest, Rule, RuleVersion
from rules.selectors import version_is_approved
from rules.services.rules import rule_save
from rules.services.rulesets import publishing_lock, ruleset_change

AUTHOR = "system"
APPROVER = "shipped"


@transaction.atomic
def shipped_rules_publish(
    *, rules: Iterable[tuple[Rule, RuleDraft, Stage]], note: str, now: datetime, alone: bool = False
) -> list[RuleVersion]:
    """Saves the rules and publishes them together, live or in shadow; `alone`: no other rule is asked afterwards.

    Errors: as rule_save. Locks: publishing_lock, until the database transaction ends.
    """
    publishing_lock()
    stages = {rule_save(actor=AUTHOR, rule=rule, draft=draft, now=now): stage for rule, draft, stage in rules}
    for version in stages:
        _approve(version, note, now)

    def change(placements: Iterable[Placement]) -> Iterable[Placement]:
        after = [] if alone else list(placements)
        for version, stage in stages.items():
            after = with_placed(after, Placement(version.rule_id, version.pk, stage))
        return after

    ruleset_change(actor=AUTHOR, change=change, note=note, now=now)
    return list(stages)


@transaction.atomic
def shipped_rule_take_out(*, rule: Rule, now: datetime) -> None:
    """Locks: publishing_lock, until the database transaction ends."""
    ruleset_change(actor=AUTHOR, change=lambda all_: without_rule(all_, rule.pk), note=f"{rule.code} out", now=now)


def _approve(version: RuleVersion, note: str, now: datetime) -> None:
    if not version_is_approved(version):
        ApprovalRequest.objects.create(
            rule=version.rule,
            version=version,
            kind=ApprovalRequest.Kind.PUBLISH,
            asked_by=AUTHOR,
            asked_at=now,
            state=ApprovalRequest.State.APPROVED,
            decided_by=APPROVER,
            decided_at=now,
            decision_note=note,
        )
