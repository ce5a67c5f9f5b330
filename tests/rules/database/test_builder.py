"""What the builder is told, and what it is answered while somebody edits."""

import json

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client
from django.urls import reverse_lazy

from ledger.models import Account
from rules.admin.builder import CHECK_BYTES_MAX, builder_facts
from rules.domain.expressions import OPERATORS, Operator
from rules.models import Rule, RuleVersion
from rules.selectors import usual_currency
from sentinel.core.catalogue import FIELDS
from tests.factories import make_account
from tests.rules.examples import FOREIGN_HIGH_AMOUNT, group, inr, row

CHECK = reverse_lazy("admin:rules_rule_check")
NEVER = group(row("hour", "less_than", 3), row("hour", "greater_than", 5))


@pytest.fixture
def sign_in(db):
    def sign_in_with(*permissions: str, enforce_csrf_checks: bool = False) -> Client:
        user = User.objects.create_user("ana", is_staff=True)
        user.user_permissions.set(Permission.objects.filter(codename__in=permissions))
        client = Client(enforce_csrf_checks=enforce_csrf_checks)
        client.force_login(user)
        return client

    return sign_in_with


@pytest.fixture
def analyst(sign_in) -> Client:
    return sign_in("add_rule", "view_rule")


def check(client: Client, expression, action: str = "review"):
    text = expression if isinstance(expression, str) else json.dumps(expression)
    return client.post(CHECK, {"action": action, "text": text}, content_type="application/json")


def test_a_good_rule_is_answered_with_its_sentence(analyst):
    answer = check(analyst, FOREIGN_HIGH_AMOUNT).json()

    assert answer == {
        "sentence": "Review when the amount is over 5,000 INR and the country is not the account's home country",
        "errors": [],
        "warnings": [],
    }


def test_an_error_names_its_place_and_the_rest_still_reads(analyst):
    answer = check(analyst, group(row("hour", "equal", 3), row("amount", "equal", inr("x"))), "decline").json()

    assert answer["sentence"] == "Decline when the hour of day at home is 3 …"
    assert answer["errors"] == [
        {"path": "conditions[1].value", "words": 'Write the amount as a decimal string, for example "5400.00".'}
    ]


def test_a_contradiction_reads_as_it_stands(analyst):
    answer = check(analyst, NEVER).json()

    assert answer["sentence"].startswith("Review when the hour of day at home is under 3 and")
    assert answer["errors"][0]["path"] == "conditions[1]"


def test_what_is_pointless_is_a_warning(analyst):
    answer = check(analyst, group(row("hour", "equal", 3), row("hour", "equal", 3))).json()

    assert answer["errors"] == []
    assert answer["warnings"] == [
        {"path": "conditions[1]", "words": "This says the same as row 1. Take one of them out."}
    ]


@pytest.mark.parametrize("text", ["", "{", "[" * 100_000, '{"a": 1, "a": 2}'])
def test_text_that_is_no_json_is_said_to_be_none(analyst, text):
    answer = check(analyst, text)

    assert answer.status_code == 200
    assert answer.json()["sentence"] == ""
    assert len(answer.json()["errors"]) == 1


def test_groups_two_hundred_deep_are_an_error_like_any_other(analyst):
    deep: object = row("hour", "equal", 3)
    for _ in range(200):
        deep = group(deep)

    [error] = check(analyst, deep).json()["errors"]

    assert error["words"] == "Groups may stand inside each other at most 8 deep."


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'{"text": "{}"}', b'{"text": 1, "action": "review"}', b"\xff"])
def test_a_body_of_another_shape_is_refused(analyst, body):
    assert analyst.post(CHECK, body, content_type="application/json").status_code == 400


def test_an_unknown_action_is_refused(analyst):
    assert check(analyst, FOREIGN_HIGH_AMOUNT, "explode").status_code == 400


def test_a_very_long_text_is_refused(analyst):
    answer = check(analyst, "x" * CHECK_BYTES_MAX)

    assert (answer.status_code, answer.json()) == (413, {"detail": "These conditions are too long to check."})


def test_only_who_may_write_rules_may_ask(sign_in):
    assert check(sign_in("view_rule"), FOREIGN_HIGH_AMOUNT).status_code == 403


def test_a_stranger_is_sent_to_the_login(client, db):
    assert check(client, FOREIGN_HIGH_AMOUNT).status_code == 302


def test_a_check_without_its_token_is_refused(sign_in):
    assert check(sign_in("add_rule", enforce_csrf_checks=True), FOREIGN_HIGH_AMOUNT).status_code == 403


def test_reading_is_not_checking(analyst):
    assert analyst.get(CHECK).status_code == 405


def test_a_check_saves_nothing(analyst):
    check(analyst, FOREIGN_HIGH_AMOUNT)

    assert (Rule.objects.count(), RuleVersion.objects.count()) == (0, 0)


def test_the_builder_knows_every_field_and_operator(blocked_cards):
    facts = builder_facts()

    assert [field["name"] for field in facts["fields"]] == [field.name for field in FIELDS]
    assert facts["operators"].keys() == set(Operator)
    assert all(
        field["operators"] == OPERATORS[known.type] for field, known in zip(facts["fields"], FIELDS, strict=True)
    )
    assert {field["name"] for field in facts["fields"] if "blocked_cards" in field["lists"]} == {"card_token"}


def test_an_amount_starts_in_a_currency_that_accounts_have(db):
    make_account(currency="EUR")

    currency = builder_facts()["currency"]

    assert currency == usual_currency()
    assert Account.objects.filter(currency=currency).exists()


def test_the_facts_cannot_break_out_of_their_page(analyst, blocked_cards):
    """Names of lists are plain, but the page must not depend on it."""
    page = analyst.get(reverse_lazy("admin:rules_rule_add")).content.decode()

    _, _, facts = page.partition('<script id="id_expression_facts" type="application/json">')
    assert "blocked_cards" in json.dumps(json.loads(facts.partition("</script>")[0]))


def test_a_saved_rule_says_what_is_pointless_in_it(analyst):
    filled = {
        "code": "twice", "name": "Twice", "action": "review", "reason_code": "rule.twice", "reason_words": "Twice",
        "expression": json.dumps(group(row("hour", "equal", 3), row("hour", "equal", 3))),
    }  # fmt: skip

    page = analyst.post(reverse_lazy("admin:rules_rule_add"), filled, follow=True).content.decode()

    assert Rule.objects.get().code == "twice"
    assert "Row 2: this says the same as row 1." in page
