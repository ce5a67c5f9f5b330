import json

import pytest
from django.contrib.auth.models import Permission, User
from django.urls import reverse, reverse_lazy

from ledger.models import AuditEntry
from rules.models import List, ListItem, Rule, RulesetVersion, RuleVersion
from rules.services.lists import list_item_add
from tests.rules.examples import FOREIGN_HIGH_AMOUNT, group, inr, row

SENTENCE = "Review when the amount is over 5,000 INR and the country is not the account&#x27;s home country"
ADD = reverse_lazy("admin:rules_rule_add")
RULES = reverse_lazy("admin:rules_rule_changelist")
NO_VERSIONS = {"versions-TOTAL_FORMS": 0, "versions-INITIAL_FORMS": 0}


@pytest.fixture(autouse=True)
def plain_static_files(settings, tmp_path):
    settings.STATIC_ROOT = tmp_path
    storage = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
    settings.STORAGES = {**settings.STORAGES, "staticfiles": storage}


@pytest.fixture
def sign_in(client, db):
    def sign_in_with(*permissions: str):
        user = User.objects.create_user("ana", is_staff=True)
        user.user_permissions.set(
            Permission.objects.filter(codename__in=permissions, content_type__app_label="rules")
        )
        client.force_login(user)
        return client

    return sign_in_with


@pytest.fixture
def analyst(sign_in):
    return sign_in("view_rule", "add_rule", "change_rule", "publish_rule", "view_ruleversion", "view_rulesetversion")


def filled(expression=FOREIGN_HIGH_AMOUNT, **changes):
    text = expression if isinstance(expression, str) else json.dumps(expression)
    return {
        "code": "foreign_high_amount",
        "name": "High amount abroad",
        "action": "review",
        "reason_code": "rule.foreign_high_amount",
        "reason_words": "High amount abroad",
        "expression": text,
        **NO_VERSIONS,
        **changes,
    }


def change_page(rule: Rule) -> str:
    return reverse("admin:rules_rule_change", args=[rule.pk])


def test_an_analyst_writes_a_rule_and_enables_it(analyst):
    assert analyst.post(ADD, filled()).status_code == 302
    rule = Rule.objects.get()
    assert (rule.is_enabled, rule.created_by) == (False, "ana")

    analyst.post(RULES, {"action": "enable", "_selected_action": [rule.pk]})

    assert Rule.objects.get().is_enabled
    assert RulesetVersion.objects.get().published_by == "ana"


def test_the_list_shows_sentence_and_live_version(analyst, make_rule):
    make_rule()

    page = analyst.get(RULES).content.decode()

    assert SENTENCE in page
    assert '<td class="field-live_version">1</td>' in page


def test_the_list_takes_the_same_queries_for_more_rules(analyst, make_rule, django_assert_num_queries):
    for number in range(5):
        make_rule(f"rule_{number}")

    with django_assert_num_queries(6):
        analyst.get(RULES)


def test_the_form_shows_the_rule_as_it_is(analyst, make_rule):
    page = analyst.get(change_page(make_rule())).content.decode()

    assert SENTENCE in page
    assert "&quot;combinator&quot;: &quot;all&quot;" in page
    assert "is_missing" in page


def test_an_edit_of_a_live_rule_is_live(analyst, make_rule):
    rule = make_rule()

    analyst.post(change_page(rule), filled(group(row("is_night", "is_true")), action="decline"))

    assert RuleVersion.objects.count() == 2
    assert RulesetVersion.objects.count() == 2


@pytest.mark.parametrize(
    ("expression", "words"),
    [
        (group(row("amout", "equal", inr("1"))), "Row 1: there is no field &quot;amout&quot;. Did you mean amount"),
        (group(row("hour", "equal", 1), row("hour", "equal", 2)), "Row 2: this and row 1 can never both hold."),
        ("amount > 5000", "This is not JSON: Expecting value in line 1."),
        ('{"combinator": "all", "combinator": "any"}', "A key stands twice"),
        ("[" * 50_000, "it is too deep"),
        ('{"conditions": ' + "9" * 5_000 + "}", "a number is too long"),
        ('{"combinator": "\\ud800"}', "there is no combinator"),
        (group(row("<script>", "equal", 1)), "there is no field &quot;&lt;script&gt;&quot;"),
    ],
)
def test_conditions_that_cannot_be_used_are_refused_in_words(analyst, expression, words):
    page = analyst.post(ADD, filled(expression))

    assert page.status_code == 200
    assert words in page.content.decode()
    assert (Rule.objects.count(), RuleVersion.objects.count(), AuditEntry.objects.count()) == (0, 0, 0)


