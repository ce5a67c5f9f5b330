"""The policy in the Admin: drafts with bands as rows, the steps, and the way back."""

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from ledger.models import AuditEntry
from scoring.models import PolicyRelease, PolicySimulation, PolicyVersion
from scoring.services.policy_shipped import shipped_policy_publish
from scoring.services.policy_simulations import policy_simulation_run
from tests.scoring.policies import hide_policies

LIST = reverse("admin:scoring_policyversion_changelist")
ADD = reverse("admin:scoring_policyversion_add")
RELEASES = reverse("admin:scoring_policyrelease_changelist")
NO_BANDS = {"bands-TOTAL_FORMS": "0", "bands-INITIAL_FORMS": "0"}
FORM = {
    "review_percentile": "0.99",
    "decline_percentile": "",
    "review_probability": "0.5",
    "decline_probability": "0.95",
    "limits": "5000.00 INR\r\n9000 jpy",
    "note": "Quieter",
    **NO_BANDS,
}
THRESHOLDS = {
    "review_percentile": 0.99,
    "review_probability": 0.5,
    "decline_probability": 0.95,
    "degraded_review_above": {"INR": "5000.00", "JPY": "9000"},
}


@pytest.fixture(autouse=True)
def no_policies_yet(db) -> None:
    hide_policies()


@pytest.fixture
def analyst(sign_in):
    return sign_in("ana", "scoring.view_policyversion", "scoring.add_policyversion", "ledger.view_auditentry")


@pytest.fixture
def approver(sign_in):
    names = ("add_policyversion", "publish_policy", "break_glass_policy", "view_policyversion", "view_policyrelease")
    return sign_in("ben", *(f"scoring.{name}" for name in names))


@pytest.fixture
def queued(monkeypatch) -> list[int]:
    """The simulations that a worker was told of."""
    told: list[int] = []
    monkeypatch.setattr("scoring.admin.policy_steps.policy_simulate.delay", told.append)
    return told


def page(version: PolicyVersion) -> str:
    return reverse("admin:scoring_policyversion_change", args=[version.number])


def step(version: PolicyVersion, name: str) -> str:
    return reverse("admin:scoring_policy_step", args=[version.number, name])


def bands(*rows: dict) -> dict:
    told = {"bands-TOTAL_FORMS": str(len(rows)), "bands-INITIAL_FORMS": "0"}
    return told | {f"bands-{place}-{name}": value for place, row in enumerate(rows) for name, value in row.items()}


def saved(client, **changes) -> PolicyVersion:
    assert client.post(ADD, {**FORM, **changes}).status_code == 302
    return PolicyVersion.objects.latest("number")


def simulated(version: PolicyVersion) -> PolicySimulation:
    now = timezone.now()
    simulation = PolicySimulation.objects.create(
        version=version,
        compared_with=0,
        first_at=now - timedelta(days=30),
        until=now,
        asked_by="ana",
        asked_at=now,
    )
    policy_simulation_run(simulation=simulation, now=now)
    return simulation


def live() -> int | None:
    return PolicyRelease.objects.values_list("live", flat=True).first()


def test_a_draft_is_saved_and_decides_nothing(analyst):
    policy = saved(analyst)

    assert policy.thresholds == THRESHOLDS
    assert (policy.author, policy.note) == ("ana", "Quieter")
    assert AuditEntry.objects.get(action="policy.drafted").actor == "ana"
    assert live() is None


def test_bands_are_rows_in_their_order_and_empty_ones_are_none(analyst):
    online = {"channels": ["ecommerce"], "currency": "inr", "amount_from": "5000.00", "review_percentile": "0.9"}
    atm = {"channels": ["atm"], "review_percentile": "0.8"}

    policy = saved(analyst, **bands({**atm, "ORDER": "2"}, {}, {**online, "ORDER": "1"}))

    assert policy.thresholds["bands"] == [
        {"channels": ["ecommerce"], "currency": "INR", "amount_from": "5000.00", "review_percentile": 0.9},
        {"channels": ["atm"], "review_percentile": 0.8},
    ]
    assert "online payments from 5,000 INR" in analyst.get(page(policy)).content.decode()
    # The next version starts from these rows.
    assert 'value="5000.00"' in analyst.get(f"{ADD}?from={policy.number}").content.decode()


def test_more_rows_keep_what_was_typed(analyst):
    answer = analyst.post(ADD, {**FORM, **bands({"currency": "INR"}), "more": "1"}).content.decode()

    assert answer.count("<legend>Band") == 2
    assert 'value="INR"' in answer
    assert PolicyVersion.objects.count() == 0


def test_list_and_page_say_it_in_words(analyst):
    policy = saved(analyst)

    listed, shown = (analyst.get(url).content.decode() for url in (LIST, page(policy)))

    assert "Decline from fraud probability 0.95; review from score percentile 0.99" in listed
    assert '<span class="badge draft">draft</span>' in listed
    assert "no version decides anything" in listed
    assert "review above 9,000 JPY" in shown
    assert 'aria-current="step">draft' in shown


