"""The second person for the policy: asking that a version be published, and deciding on it."""

from datetime import datetime

from django.db import transaction

from ledger.services.card_numbers import card_numbers_refuse
from rules.domain.stages import Stage
from rules.errors import NotApproved, OwnWork, RequestClosed, RequestOpen, StepNotPossible
from rules.services.alarms import alarm_raise
from rules.services.approvals import Start
from rules.services.rulesets import publishing_lock
from scoring.domain.policy_releases import Release
from scoring.models import PolicyRelease, PolicyRequest, PolicyVersion
from scoring.selectors.policies import policy_is_approved, policy_is_simulated, release_current
from scoring.selectors.policy_figures import scores_exist
from scoring.services.policies import policy_audit, policy_release

_State = PolicyRequest.State


@transaction.atomic
def policy_ask(*, actor: str, version: PolicyVersion, note: str, now: datetime) -> PolicyRequest:
    """Asks that a version be published.

    Errors: RequestOpen, InvalidRequest; StepNotPossible also while it was not simulated, unless nothing was scored.
    """
    publishing_lock()
    card_numbers_refuse(note=note)
    if version.requests.filter(state=_State.OPEN).exists():
        raise RequestOpen("This version waits for approval already.")
    if policy_is_approved(version):
        raise StepNotPossible("This version is approved already. Move it on, or write a new one.")
    if not policy_is_simulated(version) and scores_exist():
        raise StepNotPossible("Simulate the policy first: your colleague decides by what it would have done.")
    request = PolicyRequest(version=version, note=note, asked_by=actor, asked_at=now)
    request.full_clean()
    request.save()
    policy_audit(actor, "policy.asked_to_publish", version.number, now, note=note)
    return request


@transaction.atomic
def policy_approve(
    *, actor: str, request: PolicyRequest, start: Start, note: str, now: datetime
) -> PolicyRelease | None:
    """Lets the version begin where `start` says.

    Errors: OwnWork, RequestClosed, InvalidRequest. Nothing is changed then.
    Locks: publishing_lock, until the database transaction ends.
    """
    publishing_lock()
    request = _close(actor, request, _State.APPROVED, note, now)
    return _place(actor, request.version, start, now)


@transaction.atomic
def policy_refuse(*, actor: str, request: PolicyRequest, note: str, now: datetime) -> None:
    """Errors: OwnWork, RequestClosed, InvalidRequest."""
    publishing_lock()
    _close(actor, request, _State.REFUSED, note, now)


@transaction.atomic
def policy_withdraw(*, actor: str, request: PolicyRequest, now: datetime) -> None:
    """Errors: RequestClosed; StepNotPossible for whoever did not ask."""
    publishing_lock()
    if request.asked_by != actor:
        raise StepNotPossible(f"Only {request.asked_by}, who asked, can withdraw the request.")
    _close(actor, request, _State.WITHDRAWN, "", now)


@transaction.atomic
def policy_move(
    *, actor: str, version: PolicyVersion, start: Start, note: str, now: datetime
) -> PolicyRelease | None:
    """An approved version goes on trial or live, or from canary back to shadow, which raises an alarm.

    Errors: NotApproved, StepNotPossible, InvalidRequest. Locks: publishing_lock.
    """
    publishing_lock()
    card_numbers_refuse(note=note)
    if not policy_is_approved(version):
        raise NotApproved()
    before = release_current(now)
    if version.number == before.live:
        raise StepNotPossible(
            "This version is live: every payment needs a policy. Make another version live, or go back to an earlier"
            " release."
        )
    if version.number == before.trial and before.trial_stage is Stage.CANARY and start.stage is Stage.SHADOW:
        words = f"{actor} moved policy {version.number} from canary back to shadow: {note}"
        alarm_raise(kind="policy.moved_back", subject=f"policy:{version.number}", words=words, now=now)
    policy_audit(actor, "policy.moved", version.number, now, stage=start.words, note=note)
    return _place(actor, version, start, now)


def _place(actor: str, version: PolicyVersion, start: Start, now: datetime) -> PolicyRelease | None:
    def change(release: Release) -> Release:
        return release.with_placed(version.number, start.stage, start.share_percent)

    note = f"version {version.number}: {start.words}"
    return policy_release(actor=actor, change=change, note=note, now=now)


def _close(actor: str, request: PolicyRequest, state: PolicyRequest.State, note: str, now: datetime) -> PolicyRequest:
    card_numbers_refuse(note=note)
    found = PolicyRequest.objects.select_for_update().select_related("version").get(pk=request.pk)
    if not found.is_open:
        raise RequestClosed(f"{found.decided_by} decided in the meantime: {found.state}.")
    is_own = actor in (found.asked_by, found.version.author)
    if (is_own and state == _State.APPROVED) or (actor == found.asked_by and state == _State.REFUSED):
        raise OwnWork()
    found.state, found.decided_by, found.decided_at, found.decision_note = state, actor, now, note
    found.full_clean()
    found.save()
    policy_audit(actor, f"policy.publish_{state}", found.version_id, now, note=note)
    return found