def test_who_may_not_publish_may_not_change_a_live_rule(sign_in, make_rule):
    rule = make_rule()
    author = sign_in("view_rule", "add_rule", "change_rule")

    assert author.get(change_page(rule)).status_code == 200
    assert author.post(change_page(rule), filled(action="decline")).status_code == 403
    author.post(RULES, {"action": "disable", "_selected_action": [rule.pk]})

    assert RuleVersion.objects.count() == 1
    assert Rule.objects.get().is_enabled


def test_who_may_only_look_sees_the_sentence(sign_in, make_rule):
    page = sign_in("view_rule").get(change_page(make_rule())).content.decode()

    assert SENTENCE in page
    assert "<textarea" not in page


def test_a_rule_is_disabled_by_action(analyst, make_rule):
    rule = make_rule()

    analyst.post(RULES, {"action": "disable", "_selected_action": [rule.pk]})

    assert not Rule.objects.get().is_enabled
    assert RulesetVersion.objects.latest("number").members.count() == 0


def test_a_rule_without_conditions_is_not_enabled(analyst, now):
    rule = Rule.objects.create(code="empty", name="Empty", created_at=now, updated_at=now)

    page = analyst.post(RULES, {"action": "enable", "_selected_action": [rule.pk]}, follow=True).content.decode()

    assert "Rule empty was not enabled. The rule has no conditions yet." in page
    assert RulesetVersion.objects.count() == 0


def test_nobody_deletes_a_rule(admin_client, make_rule):
    rule = make_rule()

    assert admin_client.post(reverse("admin:rules_rule_delete", args=[rule.pk]), {"post": "yes"}).status_code == 403

    assert Rule.objects.count() == 1


def test_past_rulesets_are_shown(analyst, make_rule):
    make_rule()
    ruleset = RulesetVersion.objects.get()

    assert analyst.get(reverse("admin:rules_rulesetversion_changelist")).status_code == 200
    page = analyst.get(reverse("admin:rules_rulesetversion_change", args=[ruleset.pk])).content.decode()
    assert "foreign_high_amount" in page


def item_form(value: str, expires_on: str = ""):
    return {
        "description": "",
        "items-TOTAL_FORMS": 1,
        "items-INITIAL_FORMS": 0,
        "items-0-value": value,
        "items-0-reason": "stolen",
        "items-0-expires_at_0": expires_on,
        "items-0-expires_at_1": "12:00" if expires_on else "",
    }


def test_a_list_is_made_and_filled(admin_client):
    admin_client.post(reverse("admin:rules_list_add"), {"name": "blocked_cards", "item_type": "card_token"})
    item_list = List.objects.get()

    page = admin_client.post(reverse("admin:rules_list_change", args=[item_list.pk]), item_form(" tok_bad "))

    assert page.status_code == 302
    item = ListItem.objects.get()
    assert (item.value, item.owner, item_list.created_by) == ("tok_bad", "admin", "admin")


@pytest.mark.parametrize(
    ("form", "words"),
    [
        (item_form("4111111111111111"), "full card number"),
        (item_form("tok_bad", expires_on="2020-01-01"), "in the future"),
    ],
)
def test_an_item_that_cannot_be_is_refused_in_words(admin_client, blocked_cards, form, words):
    page = admin_client.post(reverse("admin:rules_list_change", args=[blocked_cards.pk]), form)

    assert words in page.content.decode()
    assert ListItem.objects.count() == 0


def test_an_item_already_listed_is_said_so(admin_client, blocked_cards, now):
    list_item_add(actor="ana", item_list=blocked_cards, value="tok_bad", reason="stolen", now=now)

    page = admin_client.post(
        reverse("admin:rules_list_change", args=[blocked_cards.pk]), item_form("tok_bad"), follow=True
    )

    assert "The list blocked_cards has tok_bad already." in page.content.decode()
    assert ListItem.objects.count() == 1


def test_items_are_removed_by_action(admin_client, blocked_cards, now):
    item = list_item_add(actor="ana", item_list=blocked_cards, value="tok_bad", reason="stolen", now=now)
    items = reverse("admin:rules_listitem_changelist")

    assert "tok_bad" in admin_client.get(items).content.decode()
    admin_client.post(items, {"action": "remove", "_selected_action": [item.pk]})

    item.refresh_from_db()
    assert item.removed_by == "admin"
