from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connection

from ledger.models import AuditEntry
from rules.domain.definitions import RuleDraft
from rules.domain.lists import ItemType
from rules.domain.stages import Stage
from rules.models import (
    Alarm,
    ApprovalRequest,
    BreakGlass,
    List,
    ListImport,
    ListItem,
    ListProposal,
    RecentHits,
    Rule,
    RuleDay,
    RuleHealth,
    RulePairDay,
    RulesetMember,
    RulesetVersion,
    RuleSnooze,
    RuleVersion,
    Simulation,
    TallyMark,
)
from rules.services.lists import list_save
from rules.services.rules import rule_save
from rules.services.shipped import shipped_rules_publish
from sentinel.core.outcomes import Action
from tests.rules.examples import FOREIGN_HIGH_AMOUNT

FACTS = (Simulation, Alarm, RuleSnooze, RulesetMember, RulesetVersion, BreakGlass, ApprovalRequest, RuleVersion, Rule)
LISTS = (ListImport, ListProposal, ListItem, List)
NOW = datetime(2026, 1, 31, 12, tzinfo=UTC)


@pytest.fixture(autouse=True)
def no_rules_yet(db) -> None:
    """Hides the rules that other tests committed, until this test is rolled back."""
    rules_forget()


def rules_forget() -> None:
    counted = (RuleHealth, RuleDay, RulePairDay, RecentHits, TallyMark)
    tables = [model._meta.db_table for model in (*counted, *FACTS, *LISTS, AuditEntry)]
    statements = [
        "SET CONSTRAINTS ALL IMMEDIATE",
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

    def make(code: str = "foreign_high_amount", *, is_live: bool = True, **draft: Any) -> Rule:
        rule = Rule(code=code, name="High amount abroad")
        if is_live:
            shipped_rules_publish(rules=[(rule, make_draft(**draft), Stage.LIVE)], note="tests", now=NOW)
        else:
            rule_save(actor="ana", rule=rule, draft=make_draft(**draft), now=NOW)
        return rule

    return make


@pytest.fixture
def rewrite(db):
    """Makes a stored version say something else, as no longer possible: for what was saved under older checks."""

    def rewrite(version: RuleVersion, expression: Any) -> None:
        with connection.cursor() as cursor:
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE; ALTER TABLE rules_ruleversion DISABLE TRIGGER USER")
            RuleVersion.objects.filter(pk=version.pk).update(expression=expression)
            cursor.execute("ALTER TABLE rules_ruleversion ENABLE TRIGGER USER; SET CONSTRAINTS ALL DEFERRED")

    return rewrite


@pytest.fixture
def simulated(now):
    """Says of a rule's latest version that it was simulated, so that approval can be asked for."""

    def simulated(rule: Rule) -> Rule:
        Simulation.objects.create(
            version=rule.versions.latest("number"),
            days=30,
            span_start=now - timedelta(days=30),
            span_end=now,
            state=Simulation.State.DONE,
            result={},
            requested_by="ana",
            created_at=now,
        )
        return rule

    return simulated


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
