"""What the system does by itself: a rule that runs wild, or costs too much, loses its say."""

from datetime import timedelta

import pytest

from ledger.models import AuditEntry
from rules.domain.stages import Stage
from rules.models import Alarm, RecentHits, RuleDay, RulesetMember, RulesetVersion
from rules.services import brake
from rules.services.approvals import Start, publishing_ask, request_approve, rule_move
from rules.services.brake import rules_brake
from rules.services.break_glass import glass_break
from rules.services.health import health_renew
from rules.services.rules import rule_save
from rules.services.tallies import costs_fold
from tests.rules.examples import group, row

HOUR = timedelta(hours=1)


@pytest.fixture
def later(now):
    """Two hours after the rules of make_rule became live."""
    return now + 2 * HOUR


@pytest.fixture
def expected_hits(monkeypatch):
    """What the simulation of every version found; None for there was none."""

    def say(hits_per_day: float | None) -> None:
        monkeypatch.setattr(brake, "simulated_hits_per_day", lambda _: hits_per_day)

    return say


def stages() -> list[tuple[int, str]]:
    members = RulesetMember.objects.filter(ruleset=RulesetVersion.objects.first()).order_by("version__number")
    return list(members.values_list("version__number", "stage"))


def run(version, *, hits: int, at, now=None) -> None:
    RecentHits.objects.create(version=version, until=at, hits=hits)
    health_renew(errors={}, now=now or at)
    rules_brake(now=now or at)


def test_a_rule_that_runs_wild_goes_back_to_shadow(make_rule, expected_hits, later):
    version = make_rule().versions.get()
    expected_hits(48)

    run(version, hits=20, at=later)

    assert stages() == [(1, "shadow")]
    assert Alarm.objects.get().words == (
        "foreign_high_amount version 1 was put back to shadow by the system: 20 hits in the last hour; about 48 a day"
        " were expected. It decides nothing now. Look at its hits, then change or move it."
    )
    entry = AuditEntry.objects.get(action="rule.braked")
    assert (entry.actor, entry.subject, entry.details["version"]) == ("brake", "rule:foreign_high_amount", 1)
    assert RulesetVersion.objects.latest("number").published_by == "brake"


def test_it_is_stopped_once(make_rule, expected_hits, later):
    version = make_rule().versions.get()
    expected_hits(48)
    run(version, hits=20, at=later)
    run(version, hits=20, at=later)

    assert (Alarm.objects.count(), RulesetVersion.objects.latest("number").number) == (1, 2)


@pytest.mark.parametrize(
    ("hits", "expected"),
    [
        (19, 1.0),  # too few to act on
        (100, 480.0),  # five times of 20 an hour is borne
        (100_000, None),  # nobody knows what to expect
    ],
)
def test_a_rule_within_its_volume_stays_live(make_rule, expected_hits, later, hits, expected):
    version = make_rule().versions.get()
    expected_hits(expected)

    run(version, hits=hits, at=later)

    assert stages() == [(1, "live")]
    assert Alarm.objects.count() == 0


def test_hits_of_more_than_an_hour_ago_do_not_count(make_rule, expected_hits, later):
    version = make_rule().versions.get()
    expected_hits(48)

    run(version, hits=20, at=later, now=later + HOUR)

    assert stages() == [(1, "live")]


def test_hits_as_a_canary_do_not_count(make_rule, expected_hits, later):
    rule = make_rule()
    version = rule.versions.get()
    expected_hits(48)
    rule_move(actor="ben", version=version, start=Start(Stage.CANARY, 10), note="", now=later)
    RecentHits.objects.create(version=version, until=later, hits=20)
    health_renew(errors={}, now=later)
    rules_brake(now=later)
    assert stages() == [(1, "canary")]

    rule_move(actor="ben", version=version, start=Start(Stage.LIVE), note="", now=later)
    health_renew(errors={}, now=later + HOUR / 2)
    rules_brake(now=later + HOUR / 2)
    assert stages() == [(1, "live")]


