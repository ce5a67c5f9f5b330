"""A policy from an analyst's draft to the next payment's receipt, through the pages and the API."""

from collections.abc import Iterator

import pytest
from django.contrib.auth.models import Group, User
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from rules.domain.stages import Stage
from scoring.models import PolicyRelease, PolicySimulation, PolicyVersion
from scoring.services.groups import groups_ensure
from scoring.services.policies import policy_release
from tests.admin.test_policies import NO_BANDS
from tests.gateway import purchase

pytestmark = pytest.mark.journey


@pytest.fixture
def quiet_afterwards(committed) -> Iterator[None]:
    """Other tests count on a policy that has no say."""
    before = PolicyRelease.objects.first()
    assert before
    quiet = before.live_id
    assert quiet
    yield
    policy_release(
        actor="tests",
        change=lambda release: release.without_trial().with_placed(quiet, Stage.LIVE),
        note="",
        now=timezone.now(),
    )


@pytest.fixture
def people(committed) -> Iterator[dict[str, Client]]:
    groups_ensure()
    made = {}
    for group in ("Analyst", "Approver"):
        user = User.objects.create_user(f"{group.lower()} of this journey", is_staff=True)
        user.groups.add(Group.objects.get(name=group))
        made[group] = Client()
        made[group].force_login(user)
    yield made
    User.objects.filter(username__endswith="of this journey").delete()


def step(version: PolicyVersion, name: str) -> str:
    return reverse("admin:scoring_policy_step", args=[version.number, name])


def test_the_next_payment_is_decided_by_what_a_colleague_approved(gateway, people, quiet_afterwards):
    analyst, approver = people["Analyst"], people["Approver"]
    account_id = gateway.open_account("100000.00")
    # No model answers in tests: a payment above this amount is reviewed.
    told = {**NO_BANDS, "limits": "500.00 INR\r\n9999999 EUR", "note": "A wave of fraud"}

    def pay() -> dict:
        return gateway.post("transactions", purchase(account_id, "600.00")).json()

    assert pay()["outcome"] == "approve"
    assert analyst.post(reverse("admin:scoring_policyversion_add"), told).status_code == 302
    version = PolicyVersion.objects.latest("number")
    assert pay()["outcome"] == "approve"

    # Simulated without a queue in between.
    PolicySimulation.objects.create(
        version=version,
        compared_with=1,
        first_at=version.created_at,
        until=timezone.now(),
        asked_by="analyst",
        asked_at=timezone.now(),
        state="done",
        figures={},
    )
    assert analyst.post(step(version, "ask"), {"note": "please"}).status_code == 302
    assert analyst.post(step(version, "approve"), {"stage": "live"}).status_code == 403
    assert approver.post(step(version, "approve"), {"stage": "live", "note": ""}).status_code == 302

    decided = pay()
    assert decided["outcome"] == "review"
    assert decided["versions"]["policy"] == version.number

    before = PolicyRelease.objects.order_by("-number")[1]
    back = reverse("admin:scoring_policy_roll_back", args=[before.number])
    assert approver.post(back, {"note": "the wave is over"}).status_code == 302
    assert pay()["outcome"] == "approve"
