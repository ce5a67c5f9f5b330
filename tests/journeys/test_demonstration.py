"""docs/demonstration.md and docs/guides/gateway.md, walked; their steps in the Admin are taken in between."""

import json
import sys
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from dashboard.services.verdict_extras import verdict_extras_register
from ledger.services.cases.applying import verdicts_apply
from ledger.services.seal.sealing import seal_round
from rules.models import Rule
from rules.services.shipped import shipped_rule_take_out
from sentinel.core.ids import parse_public_id
from tests.docs.documents import DOCS, ROOT
from tests.journeys.people import browser_of_somebody, publish_rule_in_admin
from tests.journeys.walking import Block, Shell, steps
from tests.ledger.own_record import older_writers_wait
from tests.rules.examples import FOREIGN_HIGH_AMOUNT
from tests.rulesets import live_rules
from tests.servers import web_processes

pytestmark = pytest.mark.journey


@pytest.fixture
def tester(new_gateway):
    """A gateway with test keys."""
    return new_gateway(livemode=False)


@pytest.fixture
def folder(tmp_path, settings) -> Path:
    """What the pages' commands look for: the documents, a Python, and where `up` keeps its data."""
    settings.SEAL_DIR = tmp_path / "var" / "seal"
    settings.SEAL_DIR.mkdir(parents=True)
    (tmp_path / "docs").symlink_to(ROOT / "docs")
    (tmp_path / ".venv").symlink_to(Path(sys.prefix))
    return tmp_path


@pytest.fixture
def shell(gateway, tester, folder) -> Iterator[Shell]:
    environment = {"SENTINEL_SEAL_DIR": str(folder / "var" / "seal")}
    with web_processes(2, **environment) as base_url, live_rules(review=FOREIGN_HIGH_AMOUNT):
        told = {"base_url": base_url, "api_key": gateway.api_key, "test_api_key": tester.api_key}
        (folder / "var" / "up.json").write_text(json.dumps(told))
        terminal = Shell(folder)
        yield terminal
        terminal.close()


@pytest.fixture
def published() -> Iterator[list[Rule]]:
    """Rules that decide no other test's payments."""
    rules: list[Rule] = []
    yield rules
    for rule in rules:
        shipped_rule_take_out(rule=rule, now=timezone.now())


def test_the_demonstration_goes_as_the_page_says(shell, folder, gateway, published):
    account_id = gateway.open_account("100000.00")
    reviewer = browser_of_somebody()

    for commands, behind in steps(DOCS / "demonstration.md", acc_alice=account_id):
        if "hotel.json id" in commands:
            approve(reviewer, read(folder / "var" / "hotel.json")["id"])
        if "/proof" in commands:
            seal()
        walk(shell, commands, behind[:1])
        published.extend(publish(json.loads(form.text)) for form in behind[1:])

    assert len(published) == 1
    assert read(folder / "var" / "bet.json")["reasons"][0]["words"] == "Gambling over 1,000 INR"


def test_a_gateways_developer_gets_what_the_guide_says(shell, tester):
    account_id = tester.open_account("100000.00")

    for commands, behind in steps(DOCS / "guides" / "gateway.md", acc_test_carol=account_id):
        walk(shell, commands, behind)


def walk(shell: Shell, commands: str, seen: list[Block]) -> None:
    if seen:
        shell.see(commands, *seen)
    else:
        assert shell.type(commands) == ""


def publish(expression: dict[str, Any]) -> Rule:
    analyst, approver = browser_of_somebody(), browser_of_somebody()
    return publish_rule_in_admin(analyst, approver, name="Gambling over 1,000 INR", expression=expression)


def approve(reviewer: Client, payment: str) -> None:
    verdict_extras_register()
    transaction_id = parse_public_id("txn", payment)
    answer = reviewer.post(reverse("admin:case_verdict", args=[transaction_id]), {"verdict": "approve"})
    assert answer.status_code == 302
    verdicts_apply(now=timezone.now() + timedelta(seconds=11))  # beyond the time in which it can be taken back


def seal() -> None:
    older_writers_wait()
    while seal_round(now=timezone.now()):
        pass


def read(path: Path) -> dict[str, Any]:
    return json.loads(path.read_text())
