"""From a draft to a live rule, and back: who may do what, and what happens to the ruleset."""

import pytest

from ledger.models import AuditEntry
from rules.domain.stages import Stage
from rules.errors import NotSimulated, OwnWork, RequestClosed, RequestOpen, StepNotPossible
from rules.models import Alarm, ApprovalRequest, Rule, RulesetVersion
from rules.selectors import rules_with_standing, standing_of
from rules.services.approvals import (
    Start,
    publishing_ask,
    request_approve,
    request_refuse,
    request_withdraw,
    retiring_ask,
    rule_move,
)
from rules.services.rules import rule_save
from rules.services.rulesets import ruleset_roll_back
from sentinel.core.errors import InvalidRequest
from sentinel.core.outcomes import Action
from tests.rules.examples import group, row

NIGHT = group(row("is_night", "is_true"))
LIVE, SHADOW = Start(Stage.LIVE), Start(Stage.SHADOW)


def asked_now() -> list[tuple[str, int, str]]:
    ruleset = RulesetVersion.objects.first()
    members = ruleset.members.order_by("rule__code", "stage") if ruleset else []
    return [(member.rule.code, member.version.number, member.stage) for member in members]


def point(rule: Rule) -> str:
    return standing_of(rules_with_standing().get(pk=rule.pk)).point.value


@pytest.fixture
def draft(make_rule, simulated) -> Rule:
    """Ana's rule."""
    return simulated(make_rule(is_live=False))


@pytest.fixture
def asked(draft, now) -> ApprovalRequest:
    return publishing_ask(actor="ana", rule=draft, note="a wave abroad", now=now)


@pytest.fixture
def approve(now):
    def approve(request: ApprovalRequest, start: Start = LIVE, actor: str = "ben"):
        return request_approve(actor=actor, request=request, start=start, note="", now=now)

    return approve


def test_a_colleague_publishes_what_was_asked_for(draft, asked, approve, now):
    assert point(draft) == "awaiting approval"

    ruleset = approve(asked)

    assert asked_now() == [("foreign_high_amount", 1, "live")]
    assert (ruleset.number, ruleset.published_by, ruleset.published_at) == (1, "ben", now)
    assert point(draft) == "live"


def test_every_step_is_kept(asked, approve):
    approve(asked)

    entries = AuditEntry.objects.order_by("id").values_list("actor", "action")
    assert list(entries) == [
        ("ana", "rule.saved"),
        ("ana", "rule.asked_to_publish"),
        ("ben", "rule.publish_approved"),
        ("ben", "ruleset.published"),
    ]


