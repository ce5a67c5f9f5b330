"""From the button on a rule to the result, as an analyst sees it."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from celery import current_app
from django.contrib.auth.models import Permission, User
from django.urls import reverse

from ledger.services.labels import label_attach
from rules.admin.simulation_words import headline, simulation_words
from rules.models import Rule, Simulation
from rules.selectors import rule_latest_version
from rules.services.simulating import simulation_run
from rules.services.simulations import simulation_claim, simulation_progress, simulation_request
from sentinel.core.ids import uuid7
from sentinel.core.outcomes import Action
from tests.factories import make_account, make_client, make_payment
from tests.rules.examples import group, inr, row

NOW = datetime(2018, 1, 31, 12, tzinfo=UTC)
LARGE = group(row("amount", "at_least", inr("100.00")), row("device_id", "not_equal", "dev_x"))
ANALYST = ("view_rule", "change_rule", "view_simulation", "view_transaction")


@pytest.fixture(autouse=True)
def no_worker(monkeypatch) -> None:
    monkeypatch.setattr(current_app, "send_task", lambda *_, **__: None)


@pytest.fixture
def sign_in(client, db):
    def sign_in_with(*permissions: str):
        user = User.objects.create_user("ana", is_staff=True)
        user.user_permissions.set(Permission.objects.filter(codename__in=permissions))
        client.force_login(user)
        return client

    return sign_in_with


@pytest.fixture
def rule(make_rule) -> Rule:
    return make_rule("large", expression=LARGE, is_live=False)


@pytest.fixture
def payment(db):
    account, client = make_account("acc_pages", opening_balance_minor=10_000_000), make_client()
    made = make_payment(account, client, amount_minor=7_120_000, now=NOW - timedelta(hours=1), device_id="dev_secret")
    label_attach(
        payment=made, is_fraud=True, source="chargeback", observed_at=NOW, actor="t", label_id=uuid7(), now=NOW
    )
    return made


def begin(client, rule: Rule, **data: Any):
    return client.post(reverse("admin:rules_rule_simulate", args=[rule.pk]), {"days": 7, **data})


@pytest.fixture
def done(rule, payment) -> Simulation:
    version = rule_latest_version(rule)
    assert version is not None
    simulation = simulation_request(actor="ana", version=version, days=7, now=NOW)
    simulation_run(simulation_id=simulation.pk, clock=lambda: NOW)
    simulation.refresh_from_db()
    return simulation


def page_of(simulation: Simulation) -> str:
    return reverse("admin:rules_simulation_change", args=[simulation.pk])


def test_the_button_begins_a_simulation_and_shows_how_far_it_is(sign_in, rule):
    client = sign_in(*ANALYST)
    assert (
        "What would it have done?"
        in client.get(reverse("admin:rules_rule_simulate", args=[rule.pk])).content.decode()
    )

    answer = begin(client, rule)

    simulation = Simulation.objects.get()
    assert (answer.url, simulation.days, simulation.requested_by) == (page_of(simulation), 7, "ana")
    page = client.get(answer.url).content.decode()
    assert "Waiting for a worker." in page
    assert '<meta http-equiv="refresh" content="5">' in page
    progress = reverse("admin:rules_simulation_progress", args=[simulation.pk])
    assert progress in page
    claimed = simulation_claim(simulation_id=simulation.pk, now=NOW)
    assert claimed
    claimed.rows_estimated = 200
    simulation_progress(simulation=claimed, rows_done=50, now=NOW)
    assert client.get(progress).json() == {
        "is_finished": False,
        "percent": 25,
        "words": "50 of about 200 payments read.",
    }


def test_a_second_one_is_refused_in_words_and_leads_to_the_first(sign_in, rule):
    client = sign_in(*ANALYST)
    first = begin(client, rule)

    second = client.post(reverse("admin:rules_rule_simulate", args=[rule.pk]), {"days": 30}, follow=True)

    assert Simulation.objects.count() == 1
    assert second.redirect_chain[0][0] == first.url
    assert "This version is being simulated" in second.content.decode()


@pytest.mark.parametrize(("data", "status"), [({"days": 8}, 200), ({"days": "<b>"}, 200), ({"version": 99}, 404)])
def test_what_cannot_be_simulated_is_refused_and_nothing_is_queued(sign_in, rule, data, status):
    assert begin(sign_in(*ANALYST), rule, **data).status_code == status

    assert Simulation.objects.count() == 0


def test_stop_stops(sign_in, rule):
    client = sign_in(*ANALYST)
    begin(client, rule)
    stop = reverse("admin:rules_simulation_stop", args=[Simulation.objects.get().pk])

    assert client.get(stop).status_code == 405
    page = client.post(stop, follow=True).content.decode()

    assert Simulation.objects.get().state == "stopped"
    assert "Stopped before it was done." in page


def test_who_may_only_look_neither_begins_nor_stops(sign_in, rule, done):
    client = sign_in("view_rule", "view_simulation")

    assert begin(client, rule).status_code == 403
    assert client.post(reverse("admin:rules_simulation_stop", args=[done.pk])).status_code == 403
    page = client.get(page_of(done)).content.decode()

    assert Simulation.objects.count() == 1
    assert "Simulate again" not in page
    assert "why it hits" not in page


def test_who_may_not_look_sees_no_progress(sign_in, done):
    client = sign_in("view_rule")

    assert client.get(reverse("admin:rules_simulation_progress", args=[done.pk])).status_code == 403
    assert client.get(page_of(done)).status_code == 403


def test_the_result_is_read_in_money_and_frauds(sign_in, done, payment):
    page = sign_in(*ANALYST).get(page_of(done)).content.decode()

    assert "Each day it would have held 1 more payment, worth 71,200 INR." in page
    assert "It catches 1 of 1 confirmed fraud (100%), 1 of which went through, and misses 0." in page
    assert reverse("admin:ledger_transaction_change", args=[payment.pk]) in page
    assert 'id="slider-data" type="application/json"' in page
    assert "100 INR (now)" in page
    assert " style=" not in page.split('id="content-main"')[1]


def test_a_result_takes_the_same_queries_however_many_hits(sign_in, done, django_assert_max_num_queries):
    client = sign_in(*ANALYST)

    with django_assert_max_num_queries(10):
        client.get(page_of(done))


def test_simulations_are_listed(sign_in, done):
    page = sign_in(*ANALYST).get(reverse("admin:rules_simulation_changelist")).content.decode()

    assert "large" in page
    assert "done" in page


def result(**changes: Any) -> dict[str, Any]:
    return {
        "payments": 100,
        "rule": {"action": "review"},
        "hits": {"payments": 4},
        "changes": {"payments": 4, "per_day": 2.0, "money": [{"currency": "INR", "payments": 4, "minor": 400}]},
        "span": {"days": 2.0},
        **changes,
    }


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({}, "Each day it would have held 2 more payments, worth 2 INR."),
        ({"rule": {"action": "decline"}}, "Each day it would have declined 2 more payments, worth 2 INR."),
        ({"payments": 0}, "There are no payments in this time."),
        ({"hits": {"payments": 0}}, "It would not have hit any of 100 payments."),
        (
            {"changes": {"payments": 0, "per_day": 0.0, "money": []}},
            "It would have hit 4 payments, and changed the outcome of none.",
        ),
        (
            {
                "changes": {
                    "payments": 4,
                    "per_day": 12.5,
                    "money": [{"currency": name, "payments": 1, "minor": 200} for name in ("INR", "EUR", "USD")],
                }
            },
            "Each day it would have held 12 more payments, worth 1 INR and 1 EUR and 1 other currency.",
        ),
    ],
)
def test_the_headline_says_what_there_is_to_say(changes, words):
    assert headline(result(**changes)) == words


def test_a_past_that_is_shorter_than_asked_for_is_told(done):
    assert simulation_words(done.result or {})["short_past"]


# -- one rule on one payment


def explained(client, rule: Rule, payment: str, **query: Any) -> str:
    answer = client.get(reverse("admin:rules_rule_explain", args=[rule.pk]), {"payment": payment, **query})
    assert answer.status_code == 200
    return answer.content.decode()


def test_each_row_is_told_with_its_values(sign_in, rule, payment):
    page = explained(sign_in(*ANALYST), rule, payment.public_id)

    assert "It hits" in page
    assert "the amount is at least 100 INR" in page
    assert "<strong>71,200 INR</strong>" in page


def test_personal_details_are_shown_to_those_who_may_see_them(sign_in, rule, payment):
    client = sign_in(*ANALYST)
    assert "dev_secret" not in explained(client, rule, payment.public_id)

    User.objects.get(username="ana").user_permissions.add(Permission.objects.get(codename="view_personaldetail"))

    assert "<strong>dev_•••</strong>" in explained(client, rule, payment.public_id)


def test_a_list_is_asked_as_it_was_then(sign_in, make_rule, blocked_cards, payment):
    expression = group(row("card_token", "in", list="blocked_cards"))
    on_list = make_rule("blocked", expression=expression, action=Action.DECLINE)

    assert "It does not hit" in explained(sign_in(*ANALYST), on_list, payment.public_id)


@pytest.mark.parametrize("asked", ["txn_1", "<script>", "txn_" + "0" * 32])
def test_a_payment_that_is_not_there_is_said_so(sign_in, rule, asked):
    page = explained(sign_in(*ANALYST), rule, asked)

    assert "There is no payment with this id." in page
    assert "<script>alert" not in page


def test_who_may_not_see_payments_is_not_told_of_one(sign_in, rule, payment):
    client = sign_in("view_rule", "change_rule")

    answer = client.get(reverse("admin:rules_rule_explain", args=[rule.pk]), {"payment": payment.public_id})

    assert answer.status_code == 403


def test_the_examples_of_the_last_result_are_offered(sign_in, rule, done, payment):
    assert f'<option value="{payment.public_id}">' in explained(sign_in(*ANALYST), rule, "")
