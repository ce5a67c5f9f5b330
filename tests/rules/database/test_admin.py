import json

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client
from django.urls import reverse, reverse_lazy

from ledger.models import AuditEntry
from rules.models import List, ListItem, Rule, RulesetVersion, RuleVersion
from rules.services.lists import list_item_add
from rules.services.rules import rule_save
from tests.factories import make_account
from tests.rules.examples import FOREIGN_HIGH_AMOUNT, group, inr, row

SENTENCE = "Review when the amount is over 5,000 INR and the country is not the account&#x27;s home country"
ADD = reverse_lazy("admin:rules_rule_add")
RULES = reverse_lazy("admin:rules_rule_changelist")


@pytest.fixture(autouse=True)
def plain_static_files(settings, tmp_path):
    settings.STATIC_ROOT = tmp_path
    storage = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
    settings.STORAGES = {**settings.STORAGES, "staticfiles": storage}


@pytest.fixture
def sign_in(db):
    def sign_in_with(*permissions: str, name: str = "ana"):
        user, _ = User.objects.get_or_create(username=name, is_staff=True)
        user.user_permissions.set(
            Permission.objects.filter(codename__in=permissions, content_type__app_label__in=["rules", "ledger"])
        )
        client = Client()
        client.force_login(user)
        return client

    return sign_in_with


@pytest.fixture
def analyst(sign_in):
    return sign_in("view_rule", "add_rule", "change_rule", "view_auditentry", "view_rulesetversion")


@pytest.fixture
def approver(sign_in):
    publishes = ("view_rule", "change_rule", "publish_rule", "break_glass_rule", "view_rulesetversion")
    return sign_in(*publishes, "add_rulesnooze", name="ben")


def step(rule: Rule, name: str) -> str:
    return reverse("admin:rules_rule_step", args=[rule.pk, name])


def filled(expression=FOREIGN_HIGH_AMOUNT, **changes):
    text = expression if isinstance(expression, str) else json.dumps(expression)
    return {
        "code": "foreign_high_amount",
        "name": "High amount abroad",
        "action": "review",
        "reason_code": "rule.foreign_high_amount",
        "reason_words": "High amount abroad",
        "expression": text,
        **changes,
    }


def change_page(rule: Rule) -> str:
    return reverse("admin:rules_rule_change", args=[rule.pk])


def test_an_analyst_writes_a_rule_and_a_colleague_publishes_it(analyst, approver, simulated):
    assert analyst.post(ADD, filled()).status_code == 302
    rule = simulated(Rule.objects.get())
    assert RulesetVersion.objects.count() == 0

    analyst.post(step(rule, "ask"), {"note": "a wave abroad"})
    question = approver.get(step(rule, "approve")).content.decode()
    assert SENTENCE in question
    assert "a wave abroad" in question
    approver.post(step(rule, "approve"), {"stage": "canary", "share_percent": 10})

    member = RulesetVersion.objects.get().members.get()
    assert (member.stage, member.share_percent) == ("canary", 10)
    assert "is a canary for 10 % of the accounts" in analyst.get(change_page(rule)).content.decode()


def test_the_author_is_told_that_a_colleague_decides(approver, make_draft, simulated, now):
    rule = Rule(code="mine", name="Mine")
    rule_save(actor="ben", rule=rule, draft=make_draft(), now=now)
    simulated(rule)
    approver.post(step(rule, "ask"), {"note": ""})

    page = approver.post(step(rule, "approve"), {"stage": "live"}).content.decode()

    assert "You wrote or asked for this yourself: a colleague has to decide." in page
    assert RulesetVersion.objects.count() == 0


def test_a_refusal_stands_at_its_field_and_what_was_typed_stays(analyst, approver, make_rule, simulated):
    rule = simulated(make_rule(is_live=False))
    analyst.post(step(rule, "ask"), {"note": ""})

    page = approver.post(step(rule, "approve"), {"stage": "canary", "note": "carefully"}).content.decode()

    assert "Choose the canary&#x27;s share of the accounts" in page
    assert "carefully" in page
    assert RulesetVersion.objects.count() == 0


