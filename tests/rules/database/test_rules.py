import pytest
from django.core.exceptions import ValidationError

from ledger.models import AuditEntry
from rules.errors import InvalidExpression
from rules.models import Rule, RulesetVersion, RuleVersion
from rules.services.rules import rule_save
from sentinel.core.outcomes import Action
from tests.rules.examples import group, row

NIGHT = group(row("is_night", "is_true"))


def test_what_is_written_decides_nothing_yet(make_rule):
    rule = make_rule(is_live=False)

    assert (rule.created_by, rule.versions.get().author) == ("ana", "ana")
    assert RulesetVersion.objects.count() == 0


def test_saving_is_audited(make_rule):
    make_rule(is_live=False)

    entry = AuditEntry.objects.get()
    assert (entry.actor, entry.action, entry.subject) == ("ana", "rule.saved", "rule:foreign_high_amount")
    assert entry.details == {"version": 1, "is_new": True}


def test_an_edit_makes_a_new_version_and_leaves_the_live_one(make_rule, make_draft, now):
    rule = make_rule()

    rule_save(actor="ben", rule=rule, draft=make_draft(NIGHT, Action.DECLINE), now=now)

    assert rule.versions.get(number=2).author == "ben"
    assert rule.versions.get(number=1).action == "review"
    assert RulesetVersion.objects.get().members.get().version.number == 1


def test_an_edit_of_the_name_alone_makes_no_version(make_rule, make_draft, now):
    rule = make_rule(is_live=False)
    rule.name = "Another name"

    version = rule_save(actor="ben", rule=rule, draft=make_draft(), now=now)

    assert version.number == 1
    assert Rule.objects.get().name == "Another name"


def test_an_invalid_expression_saves_nothing(make_rule, make_draft, now):
    rule = make_rule(is_live=False)
    rule.name = "Another name"

    with pytest.raises(InvalidExpression) as refusal:
        rule_save(actor="ana", rule=rule, draft=make_draft(group(row("amout", "is_missing"))), now=now)

    assert [error.field for error in refusal.value.errors] == ["conditions[0].field"]
    assert Rule.objects.get().name == "High amount abroad"
    assert RuleVersion.objects.count() == 1


@pytest.mark.parametrize(("code", "name"), [("Has Spaces", "x"), ("fine", ""), ("1st", "x")])
def test_an_invalid_name_saves_nothing(db, make_draft, now, code, name):
    with pytest.raises(ValidationError):
        rule_save(actor="ana", rule=Rule(code=code, name=name), draft=make_draft(), now=now)

    assert (Rule.objects.count(), RuleVersion.objects.count()) == (0, 0)
