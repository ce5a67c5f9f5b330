"""From a saved rule to a hit."""

from datetime import timedelta

import pytest

from rules.models import Rule, RulesetMember, RulesetVersion
from rules.selectors import ruleset_load_live, sentence_of
from rules.services.lists import list_item_add, list_item_remove
from rules.services.starter import STARTER_RULES, starter_rules_install
from sentinel.core.catalogue import Value
from sentinel.core.outcomes import Action
from tests.rules.examples import group, hits, payment, row

HOUR = timedelta(hours=1)
ORDINARY: dict[str, Value] = {
    "location_country": "IN",
    "merchant_country": "IN",
    "card_token": "tok_1",
    "device_id": "dev_1",
    "payments_1h": 1,
    "merchants_1h": 1,
    "payments_30d": 40,
    "amount_vs_usual_30d": 1.2,
    "merchant_is_new": False,
    "is_night": False,
    "distance_km": 3.0,
    "speed_kmh": 12.0,
}


def test_before_the_first_publication_nothing_hits(db, now):
    live = ruleset_load_live(now)

    assert (live.version, live.reload_at) == (0, None)
    assert hits(live.compiled, payment()) == []


def test_a_published_rule_hits(make_rule, now):
    make_rule()

    live = ruleset_load_live(now)

    assert live.version == 1
    assert hits(live.compiled, payment(location_country="FR")) == ["foreign_high_amount"]
    assert hits(live.compiled, payment(location_country="IN")) == []


def test_the_ruleset_is_loaded_in_four_queries(make_rule, blocked_cards, now, django_assert_num_queries):
    for number in range(5):
        make_rule(f"rule_{number}", expression=group(row("card_token", "in", list="blocked_cards")))

    with django_assert_num_queries(4):
        ruleset_load_live(now)


def test_list_items_count_while_they_are_valid(make_rule, blocked_cards, now):
    make_rule("blocked", expression=group(row("card_token", "in", list="blocked_cards")), action=Action.DECLINE)
    item = list_item_add(
        actor="ana", item_list=blocked_cards, value="tok_bad", reason="stolen", expires_at=now + HOUR, now=now
    )
    blocked = payment(card_token="tok_bad")

    live = ruleset_load_live(now)
    assert hits(live.compiled, blocked) == ["blocked"]
    assert live.reload_at == now + HOUR

    assert hits(ruleset_load_live(now + HOUR).compiled, blocked) == []

    list_item_remove(actor="ana", item=item, now=now)
    assert hits(ruleset_load_live(now).compiled, blocked) == []


def test_a_rule_that_cannot_be_read_is_named_and_the_others_work(make_rule, now):
    make_rule()
    lost = Rule.objects.create(code="lost", name="Lost", created_at=now, updated_at=now)
    version = lost.versions.create(
        number=1,
        expression=group(row("a_field_of_old", "is_missing")),
        action="decline",
        reason_code="rule.lost",
        reason_words="Lost",
        created_at=now,
    )
    RulesetMember.objects.create(ruleset=RulesetVersion.objects.get(), rule=lost, version=version)

    evaluation = ruleset_load_live(now).compiled.evaluate(payment(location_country="FR"), second_pass=False)

    assert [hit.code for hit in evaluation.hits] == ["foreign_high_amount"]
    assert [(failure.code, failure.action) for failure in evaluation.failed] == [("lost", Action.DECLINE)]


def test_a_rule_that_cannot_be_read_says_so_instead_of_its_sentence():
    words = sentence_of("decline", group(row("a_field_of_old", "is_missing")))

    assert words == 'This rule cannot be read. Row 1: there is no field "a_field_of_old".'


def test_starter_rules_are_installed_once_and_in_one_publication(db, now):
    assert starter_rules_install(now=now) == len(STARTER_RULES)
    assert starter_rules_install(now=now) == 0

    assert RulesetVersion.objects.get().members.count() == len(STARTER_RULES)


def test_starter_rules_leave_what_analysts_made_of_them(db, now):
    starter_rules_install(now=now)
    Rule.objects.filter(code="velocity_burst").update(is_enabled=False, name="Ours")

    starter_rules_install(now=now)

    rule = Rule.objects.get(code="velocity_burst")
    assert (rule.is_enabled, rule.name) == (False, "Ours")


@pytest.fixture
def starter(db, now):
    starter_rules_install(now=now)
    return ruleset_load_live(now).compiled


def test_ordinary_payments_pass_the_starter_rules(starter):
    assert hits(starter, payment(**ORDINARY)) == []
    assert hits(starter, payment()) == []


@pytest.mark.parametrize(
    ("unusual", "expected"),
    [
        ({"location_country": "FR"}, "foreign_high_amount"),
        ({"payments_1h": 8}, "velocity_burst"),
        ({"merchants_1h": 5}, "merchant_spread"),
        ({"distance_km": 6000.0, "speed_kmh": 5000.0}, "impossible_travel"),
        ({"amount_vs_usual_30d": 11.0, "merchant_is_new": True, "is_night": True}, "night_spike_new_merchant"),
    ],
)
def test_each_starter_rule_hits_what_it_is_for(starter, unusual, expected):
    assert hits(starter, payment(**{**ORDINARY, **unusual})) == [expected]