def test_without_a_simulation_the_trial_says_what_to_expect(make_rule, expected_hits, now, simulated):
    rule = make_rule(is_live=False)
    version = rule.versions.get()
    simulated(rule)
    request = publishing_ask(actor="ana", rule=rule, note="", now=now)
    request_approve(actor="ben", request=request, start=Start(Stage.SHADOW), note="", now=now)
    for back in (1, 2):
        RuleDay.objects.create(version=version, day=now.date() + timedelta(days=back), silent_hits=48)
    live_at = now + timedelta(days=3)
    rule_move(actor="ben", version=version, start=Start(Stage.LIVE), note="", now=live_at)
    expected_hits(None)

    run(version, hits=10, at=live_at + HOUR)
    assert stages() == [(1, "live")]
    run(version, hits=20, at=live_at + HOUR)
    assert stages() == [(1, "shadow")]


def test_beside_another_version_on_trial_it_is_taken_out(make_rule, make_draft, expected_hits, later, simulated):
    rule = make_rule()
    version = rule.versions.get()
    rule_save(actor="ana", rule=rule, draft=make_draft(group(row("is_night", "is_true"))), now=later)
    simulated(rule)
    request = publishing_ask(actor="ana", rule=rule, note="", now=later)
    request_approve(actor="ben", request=request, start=Start(Stage.SHADOW), note="", now=later)
    expected_hits(48)

    run(version, hits=20, at=later)

    assert stages() == [(2, "shadow")]
    assert "was taken out by the system" in Alarm.objects.get().words


def test_what_break_glass_let_in_is_stopped_too(make_rule, expected_hits, later):
    rule = make_rule(is_live=False)
    glass_break(actor="ben", rule=rule, hours=4, reason="a wave", now=later)
    expected_hits(48)

    run(rule.versions.get(), hits=20, at=later + HOUR)

    assert stages() == [(1, "shadow")]
    assert RulesetMember.objects.order_by("-id")[0].expires_at == later + 4 * HOUR


@pytest.mark.parametrize("start", [Start(Stage.LIVE), Start(Stage.CANARY, 10), Start(Stage.SHADOW)])
def test_a_rule_over_its_budget_is_suspended_at_whatever_stage(make_rule, later, start):
    version = make_rule().versions.get()
    if start.stage is not Stage.LIVE:
        rule_move(actor="ben", version=version, start=start, note="", now=later)
    costs_fold(costs={version.pk: (100 * 201_000, 100)}, now=later)

    run(version, hits=1, at=later)
    run(version, hits=1, at=later)

    assert stages() == []
    alarm = Alarm.objects.get(kind="rule.over_budget")
    assert "version 1 was taken out by the system" in alarm.words
    assert alarm.kind == "rule.over_budget"
    assert "it takes 201 µs for each payment; 200 are allowed" in alarm.words


def test_a_costly_version_on_trial_is_suspended_and_the_live_one_stays(make_rule, make_draft, later, simulated):
    rule = make_rule()
    rule_save(actor="ana", rule=rule, draft=make_draft(group(row("is_night", "is_true"))), now=later)
    simulated(rule)
    request = publishing_ask(actor="ana", rule=rule, note="", now=later)
    request_approve(actor="ben", request=request, start=Start(Stage.CANARY, 10), note="", now=later)
    first, second = rule.versions.order_by("number")
    costs_fold(costs={first.pk: (100 * 1_000, 100), second.pk: (100 * 201_000, 100)}, now=later)

    run(first, hits=1, at=later)

    assert stages() == [(1, "live")]
    assert "version 2 was taken out by the system: it takes 201 µs" in Alarm.objects.get().words
    assert AuditEntry.objects.get(action="rule.over_budget").details["stage"] == "out"


def test_a_few_slow_samples_suspend_nothing(make_rule, later):
    version = make_rule().versions.get()
    costs_fold(costs={version.pk: (99 * 900_000, 99)}, now=later)

    run(version, hits=1, at=later)

    assert stages() == [(1, "live")]
