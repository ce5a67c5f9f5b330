"""What the database keeps by itself, whoever writes."""

import pytest
from django.db import DatabaseError, IntegrityError, connection, transaction

from rules.models import RulesetMember, RulesetVersion, RuleVersion
from tests.rules.examples import group, row

INSERT_ONLY = [RuleVersion, RulesetVersion, RulesetMember]


def execute(sql: str) -> None:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")  # TRUNCATE does not wait for checks that are due
        cursor.execute(sql)


@pytest.mark.parametrize("model", INSERT_ONLY)
@pytest.mark.parametrize("sql", ["UPDATE {} SET id = id", "DELETE FROM {}", "TRUNCATE {} CASCADE"])
def test_versions_refuse_every_change(make_rule, model, sql):
    make_rule()

    with pytest.raises(DatabaseError, match="is refused"):
        execute(sql.format(model._meta.db_table))

    assert model.objects.count() == 1
    assert model.insert_only


def test_a_ruleset_has_a_rule_once(make_rule, make_draft, now):
    rule = make_rule()
    ruleset = RulesetVersion.objects.get()
    other = RuleVersion.objects.create(
        rule=rule, number=2, expression={}, action="review", reason_code="r", reason_words="w", created_at=now
    )

    with pytest.raises(IntegrityError, match="ruleset_has_a_rule_once"), transaction.atomic():
        RulesetMember.objects.create(ruleset=ruleset, rule=rule, version=other)


def test_a_members_version_is_of_its_rule(make_rule):
    rule, night = make_rule(), make_rule("night", is_enabled=False, expression=group(row("is_night", "is_true")))
    ruleset = RulesetVersion.objects.create(number=9, published_at=rule.created_at)

    with pytest.raises(IntegrityError, match="ruleset_member_version_of_rule"), transaction.atomic():
        RulesetMember.objects.create(ruleset=ruleset, rule=rule, version=night.versions.get())


@pytest.mark.parametrize(
    "change", ["action = 'explode'", "number = 0", "reason_code = 'Bad code'", "reason_words = ''"]
)
def test_a_version_that_makes_no_sense_is_refused(make_rule, change):
    make_rule()
    copied = {"action": "action", "number": "2", "reason_code": "reason_code", "reason_words": "reason_words"}
    name, value = change.split(" = ")

    with pytest.raises(IntegrityError, match="check constraint"):
        execute(
            f"INSERT INTO rules_ruleversion (rule_id, expression, author, created_at, {', '.join(copied)})"
            f" SELECT rule_id, expression, author, created_at, {', '.join({**copied, name: value}.values())}"
            " FROM rules_ruleversion"
        )
