"""A policy from its draft to a release, and back: who may do what, and which policy decides for whom."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from ledger.models import AuditEntry
from rules.domain.stages import Stage
from rules.errors import NotApproved, OwnWork, RequestClosed, RequestOpen, StepNotPossible
from rules.models import Alarm
from rules.services.approvals import Start
from scoring.domain.policy import Canary, Policy
from scoring.models import PolicyRelease, PolicyRequest, PolicyVersion
from scoring.selectors.policies import policies_load, policies_with_standing, policy_point, release_current
from scoring.services import policy_approvals
from scoring.services.configuration import Configuration
from scoring.services.policies import policy_draft, policy_roll_back, policy_trial_stop
from scoring.services.policy_approvals import (
    policy_approve,
    policy_ask,
    policy_move,
    policy_refuse,
    policy_withdraw,
)
from scoring.services.policy_break_glass import policy_glass_break, policy_glass_expired_take_out
from scoring.services.policy_shipped import shipped_policy_publish
from sentinel.core.errors import InvalidRequest
from tests.scoring.policies import hide_policies

NOW = datetime(2026, 1, 31, 12, tzinfo=UTC)
LIVE, SHADOW = Start(Stage.LIVE), Start(Stage.SHADOW)
CANARY = Start(Stage.CANARY, 10)


@pytest.fixture(autouse=True)
def nothing_was_scored(db, monkeypatch) -> None:
    """Other tests leave decisions behind; here there are none, so that nothing can be simulated."""
    hide_policies()
    monkeypatch.setattr(policy_approvals, "scores_exist", lambda: False)


@pytest.fixture
def draft() -> PolicyVersion:
    """Ana's."""
    return make_draft(0.99)


def make_draft(review_percentile: float, **thresholds) -> PolicyVersion:
    told = {"review_percentile": review_percentile, **thresholds}
    return policy_draft(actor="ana", thresholds=told, note="quieter", now=NOW)


@pytest.fixture
def asked(draft) -> PolicyRequest:
    return policy_ask(actor="ana", version=draft, note="a quiet month", now=NOW)


def approve(request: PolicyRequest, start: Start = LIVE, actor: str = "ben") -> Any:
    return policy_approve(actor=actor, request=request, start=start, note="", now=NOW)


def publish(version: PolicyVersion, start: Start = LIVE) -> Any:
    return approve(policy_ask(actor="ana", version=version, note="", now=NOW), start)


def point(version: PolicyVersion) -> str:
    shown = policies_with_standing().get(pk=version.pk)
    return policy_point(shown, release_current(NOW)).value


def test_a_draft_decides_nothing(draft):
    assert point(draft) == "draft"
    assert policies_load(NOW).live == Policy(version=0)
    assert PolicyRelease.objects.count() == 0


def test_a_colleague_publishes_what_was_asked_for(draft, asked):
    assert point(draft) == "awaiting approval"

    release = approve(asked)

    assert (release.number, release.published_by, release.published_at) == (1, "ben", NOW)
    assert policies_load(NOW).live == Policy(draft.number, review_percentile=0.99)
    assert point(draft) == "live"


def test_every_step_is_kept(asked):
    approve(asked)

    entries = AuditEntry.objects.order_by("id").values_list("actor", "action")
    assert list(entries) == [
        ("ana", "policy.drafted"),
        ("ana", "policy.asked_to_publish"),
        ("ben", "policy.publish_approved"),
        ("ben", "policy.released"),
    ]


def test_web_processes_are_told_after_the_commit(asked, monkeypatch, django_capture_on_commit_callbacks):
    touched: list[str] = []
    monkeypatch.setattr("rules.services.rulesets.epoch_touch", touched.append)

    with django_capture_on_commit_callbacks(execute=True):
        approve(asked)
        assert touched == []

    assert touched == ["configuration"]


def test_what_cannot_be_is_not_drafted():
    with pytest.raises(InvalidRequest, match="Check review_percentile"):
        make_draft(1.5)

    assert (PolicyVersion.objects.count(), AuditEntry.objects.count()) == (0, 0)