@pytest.mark.parametrize("name", ["approve", "refuse", "move", "break-glass", "snooze"])
def test_who_lacks_the_right_takes_no_such_step(analyst, make_rule, name):
    rule = make_rule(is_live=False)

    assert analyst.post(step(rule, name), {"stage": "live", "note": "x"}).status_code == 403
    assert RulesetVersion.objects.count() == 0


def test_a_step_that_does_not_exist_is_not_found(approver, make_rule):
    assert approver.get(step(make_rule(), "delete")).status_code == 404


def test_the_page_of_a_rule_shows_its_way_versions_and_history(analyst, make_rule, make_draft, now):
    rule = make_rule()
    rule_save(actor="ana", rule=rule, draft=make_draft(group(row("is_night", "is_true"))), now=now)

    page = analyst.get(change_page(rule)).content.decode()

    assert '<li class="here" aria-current="step">draft</li>' in page
    assert "version 1 is live" in page
    assert "<ins>the payment is made at night" in page
    assert "<del>the amount is over 5,000 INR</del>" in page
    assert "publish approved" not in page  # shipped rules are approved with the product
    assert "saved, version 2" in page


def test_html_in_a_name_is_shown_as_it_was_typed(analyst):
    analyst.post(ADD, filled(name="<script>alert(1)</script>", description="<b>bold</b>"))
    rule = Rule.objects.get()

    for page in (analyst.get(RULES), analyst.get(change_page(rule))):
        assert "<script>alert" not in page.content.decode()
    assert rule.name == "<script>alert(1)</script>"


def test_an_account_is_snoozed_and_woken_on_the_page(approver, make_rule, now):
    rule, account = make_rule(), make_account()
    told = {"account_id": account.id, "until": "2099-01-01", "note": "a trip"}

    assert approver.post(step(rule, "snooze"), told).status_code == 302
    assert "a trip" in approver.get(change_page(rule)).content.decode()

    approver.post(reverse("admin:rules_snooze_end", args=[rule.pk, rule.snoozes.get().pk]))
    assert rule.snoozes.get().ended_by == "ben"


def test_broken_glass_is_seen_by_everybody(approver, analyst, make_rule):
    rule = make_rule(is_live=False)

    approver.post(step(rule, "break-glass"), {"hours": 4, "note": "cards of a breach"})

    assert "ben broke the glass" in analyst.get(change_page(rule)).content.decode()
    assert RulesetVersion.objects.get().members.get().expires_at is not None


def test_one_click_goes_back_to_an_earlier_ruleset(approver, make_rule):
    make_rule()
    first = RulesetVersion.objects.get()
    make_rule("night", expression=group(row("is_night", "is_true")))
    back = reverse("admin:rules_rulesetversion_roll_back", args=[first.pk])

    assert "goes out" in approver.get(back).content.decode()
    approver.post(back, {"note": "too noisy"})

    assert [member.rule.code for member in RulesetVersion.objects.latest("number").members.all()] == [
        "foreign_high_amount"
    ]


def test_going_back_takes_the_right_to_publish(analyst, make_rule):
    make_rule()
    back = reverse("admin:rules_rulesetversion_roll_back", args=[RulesetVersion.objects.get().pk])

    assert analyst.post(back, {"note": "x"}).status_code == 403
    assert RulesetVersion.objects.count() == 1


def test_a_ruleset_says_what_it_changed(analyst, make_rule):
    make_rule()
    page = reverse("admin:rules_rulesetversion_change", args=[RulesetVersion.objects.get().pk])

    assert "comes in: live" in analyst.get(page).content.decode()


def test_the_list_shows_sentence_and_live_version(analyst, make_rule):
    make_rule()

    page = analyst.get(RULES).content.decode()

    assert SENTENCE in page
    assert '<span class="quiet">version 1</span>' in page


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


def test_who_may_only_look_sees_the_sentence(sign_in, make_rule):
    page = sign_in("view_rule").get(change_page(make_rule())).content.decode()

    assert SENTENCE in page
    assert "<textarea" not in page


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
    admin_client.post(
        reverse("admin:rules_list_add"), {"name": "blocked_cards", "item_type": "card_token", "purpose": "block"}
    )
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
