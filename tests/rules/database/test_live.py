"""From a saved rule to a hit."""

import pytest

from rules.domain.stages import Stage
from rules.domain.starter_rules import STARTER_RULES
from rules.models import List, ListProposal, Rule, RulesetVersion
from rules.selectors import ruleset_load_live, sentence_of
from rules.services.list_proposals import proposal_approve
from rules.services.lists import NewItem, list_item_submit
from rules.services.shipped import shipped_rule_take_out
from rules.services.starter import starter_rules_install
from sentinel.core.catalogue import Value
from sentinel.core.outcomes import Action
from tests.rules.examples import group, hits, payment, row

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

    assert live.version == 0
    assert hits(live.compiled, payment()) == []


def test_a_published_rule_hits(make_rule, now):
    make_rule()

    live = ruleset_load_live(now)

    assert live.version == 1
    assert hits(live.compiled, payment(location_country="FR")) == ["foreign_high_amount"]
    assert hits(live.compiled, payment(location_country="IN")) == []


def test_a_ruleset_takes_the_same_queries_for_more_rules(make_rule, blocked_cards, now, django_assert_num_queries):
    for number in range(5):
        make_rule(f"rule_{number}", expression=group(row("card_token", "in", list="blocked_cards")))

    with django_assert_num_queries(6):  # the last one is the list's items
        live = ruleset_load_live(now)
    with django_assert_num_queries(3):
        assert ruleset_load_live(now, live) is live


def test_a_rule_that_cannot_be_read_is_named_and_the_others_work(make_rule, rewrite, now):
    make_rule()
    lost = make_rule("lost", action=Action.DECLINE)
    rewrite(lost.versions.get(), group(row("a_field_of_old", "is_missing")))

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
    rule = Rule.objects.get(code="velocity_burst")
    Rule.objects.filter(pk=rule.pk).update(name="Ours")
    shipped_rule_take_out(rule=rule, now=now)

    starter_rules_install(now=now)

    assert Rule.objects.get(code="velocity_burst").name == "Ours"
    assert "velocity_burst" not in [rule.code for rule in ruleset_load_live(now).compiled.first.rules]


@pytest.fixture
def starter(db, now):
    starter_rules_install(now=now)
    return ruleset_load_live(now).compiled


def test_ordinary_payments_pass_the_starter_rules(starter):
    assert hits(starter, payment(**ORDINARY)) == []
    assert hits(starter, payment()) == []


@pytest.fixture
def listed(starter, now):
    """One value on each starter list; the allow list takes two people."""
    values = {
        "blocked_cards": "tok_bad",
        "blocked_devices": "dev_bad",
        "blocked_networks": "203.0.113.0/24",
        "risky_merchants": "m_bad",
        "disposable_mail_domains": "mail.example",
        "trusted_accounts": "acc_good",
    }
    for name, value in values.items():
        wanted = NewItem(value=value, reason="for the test")
        list_item_submit(actor="ana", item_list=List.objects.get(name=name), wanted=wanted, now=now)
    proposal_approve(actor="ben", proposal=ListProposal.objects.get(), note="", now=now)
    return ruleset_load_live(now).compiled


TRANSFER: dict[str, Value] = {"transaction_type": "transfer", "device_is_new": True, "counterparty_is_new": True}
CASH_LIKE: dict[str, Value] = {"merchant_category": "6051", "merchant_is_new": True, "amount_vs_usual_30d": 3.5}
TESTED: dict[str, Value] = {"merchant_cards_1h": 25, "merchant_payments_1m": 5, "amount_vs_merchant_average_30d": 0.1}
UNUSUAL: dict[str, dict[str, Value]] = {
    "trusted_account": {"account_id": "acc_good"},
    "blocked_card": {"card_token": "tok_bad"},
    "blocked_device": {"device_id": "dev_bad"},
    "blocked_network": {"ip_address": "203.0.113.9"},
    "risky_merchant": {"merchant_id": "m_bad", "merchant_is_new": True},
    "disposable_mail": {"email_domain": "mail.example", "merchant_is_new": True},
    "foreign_high_amount": {"location_country": "FR"},
    "impossible_travel": {"distance_km": 6000.0, "speed_kmh": 5000.0},
    "velocity_burst": {"payments_1h": 8},
    "merchant_spread": {"merchants_1h": 5},
    "night_spike_new_merchant": {"amount_vs_usual_30d": 11.0, "merchant_is_new": True, "is_night": True},
    "card_testing_merchant": TESTED,
    "card_tried_at_many_merchants": {"card_payments_1h": 6, "card_merchants_1h": 4},
    "device_with_many_cards": {"device_cards_24h": 6},
    "ip_with_many_cards": {"ip_cards_1h": 10, "card_is_new": True},
    "cash_like_new_merchant": CASH_LIKE,
    "takeover_transfer": {**TRANSFER, "amount_vs_usual_30d": 3.5},
    "dormant_account_wakes": {"seconds_since_last": 61 * 86_400.0, "device_is_new": True},
    "device_with_many_accounts": {"device_accounts_24h": 5},
    "mule_fan_out": {"transaction_type": "transfer", "counterparties_24h": 5},
    "new_account_in_a_hurry": {"account_age_days": 2.0, "payments_24h": 10},
    "card_of_confirmed_fraud": {"confirmed_frauds_of_card_90d": 1},
    "device_of_confirmed_fraud": {"confirmed_frauds_of_device_90d": 1, "device_is_new": True},
    "strange_for_a_risky_account": {"score_percentile": 0.995, "account_risk": "high"},
}


@pytest.mark.parametrize("starter_rule", STARTER_RULES, ids=lambda rule: rule.code)
def test_each_starter_rule_hits_what_it_is_for(listed, starter_rule):
    values = payment(**{**ORDINARY, **UNUSUAL[starter_rule.code]})
    found = [listed.evaluate(values, second_pass=second_pass) for second_pass in (False, True)]

    with_say = [hit.code for evaluation in found for hit in evaluation.hits]
    silent = [hit.code for evaluation in found for hit in evaluation.silent_hits]
    code = starter_rule.code
    assert (with_say, silent) == (([code], []) if starter_rule.stage is Stage.LIVE else ([], [code]))


def test_every_starter_rule_says_why():
    assert all(len(rule.why) > 40 for rule in STARTER_RULES)
