"""A champion that runs wild gives way to the model before it, once, and everybody is told."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from django.conf import LazySettings as Settings
from django.utils import timezone

from ledger.models import AuditEntry
from rules.models import Alarm
from scoring.domain.model_brake import ModelBrake, promised_share
from scoring.domain.policy import Band, Policy, Thresholds
from scoring.models import ModelPromotion, ModelVersion, PolicyVersion
from scoring.selectors.models import champion_load
from scoring.services.model_brake import model_brake
from scoring.services.models import model_register
from scoring.services.policy_shipped import shipped_policy_publish
from scoring.services.promotions import model_promote
from tests.factories import make_account, make_client, make_payment
from tests.scoring.registry import copied, no_champion

FIRST, SECOND, THIRD = "braked-2026-01-30.1", "braked-2026-01-30.2", "braked-2026-01-30.3"
HOUR, A_DAY = timedelta(hours=1), timedelta(days=1)
BINS = [
    {"start": 0.0, "end": 0.5, "legitimate": 990, "frauds": 2},
    {"start": 0.5, "end": 1.0, "legitimate": 1, "frauds": 7},
]


@pytest.fixture
def now() -> datetime:
    """A moment to come, around which nobody else pays."""
    later = timezone.now() + 50 * A_DAY
    return datetime(later.year, later.month, later.day, 12, tzinfo=UTC)


@pytest.fixture
def models(db, artefact: Path, tmp_path: Path, settings: Settings, now: datetime) -> None:
    """Three forests; the second one decides for a day, after the first. A hundredth of the payments is reviewed."""
    settings.MODEL_DIR = tmp_path
    settings.BRAKE_FACTOR, settings.BRAKE_HITS_MIN, settings.MODEL_BRAKE_PAYMENTS_MIN = 5, 4, 10
    no_champion()
    shipped_policy_publish(thresholds={"review_percentile": 0.99}, note="", now=now - 2 * A_DAY)
    for version in (FIRST, SECOND, THIRD):
        model_register(manifest=copied(artefact, tmp_path / version), now=now - 2 * A_DAY)
    promote(FIRST, now - 2 * A_DAY)
    promote(SECOND, now - A_DAY)


def promote(version: str, now: datetime) -> None:
    model_promote(version=version, actor="olivia", now=now, override_reason="tests")


@pytest.fixture
def pay(models):
    account, client = make_account(), make_client()
    policy = shipped_number()

    def make(count: int, percentile: float, *, by: str, at: datetime) -> None:
        for _ in range(count):
            scored = {"score_percentile": percentile, "model_version": by, "policy_version": policy}
            make_payment(account, client, amount_minor=1, now=at, id_at=at, verdict_changes=scored)

    return make


def shipped_number() -> int:
    return PolicyVersion.objects.latest("number").number


def champion() -> str:
    found = champion_load()
    assert found is not None
    return found.version


def alarms() -> list[tuple[str, str]]:
    return list(Alarm.objects.filter(kind__startswith="model.").order_by("id").values_list("kind", "words"))


def test_a_champion_that_runs_wild_gives_way_to_the_one_before(pay, now: datetime):
    pay(16, 0.5, by=SECOND, at=now - HOUR / 2)
    pay(4, 0.999, by=SECOND, at=now - HOUR / 2)

    assert model_brake(now=now)

    assert champion() == FIRST
    assert ModelVersion.objects.get(version=SECOND).state == "retired"
    promotion = ModelPromotion.objects.first()
    assert promotion is not None
    assert (promotion.is_roll_back, promotion.promoted_by, promotion.promoted_at) == (True, "brake", now)
    assert AuditEntry.objects.filter(action="model.rolled_back", actor="brake", subject=f"model {FIRST}").exists()
    assert alarms() == [
        (
            "model.braked",
            f"{SECOND} alerted on 20.0% of 20 payments in the last hour; 1.0% were promised. The system rolled back: "
            f"{FIRST} decides again. Look at its alerts before it is promoted again.",
        )
    ]


def test_what_is_borne_stops_nobody(pay, now: datetime):
    pay(76, 0.5, by=SECOND, at=now - HOUR / 2)
    pay(4, 0.999, by=SECOND, at=now - HOUR / 2)  # five times a hundredth

    assert not model_brake(now=now)
    assert (champion(), alarms()) == (SECOND, [])


@pytest.mark.parametrize("at", ["too early", "another model"])
def test_only_the_champions_last_hour_counts(pay, now: datetime, at: str):
    if at == "too early":
        pay(12, 0.999, by=SECOND, at=now - 2 * HOUR)
    else:
        pay(12, 0.999, by=FIRST, at=now - HOUR / 2)

    assert not model_brake(now=now)
    assert champion() == SECOND


def test_what_was_before_the_policy_changed_was_not_promised(pay, now: datetime):
    pay(12, 0.999, by=SECOND, at=now - HOUR / 2)
    shipped_policy_publish(thresholds={"review_percentile": 0.9995}, note="", now=now - HOUR / 4)

    assert not model_brake(now=now)


def test_two_models_that_run_wild_do_not_take_turns(pay, now: datetime):
    pay(12, 0.999, by=SECOND, at=now - HOUR / 2)
    model_brake(now=now)
    pay(12, 0.999, by=FIRST, at=now + HOUR / 2)

    assert model_brake(now=now + HOUR)
    assert model_brake(now=now + HOUR + HOUR / 10)

    assert champion() == FIRST
    assert [kind for kind, _ in alarms()] == ["model.braked", "model.ran_wild"]
    assert f"It decides on: {SECOND}, the model before it, was itself braked within a day." in alarms()[1][1]


def test_without_a_model_before_it_only_an_alarm_is_raised(pay, now: datetime):
    no_champion()
    promote(THIRD, now - HOUR)
    pay(12, 0.999, by=THIRD, at=now - HOUR / 2)

    assert model_brake(now=now)

    assert champion() == THIRD
    assert "It decides on: there is no model before it. Look at its alerts" in alarms()[0][1]


def test_a_model_that_cannot_serve_does_not_follow(pay, now: datetime, tmp_path: Path):
    (tmp_path / FIRST / "forest.onnx").write_bytes(b"planted")
    pay(12, 0.999, by=SECOND, at=now - HOUR / 2)

    assert model_brake(now=now)

    assert champion() == SECOND
    assert [kind for kind, _ in alarms()] == ["model.ran_wild"]
    assert not ModelPromotion.objects.filter(promoted_by="brake").exists()


@pytest.mark.django_db
def test_without_a_champion_there_is_nothing_to_brake():
    no_champion()

    assert not model_brake(now=timezone.now())


# -- what is promised


@pytest.mark.parametrize(
    ("policy", "bins", "share"),
    [
        (Policy(1), None, 0.0),
        (Policy(1, review_percentile=0.99), None, 0.01),
        (Policy(1, review_percentile=0.99, decline_percentile=0.98), None, 0.02),
        (Policy(1, review_probability=0.5), None, 0.0),  # a model that gives none
        (Policy(1, review_probability=0.5), BINS, 0.008),
        (Policy(1, review_probability=0.7), BINS, 0.008),  # all of the bin
        (Policy(1, review_probability=1.0), BINS, 0.008),
        (Policy(1, review_probability=0.5, review_percentile=0.999), BINS, 0.009),
        (Policy(1, review_probability=0.5), [], None),
        (Policy(1, review_percentile=0.99, bands=(Band(Thresholds(review_percentile=0.9)),)), None, 0.1),
    ],
)
def test_the_promise_is_of_the_policy_that_reviews_most(policy: Policy, bins, share: float | None):
    assert promised_share([policy], bins) == pytest.approx(share)


@pytest.mark.parametrize(
    ("alerts", "payments", "promised", "stops"),
    [
        (26, 500, 0.01, True),
        (25, 500, 0.01, False),
        (26, 499, 0.01, False),
        (19, 500, 0.0, False),
        (500, 500, None, False),
    ],
)
def test_few_payments_few_alerts_and_no_promise_stop_nobody(alerts: int, payments: int, promised, stops: bool):
    assert ModelBrake(5, 500, 20).stops(alerts, payments, promised) is stops
