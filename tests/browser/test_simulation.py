"""An analyst simulates a rule in a real browser: the page follows its progress, and the slider turns by keyboard."""

from datetime import timedelta

import pytest
from celery import current_app
from django.utils import timezone

from rules.domain.definitions import RuleDraft
from rules.models import Rule, Simulation
from rules.services.rules import rule_save
from rules.services.simulating import simulation_run
from sentinel.core.outcomes import Action
from tests.browser.conftest import unique
from tests.factories import make_account, make_client, make_payment
from tests.rules.examples import group, inr, row

ANALYST = (
    *("rules.view_rule", "rules.change_rule", "rules.view_simulation"),
    *("ledger.view_transaction", "ledger.view_personaldetail"),
)


@pytest.fixture
def rule(committed) -> Rule:
    """A rule, and five payments some of which it hits."""
    code = unique("simulated")
    rule = Rule(code=code, name=code)
    expression = group(row("amount", "at_least", inr("100.00")))
    draft = RuleDraft(Action.REVIEW, f"rule.{code}", "Large", expression)
    rule_save(actor="tests", rule=rule, draft=draft, now=timezone.now())
    account, client = make_account(unique("acc"), opening_balance_minor=10_000_000), make_client()
    for hours in range(1, 6):
        make_payment(account, client, amount_minor=hours * 7_000, now=timezone.now() - timedelta(hours=hours))
    return rule


def test_a_rule_is_simulated_and_its_slider_turned_by_keyboard(page, log_in, axe, rule, monkeypatch):
    monkeypatch.setattr(current_app, "send_task", lambda *_, **__: None)
    log_in(page, unique("ana"), *ANALYST)

    page.goto(f"/admin/rules/rule/{rule.pk}/simulate/")
    page.get_by_label("The last").select_option("7")
    page.get_by_role("button", name="Simulate").click()
    page.get_by_text("Waiting for a worker.").wait_for()
    assert axe(page, "#content") == []

    simulation = Simulation.objects.get(version__rule=rule)
    simulation_run(simulation_id=simulation.pk, clock=timezone.now)

    page.get_by_text("Each day it would have held").wait_for()
    assert axe(page, "#content") == []
    slider = page.get_by_role("slider")
    before = page.locator('[data-figure="hits"]').inner_text()
    slider.focus()
    for _ in range(10):
        page.keyboard.press("ArrowRight")
    assert page.locator("#threshold-words").inner_text() != "100 INR"
    assert page.locator('[data-figure="hits"]').inner_text() != before

    page.get_by_role("link", name="why it hits").first.click()
    page.get_by_text("the amount is at least 100 INR").wait_for()
    assert axe(page, "#content") == []
