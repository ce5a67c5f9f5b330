"""What the database keeps by itself, whoever writes."""

from datetime import timedelta

import pytest
from django.db import DatabaseError, IntegrityError, connection, transaction

from rules.models import ApprovalRequest, BreakGlass, RulesetMember, RulesetVersion, RuleVersion
from rules.services.approvals import publishing_ask
from sentinel.core.outcomes import Action
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


def refused(match: str):
    """The database refuses, whoever writes."""
    return pytest.raises(IntegrityError, match=match)


@pytest.mark.parametrize(("stage", "share"), [("live", None), ("shadow", None), ("canary", 10)])
def test_a_ruleset_has_a_rule_live_once_and_on_trial_once(make_rule, stage, share):
    rule = make_rule()
    ruleset = RulesetVersion.objects.create(number=9, published_at=rule.created_at)
    member = {
        "ruleset": ruleset,
        "rule": rule,
        "version": rule.versions.get(),
        "stage": stage,
        "share_percent": share,
    }
    RulesetMember.objects.create(**member)

    with refused("ruleset_has_a_rule_(live|on_trial)_once"), transaction.atomic():
        RulesetMember.objects.create(**member)


def test_a_canary_has_a_share(make_rule):
    rule = make_rule()
    ruleset = RulesetVersion.objects.create(number=9, published_at=rule.created_at)

    with refused("ruleset_member_canary_has_share"), transaction.atomic():
        RulesetMember.objects.create(ruleset=ruleset, rule=rule, version=rule.versions.get(), stage="canary")


def test_a_members_version_is_of_its_rule(make_rule):
    rule, night = make_rule(), make_rule("night", expression=group(row("is_night", "is_true")))
    ruleset = RulesetVersion.objects.create(number=9, published_at=rule.created_at)

    with refused("ruleset_member_version_of_rule"), transaction.atomic():
        RulesetMember.objects.create(ruleset=ruleset, rule=rule, version=night.versions.get())


def test_a_version_that_nobody_approved_takes_no_part(make_rule):
    rule = make_rule(is_live=False)
    ruleset = RulesetVersion.objects.create(number=9, published_at=rule.created_at)

    with refused("nobody but its author approved it"), transaction.atomic():
        RulesetMember.objects.create(ruleset=ruleset, rule=rule, version=rule.versions.get())


@pytest.mark.parametrize("asked_by", ["ana", "ben"])
def test_the_author_cannot_approve(make_rule, simulated, now, asked_by):
    request = publishing_ask(actor=asked_by, rule=simulated(make_rule(is_live=False)), note="", now=now)

    with refused("ana wrote the version|request_decided_by_a_colleague"), transaction.atomic():
        ApprovalRequest.objects.filter(pk=request.pk).update(state="approved", decided_by="ana", decided_at=now)


def test_approval_is_asked_for_with_a_simulation(make_rule, now):
    rule = make_rule(is_live=False)
    told = {"rule": rule, "version": rule.versions.get(), "kind": "publish", "asked_by": "ana", "asked_at": now}

    with refused("it was not simulated"), transaction.atomic():
        ApprovalRequest.objects.create(**told)


def test_who_asked_cannot_approve(make_rule, simulated, now):
    request = publishing_ask(actor="ben", rule=simulated(make_rule(is_live=False)), note="", now=now)

    with refused("request_decided_by_a_colleague"), transaction.atomic():
        ApprovalRequest.objects.filter(pk=request.pk).update(state="approved", decided_by="ben", decided_at=now)


def test_a_decided_request_is_kept_as_it_is(make_rule, now):
    make_rule()

    with refused("it is kept as it was"), transaction.atomic():
        ApprovalRequest.objects.update(decided_by="cleo")
    with refused("is refused"), transaction.atomic():
        ApprovalRequest.objects.all().delete()


def test_break_glass_is_refused_to_what_allows_and_for_longer_than_a_day(make_rule, now):
    allow = make_rule("allow", is_live=False, action=Action.ALLOW).versions.get()
    review = make_rule("review", is_live=False).versions.get()
    told = {"reason": "why", "author": "ana", "created_at": now}

    with refused("the rule allows"), transaction.atomic():
        BreakGlass.objects.create(version=allow, expires_at=now + timedelta(hours=1), **told)
    with refused("more than a day"), transaction.atomic():
        BreakGlass.objects.create(version=review, expires_at=now + timedelta(hours=25), **told)


def test_what_expires_takes_part_only_behind_broken_glass(make_rule, now):
    rule = make_rule(is_live=False)
    ruleset = RulesetVersion.objects.create(number=9, published_at=now)
    member = {"ruleset": ruleset, "rule": rule, "version": rule.versions.get()}

    with refused("no glass was broken"), transaction.atomic():
        RulesetMember.objects.create(**member, expires_at=now + timedelta(hours=1))


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