def test_web_processes_are_told_after_the_commit(asked, approve, touched, django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks(execute=True):
        approve(asked)
        assert touched == []

    assert touched == ["configuration"]


@pytest.mark.parametrize("decide", [request_approve, request_refuse])
def test_nobody_decides_on_their_own_request(asked, now, decide):
    extra = {"start": LIVE} if decide is request_approve else {}

    with pytest.raises(OwnWork):
        decide(actor="ana", request=asked, note="fine", now=now, **extra)

    asked.refresh_from_db()
    assert asked.is_open
    assert RulesetVersion.objects.count() == 0


def test_an_author_cannot_let_a_colleague_ask_and_approve_then(draft, approve, now):
    request = publishing_ask(actor="ben", rule=draft, note="", now=now)

    with pytest.raises(OwnWork):
        approve(request, actor="ana")

    assert RulesetVersion.objects.count() == 0


def test_a_request_is_decided_once(asked, approve, now):
    request_refuse(actor="ben", request=asked, note="too wide", now=now)

    with pytest.raises(RequestClosed, match="ben decided in the meantime: refused"):
        approve(asked, actor="cleo")

    assert RulesetVersion.objects.count() == 0


def test_a_rule_has_one_open_request(draft, asked, now):
    with pytest.raises(RequestOpen):
        publishing_ask(actor="cleo", rule=draft, note="", now=now)

    assert ApprovalRequest.objects.count() == 1


def test_whoever_asked_may_withdraw(draft, asked, now):
    with pytest.raises(StepNotPossible, match="Only ana"):
        request_withdraw(actor="ben", request=asked, now=now)

    request_withdraw(actor="ana", request=asked, now=now)

    assert point(draft) == "simulated"


def test_an_approved_version_needs_no_second_approval(draft, asked, approve, now):
    approve(asked)

    with pytest.raises(StepNotPossible, match="approved already"):
        publishing_ask(actor="ana", rule=draft, note="", now=now)


def test_what_was_not_simulated_is_not_asked_for(make_rule, now):
    with pytest.raises(NotSimulated):
        publishing_ask(actor="ana", rule=make_rule(is_live=False), note="", now=now)

    assert ApprovalRequest.objects.count() == 0


def test_a_rule_without_conditions_is_not_asked_for(db, now):
    rule = Rule.objects.create(code="empty", name="Empty", created_at=now, updated_at=now)

    with pytest.raises(StepNotPossible, match="no conditions yet"):
        publishing_ask(actor="ana", rule=rule, note="", now=now)


def test_a_new_version_runs_in_shadow_beside_the_live_one(draft, asked, approve, make_draft, simulated, now):
    approve(asked)
    rule_save(actor="ana", rule=draft, draft=make_draft(NIGHT), now=now)
    simulated(draft)

    approve(publishing_ask(actor="ana", rule=draft, note="", now=now), SHADOW)

    assert asked_now() == [("foreign_high_amount", 1, "live"), ("foreign_high_amount", 2, "shadow")]
    assert point(draft) == "shadow"


def test_a_version_goes_from_shadow_over_canary_to_live(draft, asked, approve, now):
    approve(asked, SHADOW)
    version = draft.versions.get()

    rule_move(actor="ben", version=version, start=Start(Stage.CANARY, 10), note="looks right", now=now)
    assert RulesetVersion.objects.latest("number").members.get().share_percent == 10

    rule_move(actor="ben", version=version, start=LIVE, note="looks right", now=now)
    assert asked_now() == [("foreign_high_amount", 1, "live")]
    assert Alarm.objects.count() == 0


def test_going_back_raises_an_alarm(draft, asked, approve, now):
    approve(asked)

    rule_move(actor="ben", version=draft.versions.get(), start=SHADOW, note="too noisy", now=now)

    assert asked_now() == [("foreign_high_amount", 1, "shadow")]
    assert Alarm.objects.get().words == "ben moved foreign_high_amount from live back to shadow: too noisy"


def test_only_what_takes_part_is_moved(draft, now):
    with pytest.raises(StepNotPossible):
        rule_move(actor="ben", version=draft.versions.get(), start=LIVE, note="", now=now)

    assert RulesetVersion.objects.count() == 0


def test_a_rule_is_retired_by_two_people(draft, asked, approve, now):
    approve(asked)
    request = retiring_ask(actor="ana", rule=draft, note="the wave is over", now=now)
    assert asked_now() == [("foreign_high_amount", 1, "live")]

    request_approve(actor="ben", request=request, start=None, note="agreed", now=now)

    assert asked_now() == []
    assert point(draft) == "retired"


def test_what_is_asked_of_nobody_cannot_be_retired(draft, now):
    with pytest.raises(StepNotPossible, match="nothing to retire"):
        retiring_ask(actor="ana", rule=draft, note="", now=now)


@pytest.mark.parametrize("share", [None, 0, 100])
def test_a_canary_needs_a_share(share):
    with pytest.raises(InvalidRequest) as refusal:
        Start(Stage.CANARY, share)

    assert [error.field for error in refusal.value.errors] == ["share_percent"]


def test_only_a_canary_has_a_share():
    with pytest.raises(InvalidRequest):
        Start(Stage.LIVE, 10)


def test_one_step_goes_back_to_an_earlier_ruleset(draft, asked, approve, make_draft, simulated, now):
    first = approve(asked)
    rule_save(actor="ana", rule=draft, draft=make_draft(NIGHT, Action.DECLINE), now=now)
    simulated(draft)
    approve(publishing_ask(actor="ana", rule=draft, note="", now=now))
    assert asked_now() == [("foreign_high_amount", 2, "live")]

    back = ruleset_roll_back(actor="ben", ruleset=first, note="it declined too much", now=now)

    assert asked_now() == [("foreign_high_amount", 1, "live")]
    assert back is not None
    assert (back.number, back.restores, back.note) == (3, 1, "it declined too much")


def test_going_back_to_what_is_asked_now_publishes_nothing(asked, approve, now):
    first = approve(asked)

    assert ruleset_roll_back(actor="ben", ruleset=first, note="", now=now) == first
    assert RulesetVersion.objects.count() == 1
