from dataclasses import replace
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from rules.domain.compiler import compile_ruleset
from rules.domain.stages import Placement, Stage, is_in_share, unexpired, with_placed, without_rule
from sentinel.core.outcomes import Action
from tests.rules.examples import FOREIGN_HIGH_AMOUNT, payment, rule

NOW = datetime(2026, 1, 31, 12, tzinfo=UTC)
placements = st.builds(
    Placement,
    rule_id=st.integers(1, 3),
    version_id=st.integers(1, 9),
    stage=st.sampled_from(Stage),
)


def asked_of(stage: Stage, share_percent: int | None = None, number: int = 1):
    definition = rule(FOREIGN_HIGH_AMOUNT, "abroad", Action.DECLINE)
    return replace(definition, version=number, version_id=number, stage=stage, share_percent=share_percent)


def evaluated(*definitions, account_id="acc_1", snoozed=None):
    compiled = compile_ruleset(definitions, {}, snoozed=snoozed)
    return compiled.evaluate(payment(location_country="FR", account_id=account_id), second_pass=False)


@given(st.lists(placements, max_size=12))
def test_a_rule_is_live_once_and_on_trial_once(made):
    asked: list[Placement] = []
    for placement in made:
        asked = with_placed(asked, placement)

        assert placement in asked
        keys = [(each.rule_id, each.stage.is_trial) for each in asked]
        assert len(keys) == len(set(keys))
        assert len({each.version_id for each in asked if each.rule_id == 1}) == sum(e.rule_id == 1 for e in asked)


def test_another_rule_is_left_alone():
    one, two = Placement(1, 1, Stage.LIVE), Placement(2, 2, Stage.LIVE)

    assert with_placed([one], two) == [one, two]
    assert without_rule([one, two], 1) == [two]


def test_what_expires_is_asked_until_then():
    placement = Placement(1, 1, Stage.LIVE, expires_at=NOW)

    assert unexpired([placement], NOW - timedelta(seconds=1)) == [placement]
    assert unexpired([placement], NOW) == []


@given(st.text(min_size=1), st.integers(1, 99), st.integers(1, 99))
def test_a_larger_share_holds_the_smaller_one(account_id, one, two):
    small, large = sorted((one, two))

    assert is_in_share("abroad", account_id, large) >= is_in_share("abroad", account_id, small)


def test_a_share_is_about_as_large_as_it_says():
    inside = sum(is_in_share("abroad", f"acc_{number}", 10) for number in range(10_000))

    assert 900 < inside < 1_100


def test_a_rule_in_shadow_has_no_say():
    found = evaluated(asked_of(Stage.SHADOW))

    assert (found.hits, len(found.silent_hits)) == ((), 1)


def test_a_canary_decides_for_its_share_and_the_live_version_for_the_others():
    live, canary = asked_of(Stage.LIVE, number=1), asked_of(Stage.CANARY, 30, number=2)
    for number in range(50):
        account_id = f"acc_{number}"
        found = evaluated(live, canary, account_id=account_id)

        deciding, silent = (2, 1) if is_in_share("abroad", account_id, 30) else (1, 2)
        assert [hit.version_id for hit in found.hits] == [deciding]
        assert [hit.version_id for hit in found.silent_hits] == [silent]


def test_a_snoozed_account_is_left_alone():
    found = evaluated(asked_of(Stage.LIVE), snoozed={"abroad": frozenset({"acc_1"})})

    assert (found.hits, len(found.silent_hits)) == ((), 1)


def test_a_rule_that_fails_in_shadow_changes_no_decision():
    compiled = compile_ruleset([], {}, unreadable=[asked_of(Stage.SHADOW).failure("broken")])

    found = compiled.evaluate(payment(account_id="acc_1"), second_pass=False)

    assert (found.failed, len(found.silent_failed)) == ((), 1)
