"""What was asked at moments of the past, after it has changed."""

from datetime import timedelta

import pytest

from ledger.models import Account
from rules.models import RulesetVersion
from rules.services.break_glass import glass_break, glass_expired_take_out
from rules.services.lists import list_item_add, list_item_remove
from rules.services.shipped import shipped_rule_take_out
from rules.services.snoozes import rule_snooze, snooze_end
from rules.simulation.lists import microseconds
from rules.simulation.rulesets import PastRulesets
from tests.factories import make_account
from tests.rules.examples import group, payment, row

MINUTE = timedelta(minutes=1)
NIGHT = group(row("hour", "less_than", 4))


@pytest.fixture
def alice(db) -> Account:
    return make_account()


def spoke(past: PastRulesets, number: int, moment, **options) -> tuple[list[str], ...]:
    """The rules that hit, those without a say, and those that failed, on a payment at night from a bad card."""
    past.then.moment = microseconds(moment)
    compiled = past.at(number, moment, **options).compiled
    values = payment(account_id="acc_alice", hour=3, card_token="tok_bad")
    found = compiled.evaluate(values, second_pass=False)
    return tuple([each.code for each in those] for those in (found.hits, found.silent_hits, found.failed))


def test_a_rule_is_asked_under_the_versions_of_its_ruleset_only(make_rule, now):
    rule = make_rule("night", expression=NIGHT)
    shipped_rule_take_out(rule=rule, now=now + MINUTE)
    past = PastRulesets()

    assert spoke(past, 1, now) == (["night"], [], [])
    assert spoke(past, 2, now) == ([], [], [])
    assert spoke(past, 0, now) == ([], [], [])
    with pytest.raises(RulesetVersion.DoesNotExist):
        past.at(3, now)


def test_a_snooze_holds_from_its_beginning_to_its_end(make_rule, alice, now):
    rule = make_rule("night", expression=NIGHT)
    until = now + 30 * MINUTE
    snooze = rule_snooze(
        actor="mia", rule=rule, account_id=alice.pk, until=until, reason="a wedding", now=now + MINUTE
    )
    snooze_end(actor="mia", snooze=snooze, now=now + 5 * MINUTE)
    past = PastRulesets()

    heard: tuple[list[str], ...] = (["night"], [], [])
    silent: tuple[list[str], ...] = ([], ["night"], [])
    assert [spoke(past, 1, now + minutes * MINUTE) for minutes in (0, 1, 4, 5, 29)] == [
        heard, silent, silent, heard, heard,
    ]  # fmt: skip
    assert {now + MINUTE, now + 5 * MINUTE} <= past.changes()


def test_break_glass_is_asked_until_it_ends(make_rule, now):
    rule = make_rule("night", expression=NIGHT, is_live=False)
    glass_break(actor="ana", rule=rule, hours=1, reason="a wave", now=now)
    glass_expired_take_out(now=now + 61 * MINUTE)
    past = PastRulesets()

    assert spoke(past, 1, now + 59 * MINUTE) == (["night"], [], [])
    assert spoke(past, 1, now + 60 * MINUTE) == ([], [], [])
    assert now + 60 * MINUTE in past.changes()


def test_lists_are_asked_as_they_stood(make_rule, blocked_cards, now):
    make_rule("blocked", expression=group(row("card_token", "in", list="blocked_cards")))
    item = list_item_add(actor="ana", item_list=blocked_cards, value="tok_bad", reason="x", now=now + MINUTE)
    list_item_remove(actor="ana", item=item, now=now + 3 * MINUTE)
    later = now + 10 * MINUTE
    list_item_add(
        actor="ana", item_list=blocked_cards, value="tok_bad", reason="x", expires_at=later, now=now + 5 * MINUTE
    )
    past = PastRulesets()

    hits = [spoke(past, 1, now + minutes * MINUTE)[0] for minutes in (0, 1, 2, 3, 4, 5, 9, 10)]

    blocked = ["blocked"]
    assert hits == [[], blocked, blocked, [], [], blocked, blocked, []]
    history = past.at(1, now).lists["blocked_cards"]
    assert history.changes == [microseconds(now + minutes * MINUTE) for minutes in (1, 3, 5, 10)]


def test_a_rule_that_failed_then_fails_again_though_it_is_sound_now(make_rule, now):
    version = make_rule("night", expression=NIGHT).versions.get()
    past = PastRulesets()

    assert spoke(past, 1, now, failed=frozenset({version.pk})) == ([], [], ["night"])
    assert spoke(past, 1, now) == (["night"], [], [])
    assert past.at(1, now).fields == {"hour"}
