"""The whole way of a rule between two people: built, simulated, asked for, refused, published, and rolled back."""

from collections.abc import Iterator
from functools import partial

import pytest
from celery import current_app
from playwright.sync_api import Page, expect

from ledger.models import Decision
from rules.models import Rule, RulesetVersion
from sentinel.core.ids import parse_public_id
from tests.browser.conftest import ANALYST, unique
from tests.browser.test_builder import ADD, SENTENCE, choose, fill_in, says
from tests.gateway import purchase
from tests.rulesets import live_rules
from tests.servers import celery_worker

pytestmark = pytest.mark.journey

WORKER_MS = 60_000
SEES = ("rules.view_simulation", "rules.view_rulesetversion", "ledger.view_transaction", "ledger.view_auditentry")
PUBLISHES = ("rules.view_rule", "rules.publish_rule", *SEES)


@pytest.fixture
def queue(monkeypatch) -> str:
    """A queue of its own on the real broker: other tests have workers and databases of theirs."""
    name = unique("queue")
    monkeypatch.setattr(current_app, "send_task", partial(current_app.send_task, queue=name))
    return name


@pytest.fixture
def ana(new_page, log_in) -> Page:
    """May even publish, but not what she wrote herself."""
    page = new_page()
    log_in(page, unique("ana"), *ANALYST, *PUBLISHES)
    return page


@pytest.fixture
def ben(new_page, log_in) -> Page:
    page = new_page()
    log_in(page, unique("ben"), *PUBLISHES)
    return page


@pytest.fixture
def ruleset_before(committed) -> Iterator[RulesetVersion]:
    """A ruleset to go back to, with a rule that hits nothing."""
    with live_rules(decline={"field": "hour", "operator": "is_missing"}):
        yield RulesetVersion.objects.latest("number")


def test_a_rule_from_its_first_row_to_the_way_back(gateway, ruleset_before, ana, ben, queue, axe, screenshot):
    account_id = gateway.open_account("100000.00")
    abroad = {"location": {"country": "FR"}}
    assert pay(gateway, account_id, **abroad).outcome == "approve"

    rule = build(ana)
    screenshot(ana, "rule-saved", "#content")
    with celery_worker(queue):
        simulate(ana)
    ask(ana, rule)
    assert axe(ana, "#content") == []
    screenshot(ana, "rule-asked", "#content")
    publish(ana, rule)
    expect(ana.get_by_text("a colleague has to decide")).to_be_visible()
    screenshot(ana, "rule-refused", "#content")
    assert pay(gateway, account_id, **abroad).outcome == "approve"

    publish(ben, rule)
    expect(ben.get_by_text("version 1 is live")).to_be_visible()
    assert axe(ben, "#content") == []
    screenshot(ben, "rule-live", "#content")

    held = pay(gateway, account_id, **abroad)
    assert (held.outcome, held.rule_hits) == ("review", [rule.versions.get().pk])

    roll_back(ben, ruleset_before)
    assert pay(gateway, account_id, **abroad).outcome == "approve"


def pay(gateway, account_id: str, **fields) -> Decision:
    receipt = gateway.post("transactions", purchase(account_id, "6000.00", **fields)).json()
    return Decision.objects.get(pk=parse_public_id("txn", receipt["id"]))


def build(page: Page) -> Rule:
    page.goto(ADD)
    code = unique("story")
    fill_in(page, code)
    choose(page, "Row 1: look at", "amount")
    page.get_by_role("textbox", name="Row 1: value (amount)").fill("5000.00")
    page.get_by_role("button", name="Add condition").click()
    choose(page, "Row 2: look at", "country")
    page.get_by_role("combobox", name="Row 2: comparison").select_option("is not")
    page.get_by_role("combobox", name="Row 2: compare with").select_option("another field")
    choose(page, "Row 2: the other field", "home")
    says(page, SENTENCE)
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("Saved as version 1. This version decides nothing yet.")).to_be_visible()
    return Rule.objects.get(code=code)


def simulate(page: Page) -> None:
    page.get_by_role("link", name="Simulate…").click()
    page.get_by_label("The last").select_option("7")
    page.get_by_role("button", name="Simulate").click()
    expect(page.get_by_text("Each day it would have held")).to_be_visible(timeout=WORKER_MS)


def ask(page: Page, rule: Rule) -> None:
    page.goto(f"/admin/rules/rule/{rule.pk}/change/")
    page.get_by_role("link", name="Ask for approval…").click()
    page.get_by_label("For your colleague").fill("Cards of a breach are used abroad")
    page.get_by_role("button", name="Ask for approval").click()
    expect(page.get_by_role("heading", name="asks to publish version 1")).to_be_visible()


def publish(page: Page, rule: Rule) -> None:
    page.goto(f"/admin/rules/rule/{rule.pk}/change/")
    page.get_by_role("link", name="Approve and publish…").click()
    page.get_by_label("Live: it decides for every account").check()
    page.get_by_role("button", name="Approve and publish").click()


def roll_back(page: Page, before: RulesetVersion) -> None:
    page.goto(f"/admin/rules/rulesetversion/{before.pk}/change/")
    page.get_by_role("link", name="Go back to this…").click()
    page.get_by_label("Why").fill("It holds too many good customers")
    page.get_by_role("button", name=f"Go back to ruleset {before.number}").click()
    expect(page.get_by_text(f"asks what ruleset {before.number} asked")).to_be_visible()