def test_the_form_starts_from_the_live_policy(analyst):
    shipped_policy_publish(thresholds=THRESHOLDS, note="", now=timezone.now())

    shown = analyst.get(ADD).content.decode()

    assert 'value="0.99"' in shown
    assert "5000.00 INR" in shown


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"review_percentile": "1.5"}, "less than or equal to 1"),
        ({"decline_probability": "0.5"}, "No fraud probability would lead to a review"),
        ({"limits": "5000 XXX"}, "not an ISO 4217 currency"),
        ({"limits": "nonsense"}, "not an ISO 4217 currency"),
        ({"limits": "1.005 INR"}, "INR has 2 decimals"),
        (bands({"amount_from": "5", "review_percentile": "0.9"}), "in which currency"),
        (bands({"channels": ["fax"], "review_percentile": "0.9"}), "not one of the available choices"),
        (bands({"channels": ["atm"]}), "at least one threshold"),
        (bands({"review_percentile": "0.9"}, {"channels": ["atm"], "review_percentile": "0.8"}), "reaches this band"),
        ({"bands-TOTAL_FORMS": "x"}, "ManagementForm data is missing"),
    ],
)
def test_what_cannot_be_is_refused(analyst, change, words):
    answer = analyst.post(ADD, {**FORM, **change})

    assert words in answer.content.decode()
    assert (PolicyVersion.objects.count(), AuditEntry.objects.count()) == (0, 0)


def test_a_policy_is_simulated_asked_for_approved_and_live(analyst, approver, queued):
    policy = saved(analyst)
    assert analyst.post(step(policy, "simulate"), {"days": "30"}).status_code == 302
    assert queued == [policy.simulations.get().pk]
    simulated(policy)
    assert analyst.post(step(policy, "ask"), {"note": "A quiet month"}).status_code == 302

    assert analyst.post(step(policy, "approve"), {"stage": "live"}).status_code == 403
    assert approver.post(step(policy, "approve"), {"stage": "live", "note": ""}).status_code == 302

    assert live() == policy.number
    assert 'aria-current="step">live' in analyst.get(page(policy)).content.decode()


def test_nobody_approves_their_own_policy(approver):
    policy = saved(approver)
    simulated(policy)
    approver.post(step(policy, "ask"), {"note": ""})

    assert "nobody publishes their own work" in approver.get(page(policy)).content.decode()
    answer = approver.post(step(policy, "approve"), {"stage": "live", "note": ""}).content.decode()

    assert "a colleague has to decide" in answer
    assert live() is None


def test_a_simulation_shows_its_figures(analyst):
    policy = saved(analyst)
    simulated(policy)

    shown = analyst.get(page(policy)).content.decode()

    assert "What would it have done?" in shown
    assert 'aria-current="step">simulated' in shown


def test_without_a_worker_the_simulation_says_so(analyst, monkeypatch):
    from kombu.exceptions import OperationalError

    def away(_):
        raise OperationalError("connection refused")

    monkeypatch.setattr("scoring.admin.policy_steps.policy_simulate.delay", away)
    policy = saved(analyst)

    answer = analyst.post(step(policy, "simulate"), {"days": "30"}).content.decode()

    assert "worker cannot be reached" in answer
    assert policy.simulations.get().state == "failed"


def test_the_glass_is_broken_by_whoever_may(analyst, approver):
    shipped_policy_publish(thresholds={"review_percentile": 0.995}, note="", now=timezone.now())
    tighter = saved(analyst, limits="")
    told = {"hours": "4", "note": "a wave of fraud"}

    assert analyst.post(step(tighter, "break-glass"), told).status_code == 403
    assert approver.post(step(tighter, "break-glass"), told).status_code == 302

    shown = approver.get(page(tighter)).content.decode()
    assert "a wave of fraud" in shown
    assert f"break-glass: version {tighter.number} decides" in shown


def test_two_versions_are_compared(analyst):
    first = saved(analyst)
    saved(analyst, review_percentile="0.9")
    third = saved(analyst, review_percentile="0.98")

    shown = analyst.get(f"{page(third)}?with={first.number}").content.decode()

    assert "<del>all payments: decline from fraud probability 0.95; review from score percentile 0.99;" in shown
    assert "<ins>all payments: decline from fraud probability 0.95; review from score percentile 0.98;" in shown


def test_an_earlier_release_is_brought_back(approver, analyst):
    first = shipped_policy_publish(thresholds=THRESHOLDS, note="", now=timezone.now())
    shipped_policy_publish(thresholds={"review_percentile": 0.5}, note="", now=timezone.now())
    back = reverse("admin:scoring_policy_roll_back", args=[1])

    assert (
        "Go back to this…" in approver.get(reverse("admin:scoring_policyrelease_change", args=[1])).content.decode()
    )
    assert analyst.post(back, {"note": "why not"}).status_code == 403
    assert "approved then" in approver.get(back).content.decode()
    assert approver.post(back, {"note": "too many reviews"}).status_code == 302

    assert live() == first.number
    assert "version 1 is live" in approver.get(RELEASES).content.decode()


def test_drafting_needs_its_permission(sign_in):
    onlooker = sign_in("otto", "scoring.view_policyversion")

    assert onlooker.post(ADD, FORM).status_code == 403
    assert onlooker.get(LIST).status_code == 200
    assert PolicyVersion.objects.count() == 0


def test_a_version_is_never_changed(admin_client):
    policy = saved(admin_client)
    delete = reverse("admin:scoring_policyversion_delete", args=[policy.number])

    assert admin_client.post(page(policy), {**FORM, "note": "other"}).status_code == 403
    assert admin_client.post(delete).status_code == 403


@pytest.mark.parametrize("name", ["fly", "snooze"])
def test_an_unknown_step_is_not_found(analyst, name):
    assert analyst.get(step(saved(analyst), name)).status_code == 404
