"""What the page of one rule shows beside its form: its way, the next steps, versions, snoozes and history."""

from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from django.utils import timezone

from ledger.models import AuditEntry
from rules.admin.health import rule_fares
from rules.admin.steps import members_now, open_request
from rules.domain.differences import Line, compare_expressions
from rules.domain.path import Point, Standing
from rules.domain.stages import Stage
from rules.domain.validation import load_expression
from rules.errors import InvalidExpression
from rules.models import Alarm, ApprovalRequest, Rule, RuleVersion, Simulation
from rules.selectors import sentence_of, standing_of, version_is_approved

VERSIONS_SHOWN = 20
HISTORY_SHOWN = 30

_WAY = (
    Point.DRAFT,
    Point.SIMULATED,
    Point.AWAITING_APPROVAL,
    Point.SHADOW,
    Point.CANARY,
    Point.LIVE,
    Point.RETIRED,
)


@dataclass(frozen=True, slots=True)
class VersionShown:
    version: RuleVersion
    sentence: str
    stage: str
    lines: list[Line]  # against the version before it; empty for the first


def rule_page(rule: Any, user: Any) -> dict[str, Any]:
    """Template values for a rule of rules_with_standing."""
    standing, asked, members = standing_of(rule), open_request(rule), members_now(rule)
    latest = rule.versions.first()
    now = timezone.now()
    stages = {member.version_id: _stage_words(member) for member in members}
    return {
        "rule": rule,
        "latest": latest,
        "standing": standing,
        "sentence": sentence_of(latest.action, latest.expression) if latest else "No conditions yet.",
        "way": [(point.value, point is standing.point) for point in _WAY],
        "asked": asked,
        "asked_by_me": asked and user.get_username() in (asked.asked_by, asked.version.author),
        "members": members,
        "steps": _steps(rule, standing, asked, latest, user),
        "simulation": _latest_simulation(latest),
        "may_simulate": latest is not None and user.has_perm("rules.change_rule"),
        "fares": rule_fares(rule, members, stages),
        "versions": _versions(rule, stages),
        "snoozes": rule.snoozes.filter(ended_at__isnull=True, until__gt=now),
        "may_snooze": user.has_perm("rules.add_rulesnooze"),
        "alarms": Alarm.objects.filter(subject=f"rule:{rule.code}", seen_at__isnull=True),
        "history": _history(rule) if user.has_perm("ledger.view_auditentry") else None,
    }


def _latest_simulation(version: RuleVersion | None) -> Simulation | None:
    return Simulation.objects.filter(version=version).defer("result").first() if version else None


def _stage_words(member: Any) -> str:
    return f"canary {member.share_percent} %" if member.stage == Stage.CANARY else member.stage


def _steps(
    rule: Rule, standing: Standing, asked: ApprovalRequest | None, latest: RuleVersion | None, user: Any
) -> list[tuple[str, str, str]]:
    """Name, words and style of the steps this person can take now, the next one first."""
    may_write, may_publish = user.has_perm("rules.change_rule"), user.has_perm("rules.publish_rule")
    steps: list[tuple[str, str, str]] = []
    if asked:
        is_own = user.get_username() in (asked.asked_by, asked.version.author)
        if may_publish and asked.kind == ApprovalRequest.Kind.RETIRE:
            steps.append(("approve-retirement", "Retire…", "danger"))
        elif may_publish:
            steps.append(("approve", "Approve and publish…", "plain" if is_own else ""))
        if may_publish and asked.asked_by != user.get_username():
            steps.append(("refuse", "Refuse…", "plain"))
        if asked.asked_by == user.get_username():
            steps.append(("withdraw", "Withdraw the request…", "plain"))
    elif may_write and latest and standing.is_simulated and not version_is_approved(latest):
        steps.append(("ask", "Ask for approval…", ""))
    if may_publish and (standing.trial or standing.live):
        steps.append(("move", "Move to another stage…", "" if standing.trial and not asked else "plain"))
    if may_write and (standing.trial or standing.live) and not asked:
        steps.append(("retire", "Ask to retire…", "plain"))
    if user.has_perm("rules.break_glass_rule") and latest and not standing.live and latest.action != "allow":
        steps.append(("break-glass", "Break the glass…", "plain"))
    return steps


def _versions(rule: Rule, stages: dict[int, str]) -> list[VersionShown]:
    """The newest first, each with what it changed."""
    found = list(rule.versions.order_by("-number")[: VERSIONS_SHOWN + 1])
    befores: list[RuleVersion | None] = [before for _, before in pairwise(found)]
    if len(found) <= VERSIONS_SHOWN:
        befores.append(None)
    return [
        VersionShown(
            version,
            sentence_of(version.action, version.expression),
            stages.get(version.pk, ""),
            _difference(before, version) if before else [],
        )
        for version, before in zip(found[:VERSIONS_SHOWN], befores, strict=False)
    ]


def _difference(before: RuleVersion, after: RuleVersion) -> list[Line]:
    try:
        lines = compare_expressions(
            load_expression(before.expression, lists=None), load_expression(after.expression, lists=None)
        )
    except InvalidExpression:
        return []
    said = [("action", before.action, after.action), ("reason", before.reason_words, after.reason_words)]
    for name, old, new in said:
        if old != new:
            lines += [Line("removed", 0, f"{name}: {old}"), Line("added", 0, f"{name}: {new}")]
    return lines


def _history(rule: Rule) -> list[AuditEntry]:
    return list(AuditEntry.objects.filter(subject=f"rule:{rule.code}").order_by("-id")[:HISTORY_SHOWN])