@pytest.mark.parametrize("decide", [policy_approve, policy_refuse])
def test_nobody_decides_on_their_own_request(asked, decide):
    extra = {"start": LIVE} if decide is policy_approve else {}

    with pytest.raises(OwnWork):
        decide(actor="ana", request=asked, note="fine", now=NOW, **extra)

    asked.refresh_from_db()
    assert asked.is_open
    assert PolicyRelease.objects.count() == 0


def test_an_author_cannot_let_a_colleague_ask_and_approve_then(draft):
    request = policy_ask(actor="ben", version=draft, note="", now=NOW)

    with pytest.raises(OwnWork):
        approve(request, actor="ana")

    assert PolicyRelease.objects.count() == 0


def test_a_version_has_one_open_request_which_is_decided_once(draft, asked):
    with pytest.raises(RequestOpen):
        policy_ask(actor="cleo", version=draft, note="", now=NOW)

    policy_refuse(actor="ben", request=asked, note="too quiet", now=NOW)
    with pytest.raises(RequestClosed, match="ben decided in the meantime: refused"):
        approve(asked, actor="cleo")

    assert PolicyRelease.objects.count() == 0


def test_whoever_asked_may_withdraw(draft, asked):
    with pytest.raises(StepNotPossible, match="Only ana"):
        policy_withdraw(actor="ben", request=asked, now=NOW)

    policy_withdraw(actor="ana", request=asked, now=NOW)

    assert point(draft) == "draft"


def test_approval_is_asked_after_a_simulation_only(draft, monkeypatch):
    monkeypatch.setattr(policy_approvals, "scores_exist", lambda: True)

    with pytest.raises(StepNotPossible, match="Simulate the policy first"):
        policy_ask(actor="ana", version=draft, note="", now=NOW)

    assert PolicyRequest.objects.count() == 0


def test_an_approved_version_needs_no_second_approval(draft, asked):
    approve(asked)

    with pytest.raises(StepNotPossible, match="approved already"):
        policy_ask(actor="ana", version=draft, note="", now=NOW)


def test_in_shadow_a_policy_has_no_say(draft, asked):
    approve(asked)
    louder = make_draft(0.9)

    publish(louder, SHADOW)

    assert policies_load(NOW).live.version == draft.number
    assert policies_load(NOW).canary is None
    assert point(louder) == "shadow"


def test_a_canary_decides_for_its_share_of_the_accounts(draft, asked):
    approve(asked)
    louder = make_draft(0.9)
    publish(louder, CANARY)

    policies = policies_load(NOW)
    configuration = Configuration(1, None, policies.live, None, canary=policies.canary)  # type: ignore[arg-type]
    numbers = [configuration.policy_for(f"acc_{place}").version for place in range(1000)]

    assert set(numbers) == {draft.number, louder.number}
    assert 60 < numbers.count(louder.number) < 140
    assert point(louder) == "canary"


def test_a_larger_share_holds_the_accounts_of_a_smaller_one():
    accounts = [f"acc_{place}" for place in range(300)]
    held = [{account for account in accounts if Canary(Policy(1), share).holds(account)} for share in (10, 40)]

    assert held[0] < held[1]


def test_moving_a_canary_back_raises_an_alarm(draft, asked):
    approve(asked, CANARY)

    policy_move(actor="ben", version=draft, start=SHADOW, note="too many reviews", now=NOW)

    assert release_current(NOW).trial_stage is Stage.SHADOW
    assert Alarm.objects.get().kind == "policy.moved_back"


def test_a_trial_goes_on_to_live(draft, asked):
    approve(asked, SHADOW)

    policy_move(actor="ben", version=draft, start=LIVE, note="", now=NOW)

    release = release_current(NOW)
    assert (release.live, release.trial) == (draft.number, None)
    assert Alarm.objects.count() == 0


def test_a_trial_is_stopped(draft, asked):
    approve(asked, SHADOW)

    policy_trial_stop(actor="ben", version=draft, note="enough seen", now=NOW)

    assert release_current(NOW).trial is None
    assert point(draft) == "past"
    with pytest.raises(StepNotPossible, match="not on trial"):
        policy_trial_stop(actor="ben", version=draft, note="", now=NOW)


