"""The second person: asking that a rule be published or retired, and deciding on it."""

from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.db.models import QuerySet

from ledger.services.audit import audit_record
from ledger.services.card_numbers import card_numbers_refuse
from rules.domain.stages import SHARE_PERCENT_MAX, Placement, Stage, with_placed, without_rule
from rules.errors import NotApproved, NotSimulated, OwnWork, RequestClosed, RequestOpen, StepNotPossible
from rules.models import ApprovalRequest, Rule, RulesetMember, RulesetVersion, RuleVersion
from rules.selectors import rule_latest_version, version_is_approved, version_is_simulated
from rules.services.alarms import alarm_raise
from rules.services.rulesets import publishing_lock, ruleset_change
from sentinel.core.errors import FieldError, InvalidRequest

_Kind, _State = ApprovalRequest.Kind, ApprovalRequest.State


@dataclass(frozen=True, slots=True)
class Start:
    """Where an approved version begins, or goes next. Errors: InvalidRequest."""

    stage: Stage
    share_percent: int | None = None

    def __post_init__(self) -> None:
        is_canary = self.stage is Stage.CANARY
        if is_canary and not 1 <= (self.share_percent or 0) <= SHARE_PERCENT_MAX:
            words = f"Choose the canary's share of the accounts: 1 to {SHARE_PERCENT_MAX} per cent."
            raise InvalidRequest(words, errors=[FieldError("share_percent", "out_of_range", words)])
        if not is_canary and self.share_percent is not None:
            words = "Only a canary has a share."
            raise InvalidRequest(words, errors=[FieldError("share_percent", "not_allowed", words)])

    def placement(self, version: RuleVersion) -> Placement:
        return Placement(version.rule_id, version.pk, self.stage, self.share_percent)

    @property
    def words(self) -> str:
        return f"canary, {self.share_percent} %" if self.share_percent else self.stage.value


@transaction.atomic
def publishing_ask(*, actor: str, rule: Rule, note: str, now: datetime) -> ApprovalRequest:
    """Asks that the latest version of a rule be published.

    Errors: NotSimulated, RequestOpen, StepNotPossible, InvalidRequest.
    """
    publishing_lock()
    version = rule_latest_version(rule)
    if version is None:
        raise StepNotPossible("The rule has no conditions yet. Save some first.")
    if version_is_approved(version):
        raise StepNotPossible("This version is approved already. Change the rule first, or move it on.")
    if not version_is_simulated(version):
        raise NotSimulated()
    return _ask(actor, version, _Kind.PUBLISH, note, now)


@transaction.atomic
def retiring_ask(*, actor: str, rule: Rule, note: str, now: datetime) -> ApprovalRequest:
    """Asks that a rule be taken out. Errors: RequestOpen, StepNotPossible, InvalidRequest."""
    publishing_lock()
    member = _members_now(rule).first()
    if member is None:
        raise StepNotPossible("The rule takes part in no decision, so there is nothing to retire.")
    return _ask(actor, member.version, _Kind.RETIRE, note, now)


@transaction.atomic
def request_approve(
    *, actor: str, request: ApprovalRequest, start: Start | None, note: str, now: datetime
) -> RulesetVersion | None:
    """Publishes or retires what was asked for; the ruleset that came of it. `start` where a version begins.

    Errors: OwnWork, RequestClosed, InvalidRequest. Nothing is changed then.
    Locks: publishing_lock, until the database transaction ends.
    """
    publishing_lock()
    request = _close(actor, request, _State.APPROVED, note, now)
    rule, version = request.rule, request.version
    if request.kind == _Kind.RETIRE:
        words = f"{rule.code} retired"
        return ruleset_change(actor=actor, change=lambda all_: without_rule(all_, rule.pk), note=words, now=now)
    placement = (start or Start(Stage.SHADOW)).placement(version)
    words = f"{rule.code} version {version.number}: {(start or Start(Stage.SHADOW)).words}"
    return ruleset_change(actor=actor, change=lambda all_: with_placed(all_, placement), note=words, now=now)


