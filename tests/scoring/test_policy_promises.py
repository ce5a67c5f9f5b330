"""What the database keeps of policies, whoever writes."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import DatabaseError, IntegrityError, connection, transaction
from hypothesis import HealthCheck, given, settings

from scoring.domain.policy import THRESHOLDS, Band, Policy, Thresholds, is_tighter
from scoring.models import PolicyRelease, PolicyRequest, PolicySimulation, PolicyVersion
from scoring.services.policies import policy_draft
from scoring.services.policy_shipped import shipped_policy_publish
from sentinel.core.money import format_amount
from tests.scoring.policies import hide_policies, policies

NOW = datetime(2026, 1, 31, 12, tzinfo=UTC)


@pytest.fixture(autouse=True)
def released(db) -> PolicyVersion:
    """Version 1, live under release 1."""
    hide_policies()
    return shipped_policy_publish(thresholds={"review_percentile": 0.9}, note="", now=NOW)


@pytest.fixture
def draft() -> PolicyVersion:
    """Ana's, which nobody approved."""
    return policy_draft(actor="ana", thresholds={"review_percentile": 0.8}, note="", now=NOW)


def execute(sql: str) -> None:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")  # TRUNCATE does not wait for checks that are due
        cursor.execute(sql)


def refused(match: str):
    return pytest.raises(IntegrityError, match=match)


def release(**fields) -> PolicyRelease:
    with transaction.atomic():
        return PolicyRelease.objects.create(**{"number": 2, "published_by": "ana", "published_at": NOW, **fields})


def ask(version: PolicyVersion, **fields) -> PolicyRequest:
    with transaction.atomic():
        return PolicyRequest.objects.create(version=version, asked_by="ana", asked_at=NOW, **fields)


@pytest.mark.parametrize("model", [PolicyVersion, PolicyRelease])
@pytest.mark.parametrize("sql", ["UPDATE {} SET note = note", "DELETE FROM {}", "TRUNCATE {} CASCADE"])
def test_versions_and_releases_refuse_every_change(model, sql):
    with pytest.raises(DatabaseError, match="is refused"):
        execute(sql.format(model._meta.db_table))

    assert model.objects.count() == 1
    assert model.insert_only


@pytest.mark.parametrize("place", [{"live_id": 2}, {"live_id": 1, "trial_id": 2, "trial_stage": "shadow"}])
def test_nothing_is_released_that_nobody_approved(draft, place):
    with refused("nobody but its author approved it"):
        release(**place)

    assert PolicyRelease.objects.count() == 1


@pytest.mark.parametrize("state", ["refused", "withdrawn"])
def test_a_request_that_was_not_approved_lets_nothing_in(draft, state):
    ask(draft, state=state, decided_by="ben", decided_at=NOW)

    with refused("nobody but its author approved it"):
        release(live=draft)


def test_nobody_approves_what_they_asked_for(draft):
    with refused("policy_request_decided_by_a_colleague"), transaction.atomic():
        PolicyRequest.objects.create(
            version=draft, asked_by="ben", asked_at=NOW, state="approved", decided_by="ben", decided_at=NOW
        )


def test_nobody_approves_what_they_wrote(draft):
    with refused("ana wrote the policy"), transaction.atomic():
        PolicyRequest.objects.create(
            version=draft, asked_by="ben", asked_at=NOW, state="approved", decided_by="ana", decided_at=NOW
        )


def test_a_version_has_one_open_request(draft):
    ask(draft)

    with refused("policy_request_one_open_per_version"):
        ask(draft)


def test_a_decided_request_is_kept_as_it_was(draft):
    request = ask(draft, state="refused", decided_by="ben", decided_at=NOW)

    with refused("is kept as it was"), transaction.atomic():
        PolicyRequest.objects.filter(pk=request.pk).update(state="approved")
    with pytest.raises(DatabaseError, match="is refused"), transaction.atomic():
        PolicyRequest.objects.filter(pk=request.pk).delete()


@pytest.mark.parametrize(
    ("fields", "match"),
    [
        ({"live_id": 1, "trial_stage": "shadow"}, "policy_release_trial_has_stage"),
        ({"trial_id": 1}, "policy_release_trial_has_stage"),
        ({"trial_id": 1, "trial_stage": "canary"}, "policy_release_canary_has_share"),
        ({"trial_id": 1, "trial_stage": "canary", "share_percent": 100}, "policy_release_canary_has_share"),
        ({"trial_id": 1, "trial_stage": "shadow", "share_percent": 10}, "policy_release_canary_has_share"),
        ({"live_id": 1, "trial_id": 1, "trial_stage": "shadow"}, "policy_release_trial_is_not_live"),
        ({"live_id": 1, "emergency_id": 1, "note": "a wave"}, "policy_release_emergency_within_a_day"),
        ({"live_id": 1, "emergency_until": NOW + timedelta(hours=1)}, "policy_release_emergency_within_a_day"),
    ],
)
def test_a_release_is_of_one_piece(fields, match):
    with refused(match):
        release(**fields)


