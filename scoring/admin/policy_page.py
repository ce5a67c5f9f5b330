"""What the page of one policy version shows: its way, the next steps, what it would have done, and its history."""

from typing import Any

from django.utils import timezone

from ledger.models import AuditEntry
from rules.models import Alarm
from scoring.admin.policy_chart import curve_shown, figures_shown
from scoring.domain.policy_json import policy_from
from scoring.domain.policy_releases import Point, Release
from scoring.domain.policy_words import compare_policies, policy_lines, policy_sentence
from scoring.models import PolicyRequest, PolicySimulation, PolicyVersion
from scoring.selectors.policies import policy_is_approved, policy_point, policy_request_open, release_current

VERSIONS_SHOWN = 50
HISTORY_SHOWN = 30


def policy_page(version: Any, user: Any, compare_with: str) -> dict[str, Any]:
    """Template values for a version of policies_with_standing."""
    release = release_current(timezone.now())
    point, asked = policy_point(version, release), policy_request_open(version)
    policy = policy_from(version.number, version.thresholds)
    simulation = version.simulations.filter(is_of_trial=False).first()
    return {
        "version": version,
        "point": point,
        "way": [(each.value, each is point) for each in Point],
        "release": release,
        "sentence": policy_sentence(policy),
        "lines": policy_lines(policy),
        "asked": asked,
        "asked_by_me": asked and user.get_username() in (asked.asked_by, version.author),
        "steps": _steps(version, release, asked, user),
        "simulation": simulation,
        "figures": figures_shown(simulation, policy),
        "curve": curve_shown(simulation),
        "trial": _trial(version),
        "compared": _compared(version, release, compare_with),
        "alarms": Alarm.objects.filter(subject=f"policy:{version.number}", seen_at__isnull=True),
        "history": _history(version) if user.has_perm("ledger.view_auditentry") else None,
    }


def _steps(
    version: PolicyVersion, release: Release, asked: PolicyRequest | None, user: Any
) -> list[tuple[str, str, str]]:
    """Name, words and style of the steps this person can take now, the next one first."""
    name, is_live = user.get_username(), version.number == release.live
    may_write, may_publish = user.has_perm("scoring.add_policyversion"), user.has_perm("scoring.publish_policy")
    is_approved, is_on_trial = policy_is_approved(version), version.number == release.trial
    is_simulated = version.simulations.filter(state=PolicySimulation.State.DONE, is_of_trial=False).exists()
    may_break = user.has_perm("scoring.break_glass_policy") and not is_live and not release.emergency
    possible = [
        ("approve", "Approve and publish…", "plain" if name in _own(asked) else "", may_publish and asked),
        ("refuse", "Refuse…", "plain", may_publish and asked and asked.asked_by != name),
        ("withdraw", "Withdraw the request…", "plain", asked and asked.asked_by == name),
        ("ask", "Ask for approval…", "" if is_simulated else "plain", may_write and not asked and not is_approved),
        ("simulate", "Simulate…", "plain" if is_simulated else "", may_write),
        ("move", "Move to a stage…", "" if is_on_trial else "plain", may_publish and is_approved and not is_live),
        ("stop-trial", "Take it off trial…", "plain", may_publish and is_on_trial),
        ("break-glass", "Break the glass…", "plain", may_break),
    ]
    return [(step, words, style) for step, words, style, is_possible in possible if is_possible]


def _own(asked: PolicyRequest | None) -> tuple[str, ...]:
    return (asked.asked_by, asked.version.author) if asked else ()


def _trial(version: PolicyVersion) -> dict[str, Any] | None:
    """How it did on trial beside the live policy, so far."""
    newest = version.simulations.filter(is_of_trial=True, state=PolicySimulation.State.DONE).first()
    return {"simulation": newest, **newest.figures} if newest else None


def _compared(version: PolicyVersion, release: Release, compare_with: str) -> dict[str, Any]:
    """Against a version by its number, else the live one, else the one before it."""
    others = list(PolicyVersion.objects.exclude(number=version.number)[:VERSIONS_SHOWN])
    numbers = [each.number for each in others]
    wanted = [int(compare_with) if compare_with.isdecimal() else None, release.live, version.number - 1]
    chosen = next((number for number in wanted if number in numbers), None)
    other = next((each for each in others if each.number == chosen), None)
    lines = []
    if other:
        before, after = (policy_from(each.number, each.thresholds) for each in (other, version))
        lines = compare_policies(before, after)
    return {"others": others, "number": chosen, "lines": lines}


def _history(version: PolicyVersion) -> list[AuditEntry]:
    return list(AuditEntry.objects.filter(subject=f"policy {version.number}").order_by("-id")[:HISTORY_SHOWN])