@transaction.atomic
def request_refuse(*, actor: str, request: ApprovalRequest, note: str, now: datetime) -> None:
    """Errors: OwnWork, RequestClosed, InvalidRequest."""
    publishing_lock()
    _close(actor, request, _State.REFUSED, note, now)


@transaction.atomic
def request_withdraw(*, actor: str, request: ApprovalRequest, now: datetime) -> None:
    """Errors: RequestClosed; StepNotPossible for whoever did not ask."""
    publishing_lock()
    if request.asked_by != actor:
        raise StepNotPossible(f"Only {request.asked_by}, who asked, can withdraw the request.")
    _close(actor, request, _State.WITHDRAWN, "", now)


@transaction.atomic
def rule_move(*, actor: str, version: RuleVersion, start: Start, note: str, now: datetime) -> RulesetVersion | None:
    """An approved version that takes part in decisions goes on, or back, to a stage. Going back raises an alarm.

    Errors: NotApproved, StepNotPossible, InvalidRequest.
    Locks: publishing_lock, until the database transaction ends.
    """
    publishing_lock()
    card_numbers_refuse(note=note)
    member = _members_now(version.rule).filter(version=version).first()
    if member is None or member.expires_at:
        raise StepNotPossible("This version takes no part in decisions. Ask for approval first.")
    if not version_is_approved(version):
        raise NotApproved()
    code, before = version.rule.code, Stage(member.stage)
    if list(Stage).index(start.stage) < list(Stage).index(before):
        words = f"{actor} moved {code} from {before.value} back to {start.words}: {note}"
        alarm_raise(kind="rule.moved_back", subject=f"rule:{code}", words=words, now=now)
    words = f"{code} version {version.number}: {start.words}"
    placement = start.placement(version)
    _audit(actor, "rule.moved", version.rule, now, version=version.number, stage=start.words, note=note)
    return ruleset_change(actor=actor, change=lambda all_: with_placed(all_, placement), note=words, now=now)


def _ask(actor: str, version: RuleVersion, kind: ApprovalRequest.Kind, note: str, now: datetime) -> ApprovalRequest:
    card_numbers_refuse(note=note)
    if version.rule.requests.filter(state=_State.OPEN).exists():
        raise RequestOpen()
    request = ApprovalRequest(rule=version.rule, version=version, kind=kind, note=note, asked_by=actor, asked_at=now)
    request.full_clean()
    request.save()
    _audit(actor, f"rule.asked_to_{kind}", version.rule, now, version=version.number, note=note)
    return request


def _close(
    actor: str, request: ApprovalRequest, state: ApprovalRequest.State, note: str, now: datetime
) -> ApprovalRequest:
    card_numbers_refuse(note=note)
    found = ApprovalRequest.objects.select_for_update().select_related("rule", "version__rule").get(pk=request.pk)
    if not found.is_open:
        raise RequestClosed(f"{found.decided_by} decided in the meantime: {found.state}.")
    is_own = actor in (found.asked_by, found.version.author)
    if (is_own and state == _State.APPROVED) or (actor == found.asked_by and state == _State.REFUSED):
        raise OwnWork()
    found.state, found.decided_by, found.decided_at, found.decision_note = state, actor, now, note
    found.full_clean()
    found.save()
    _audit(actor, f"rule.{found.kind}_{state}", found.rule, now, version=found.version.number, note=note)
    return found


def _members_now(rule: Rule) -> QuerySet[RulesetMember]:
    """What takes part in decisions of a rule, the live version last."""
    current = RulesetVersion.objects.first()
    return RulesetMember.objects.filter(ruleset=current, rule=rule).select_related("version__rule").order_by("-stage")


def _audit(actor: str, action: str, rule: Rule, now: datetime, **details: str | int) -> None:
    audit_record(actor=actor, action=action, subject=f"rule:{rule.code}", details=details, now=now)