def test_broken_glass_lets_in_what_nobody_approved_for_a_day_at_most(draft):
    until = NOW + timedelta(hours=24)
    told: dict[str, Any] = {"live_id": 1, "emergency": draft, "note": "a wave"}

    with refused("policy_release_emergency_within_a_day"):
        release(**told, emergency_until=NOW + timedelta(hours=24, seconds=1))
    with refused("policy_release_emergency_has_reason"):
        release(**{**told, "note": ""}, emergency_until=NOW + timedelta(hours=1))
    release(**told, emergency_until=until)

    with refused("prolonging break-glass is refused"), transaction.atomic():
        PolicyRelease.objects.create(
            **told,
            number=3,
            published_by="ana",
            published_at=NOW + timedelta(hours=1),
            emergency_until=until + timedelta(minutes=1),
        )


def emergency(version: PolicyVersion, **fields) -> PolicyRelease:
    told = {"live_id": 1, "emergency": version, "emergency_until": NOW + timedelta(hours=1), "note": "a wave"}
    return release(**{**told, **fields})


@pytest.mark.parametrize(
    "thresholds",
    [
        {},
        {"review_percentile": 0.91},
        {"review_percentile": 0.8, "bands": [{"channels": ["atm"], "review_percentile": 0.95}]},
        {"review_percentile": 0.8, "degraded_review_above": {"INR": "5.00"}},
    ],
)
def test_broken_glass_only_tightens(thresholds):
    milder = policy_draft(actor="ana", thresholds=thresholds, note="", now=NOW)

    with refused("is milder than what decides without it"):
        emergency(milder)

    assert PolicyRelease.objects.count() == 1


def test_broken_glass_is_no_milder_than_the_canary_either(draft):
    strict = shipped_policy_publish(thresholds={"review_percentile": 0.7}, note="", now=NOW)
    on_trial = {"live_id": 1, "trial": strict}

    with refused("is milder than what decides without it"), transaction.atomic():
        emergency(draft, number=9, **on_trial, trial_stage="canary", share_percent=1)

    assert emergency(draft, number=9, **on_trial, trial_stage="shadow").emergency == draft


def test_before_any_policy_is_live_glass_is_broken_for_one_that_reviews_all_without_a_model(draft):
    lenient = policy_draft(actor="ana", thresholds={"degraded_review_above": {"INR": "5.00"}}, note="", now=NOW)

    with refused("is milder than what decides without it"):
        emergency(lenient, live_id=None)
    assert emergency(draft, live_id=None).emergency == draft


@pytest.mark.django_db
@settings(max_examples=200, suppress_health_check=list(HealthCheck))
@given(policies(), policies())
def test_the_database_knows_what_is_tighter(new, old):
    with connection.cursor() as cursor:
        cursor.execute("SELECT scoring_policy_is_tighter(%s, %s)", [json.dumps(stored(new)), json.dumps(stored(old))])
        (said,) = cursor.fetchone()

    assert said == is_tighter(new, old)


def stored(policy: Policy) -> dict[str, Any]:
    """As it is written down; policies of Hypothesis have amounts of one currency in minor units only."""

    def band(each: Band) -> dict[str, Any]:
        ends = {"amount_from": each.amount_from_minor, "amount_below": each.amount_below_minor}
        return {
            **thresholds(each.thresholds),
            "channels": list(each.channels),
            "currency": each.currency,
            **{name: None if end is None else format_amount(end, str(each.currency)) for name, end in ends.items()},
        }

    def thresholds(told: Thresholds) -> dict[str, Any]:
        return {name: getattr(told, name) for name in THRESHOLDS}

    return {
        **thresholds(policy.base),
        "degraded_review_above": dict(policy.degraded_review_above),
        "bands": [band(each) for each in policy.bands],
    }


def test_a_finished_simulation_stays_as_it_was(draft):
    told = {"asked_by": "ana", "asked_at": NOW, "first_at": NOW - timedelta(days=1), "until": NOW, "compared_with": 1}
    simulation = PolicySimulation.objects.create(version=draft, state="done", figures={}, finished_at=NOW, **told)

    with refused("it is finished"), transaction.atomic():
        PolicySimulation.objects.filter(pk=simulation.pk).update(figures={"payments": 1})
    with pytest.raises(DatabaseError, match="is refused"), transaction.atomic():
        simulation.delete()