def test_the_live_policy_is_replaced_or_rolled_back_but_not_put_on_trial(draft, asked):
    approve(asked)

    with pytest.raises(StepNotPossible, match="every payment needs a policy"):
        policy_move(actor="ben", version=draft, start=SHADOW, note="", now=NOW)

    assert PolicyRelease.objects.count() == 1


def test_only_approved_versions_move(draft):
    with pytest.raises(NotApproved):
        policy_move(actor="ben", version=draft, start=SHADOW, note="", now=NOW)

    assert PolicyRelease.objects.count() == 0


def test_one_step_back_brings_an_earlier_release_under_a_new_number(draft, asked):
    first = approve(asked)
    publish(make_draft(0.9))

    restored: Any = policy_roll_back(actor="ben", release=first, note="too many reviews", now=NOW)

    assert (restored.number, restored.restores) == (3, 1)
    assert policies_load(NOW).live.version == draft.number
    assert Alarm.objects.get().kind == "policy.moved_back"


def test_going_back_to_what_decides_now_changes_nothing(asked):
    release = approve(asked)

    policy_roll_back(actor="ben", release=release, note="", now=NOW)

    assert (PolicyRelease.objects.count(), Alarm.objects.count()) == (1, 0)


def test_broken_glass_lets_a_tighter_policy_in_until_its_end(draft, asked):
    approve(asked)
    tighter = make_draft(0.9)

    policy_glass_break(actor="ben", version=tighter, hours=4, reason="a wave of fraud", now=NOW)

    until = NOW + timedelta(hours=4)
    policies = policies_load(NOW)
    assert (policies.live.version, policies.reload_at) == (tighter.number, until)
    assert policies_load(until).live.version == draft.number
    assert "a wave of fraud" in Alarm.objects.get().words


def test_what_broken_glass_let_in_is_taken_out_at_its_end(asked):
    approve(asked)
    policy_glass_break(actor="ben", version=make_draft(0.9), hours=4, reason="a wave", now=NOW)

    policy_glass_expired_take_out(now=NOW + timedelta(hours=3))
    assert PolicyRelease.objects.count() == 2
    policy_glass_expired_take_out(now=NOW + timedelta(hours=4))

    assert PolicyRelease.objects.get(number=3).emergency is None
    assert PolicyRelease.objects.count() == 3


def test_glass_is_broken_to_tighten_only(asked):
    approve(asked)

    with pytest.raises(StepNotPossible, match="can only tighten"):
        policy_glass_break(actor="ben", version=make_draft(0.995), hours=1, reason="a wave", now=NOW)

    assert (PolicyRelease.objects.count(), Alarm.objects.count()) == (1, 0)


def test_an_emergency_must_be_as_strict_as_the_canary(asked):
    approve(asked)
    publish(make_draft(0.8), CANARY)

    with pytest.raises(StepNotPossible, match="can only tighten"):
        policy_glass_break(actor="ben", version=make_draft(0.9), hours=1, reason="a wave", now=NOW)


def test_an_emergency_ends_when_something_stricter_is_published(asked):
    approve(asked)
    policy_glass_break(actor="ben", version=make_draft(0.9), hours=1, reason="a wave", now=NOW)
    strictest = make_draft(0.5)

    publish(strictest)

    assert policies_load(NOW).live.version == strictest.number
    assert release_current(NOW).emergency is None


@pytest.mark.parametrize(("hours", "reason", "words"), [(25, "a wave", "1 to 24 hours"), (1, " ", "what is happen")])
def test_glass_needs_hours_and_a_reason(asked, hours, reason, words):
    approve(asked)

    with pytest.raises(InvalidRequest, match=words):
        policy_glass_break(actor="ben", version=make_draft(0.9), hours=hours, reason=reason, now=NOW)

    assert PolicyRelease.objects.count() == 1


def test_a_shipped_policy_is_live_at_once():
    version = shipped_policy_publish(thresholds={"review_percentile": 0.9}, note="starter", now=NOW)

    assert policies_load(NOW).live == Policy(version.number, review_percentile=0.9)
