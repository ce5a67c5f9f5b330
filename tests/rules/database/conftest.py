from datetime import UTC, datetime
from typing import Any

import pytest
from django.db import connection

from ledger.models import AuditEntry
from rules.domain.definitions import RuleDraft
from rules.domain.lists import ItemType
from rules.models import List, ListItem, Rule, RulesetMember, RulesetVersion, RuleVersion
from rules.services.lists import list_save
from rules.services.rules import rule_save
from sentinel.core.outcomes import Action
from tests.rules.examples import FOREIGN_HIGH_AMOUNT

NOW = datetime(2026, 1, 31, 12, tzinfo=UTC)


@pytest.fixture(autouse=True)
def no_rules_yet(db) -> None:
    """Hides the rules that other tests committed, until this test is rolled back."""
    tables = [model._meta.db_table for model in (RulesetMember, RulesetVersion, RuleVersion, Rule, ListItem, List)]
    tables.append(AuditEntry._meta.db_table)
    statements = [
        *(f"ALTER TABLE {table} DISABLE TRIGGER USER" for table in tables),
        *(f"DELETE FROM {table}" for table in tables),
        "SET CONSTRAINTS ALL IMMEDIATE",
        *(f"ALTER TABLE {table} ENABLE TRIGGER USER" for table in tables),
        "SET CONSTRAINTS ALL DEFERRED",
    ]
    with connection.cursor() as cursor:
        cursor.execute("; ".join(statements))


@pytest.fixture
def now() -> datetime:
    return NOW


@pytest.fixture
def make_draft():
    def make(expression: Any = FOREIGN_HIGH_AMOUNT, action: Action = Action.REVIEW) -> RuleDraft:
        return RuleDraft(action, "rule.foreign_high_amount", "High amount abroad", expression)

    return make


@pytest.fixture
def make_rule(db, make_draft):
    """A saved rule, live unless said otherwise."""

    def make(code: str = "foreign_high_amount", *, is_enabled: bool = True, **draft: Any) -> Rule:
        rule = Rule(code=code, name="High amount abroad", is_enabled=is_enabled)
        rule_save(actor="ana", rule=rule, draft=make_draft(**draft), now=NOW)
        return rule

    return make


@pytest.fixture
def blocked_cards(db) -> List:
    item_list = List(name="blocked_cards", item_type=ItemType.CARD_TOKEN)
    list_save(actor="ana", item_list=item_list, now=NOW)
    return item_list


@pytest.fixture
def touched(monkeypatch) -> list[str]:
    """The epochs touched after commits."""
    names: list[str] = []
    monkeypatch.setattr("rules.services.rulesets.epoch_touch", names.append)
    return names
