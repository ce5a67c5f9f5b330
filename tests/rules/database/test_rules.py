import pytest
from django.core.exceptions import ValidationError

from ledger.models import AuditEntry
from rules.errors import InvalidExpression, RuleHasNoVersion
from rules.models import Rule, RulesetVersion, RuleVersion
from rules.services.rules import rule_disable, rule_enable, rule_save
from rules.services.rulesets import ruleset_publish
from sentinel.core.outcomes import Action
from tests.rules.examples import group, row

NIGHT = group(row("is_night", "is_true"))


def live() -> list[tuple[str, int]]:
    ruleset = RulesetVersion.objects.first()
    members = ruleset.members.order_by("rule__code") if ruleset else []
    return [(member.rule.code, member.version.number) for member in members]


def test_saving_an_enabled_rule_publishes_it(make_rule, now):
    rule = make_rule()

    ruleset = RulesetVersion.objects.get()
    assert (ruleset.number, ruleset.published_by, ruleset.published_at) == (1, "ana", now)
    assert live() == [("foreign_high_amount", 1)]
    assert (rule.created_by, rule.versions.get().author) == ("ana", "ana")


def test_saving_is_audited(make_rule):
    make_rule()

    entries = AuditEntry.objects.order_by("id").values_list("actor", "action", "subject")
    assert list(entries) == [
        ("ana", "rule.saved", "rule:foreign_high_amount"),
        ("ana", "ruleset.published", "ruleset:1"),
    ]


def test_web_processes_are_told_after_the_commit(make_rule, touched, django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks(execute=True):
        make_rule()
        assert touched == []

    assert touched == ["configuration"]


def test_a_disabled_rule_is_saved_in_reserve(make_rule, touched, django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks(execute=True):
        make_rule(is_enabled=False)

    assert RuleVersion.objects.count() == 1
    assert RulesetVersion.objects.count() == 0
    assert touched == []


def test_an_edit_makes_a_new_version_and_a_new_ruleset(make_rule, make_draft, now):
    rule = make_rule()

    rule_save(actor="ben", rule=rule, draft=make_draft(NIGHT, Action.DECLINE), now=now)

    assert live() == [("foreign_high_amount", 2)]
    assert RulesetVersion.objects.count() == 2
    assert rule.versions.get(number=1).action == "review"


def test_an_edit_of_the_name_alone_makes_no_version(make_rule, make_draft, now):
    rule = make_rule()
    rule.name = "Another name"

    version = rule_save(actor="ben", rule=rule, draft=make_draft(), now=now)

    assert version.number == 1
    assert RulesetVersion.objects.count() == 1
    assert Rule.objects.get().name == "Another name"


def test_an_invalid_expression_saves_nothing(make_rule, make_draft, now):
    rule = make_rule()
    rule.name = "Another name"

    with pytest.raises(InvalidExpression) as refusal:
        rule_save(actor="ana", rule=rule, draft=make_draft(group(row("amout", "is_missing"))), now=now)

    assert [error.field for error in refusal.value.errors] == ["conditions[0].field"]
    assert Rule.objects.get().name == "High amount abroad"
    assert (RuleVersion.objects.count(), RulesetVersion.objects.count()) == (1, 1)


@pytest.mark.parametrize(("code", "name"), [("Has Spaces", "x"), ("fine", ""), ("1st", "x")])
def test_an_invalid_name_saves_nothing(db, make_draft, now, code, name):
    with pytest.raises(ValidationError):
        rule_save(actor="ana", rule=Rule(code=code, name=name, is_enabled=True), draft=make_draft(), now=now)

    assert (Rule.objects.count(), RuleVersion.objects.count(), RulesetVersion.objects.count()) == (0, 0, 0)


def test_disabling_takes_a_rule_out_and_enabling_puts_it_back(make_rule, now):
    rule, _ = make_rule(), make_rule("night", expression=NIGHT)

    rule_disable(actor="ana", rule=rule, now=now)
    assert live() == [("night", 1)]

    rule_enable(actor="ana", rule=rule, now=now)
    assert live() == [("foreign_high_amount", 1), ("night", 1)]


def test_disabling_twice_publishes_once(make_rule, now):
    rule = make_rule()

    rule_disable(actor="ana", rule=rule, now=now)
    rule_disable(actor="ana", rule=rule, now=now)

    assert RulesetVersion.objects.count() == 2
    assert AuditEntry.objects.filter(action="rule.disabled").count() == 1


def test_an_edit_does_not_bring_back_what_a_colleague_disabled(make_rule, make_draft, now):
    stale = make_rule()
    rule_disable(actor="ben", rule=Rule.objects.get(), now=now)

    rule_save(actor="ana", rule=stale, draft=make_draft(NIGHT), now=now)

    assert not Rule.objects.get().is_enabled
    assert live() == []


def test_a_rule_without_conditions_cannot_be_enabled(db, now):
    rule = Rule.objects.create(code="empty", name="Empty", created_at=now, updated_at=now)

    with pytest.raises(RuleHasNoVersion):
        rule_enable(actor="ana", rule=rule, now=now)

    assert not Rule.objects.get().is_enabled
    assert RulesetVersion.objects.count() == 0


def test_publishing_again_changes_nothing(make_rule, now):
    make_rule()

    assert ruleset_publish(actor="ana", now=now).number == 1
    assert RulesetVersion.objects.count() == 1
