"""What is counted of a model's days: each scored payment once, and labels whenever they come."""

from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
from django.conf import LazySettings as Settings
from django.db import IntegrityError, transaction
from django.utils import timezone

from ledger.services.labels import label_attach
from scoring.domain.model_figures import not_known_compromised
from scoring.domain.stability import population_stability_index
from scoring.models import ChallengerScore, ModelDay, ModelVersion
from scoring.selectors.model_bins import bins_of
from scoring.services.model_days import model_days_count, model_days_judge
from scoring.services.models import model_register
from scoring.services.policy_shipped import shipped_policy_publish
from scoring.serving.manifest import Manifest
from sentinel.core.catalogue import FIELDS, INDEX, pack
from sentinel.core.ids import uuid7
from sentinel.core.outcomes import Outcome
from tests.factories import make_account, make_client, make_payment
from tests.scoring.conftest import KEY, NOW

CHAMPION, CHALLENGER = "watched-2026-01-30.1", "watched-2026-01-30.2"
HOUR, A_DAY = timedelta(hours=1), timedelta(days=1)

pytestmark = pytest.mark.django_db


@pytest.fixture
def day() -> datetime:
    """The beginning of a day to come, on which nobody else pays."""
    later = timezone.now() + 40 * A_DAY
    return datetime(later.year, later.month, later.day, tzinfo=UTC)


@pytest.fixture
def models(supervised_artefact: Path, tmp_path: Path) -> tuple[ModelVersion, ModelVersion]:
    found = [registered(supervised_artefact, version) for version in (CHAMPION, CHALLENGER)]
    return found[0], found[1]


def registered(artefact: Path, version: str) -> ModelVersion:
    manifest = Manifest.from_bytes((artefact / "manifest.json").read_bytes(), KEY)
    return model_register(manifest=manifest.model_copy(update={"version": version}), now=NOW)


@pytest.fixture
def policy() -> int:
    """Reviews from a probability of 0.5, and what is stranger than 0.9995 of the payments."""
    thresholds = {"review_probability": 0.5, "review_percentile": 0.9995}
    return shipped_policy_publish(thresholds=thresholds, note="", now=NOW).number


@pytest.fixture
def pay(models, policy: int, day: datetime):
    account, client = make_account(), make_client()

    def make(probability: float | None, percentile: float = 0.5, outcome: Outcome = Outcome.APPROVE, **fields):
        values: list = [None] * len(FIELDS)
        values[INDEX["amount"]], values[INDEX["currency"]] = 100, "INR"
        values[INDEX["transaction_type"]] = "purchase"
        changes = {
            "fraud_probability": probability,
            "score_percentile": percentile,
            "model_version": fields.pop("model_version", CHAMPION),
            "policy_version": fields.pop("policy_version", policy),
            "snapshot": pack(values),
        }
        moment = fields.pop("at", day + HOUR)
        return make_payment(
            account,
            client,
            outcome=outcome,
            amount_minor=100,
            now=moment,
            verdict_changes=changes,
            id_at=fields.pop("entered_at", moment),
            **fields,
        )

    return make


def label(payment, *, is_fraud: bool, now: datetime, source: str = "chargeback") -> None:
    label_attach(
        payment=payment,
        is_fraud=is_fraud,
        source=source,
        observed_at=now,
        actor="acme",
        label_id=uuid7(int(now.timestamp() * 1e9)),
        now=now,
    )


def counted(version: str, day: datetime) -> dict[str, int]:
    """What is not zero, but for the calibration."""
    found = asdict(ModelDay.objects.get(model__version=version, day=day.date()).figures.counts)
    return {name: value for name, value in found.items() if value and name != "calibration"}


def test_a_day_is_counted_when_it_is_over(pay, day: datetime):
    pay(0.01)
    pay(0.5)
    pay(0.9, 0.9999)
    pay(0.02, 0.9999)

    model_days_count(now=day + A_DAY - HOUR)
    assert not ModelDay.objects.filter(day=day.date()).exists()

    model_days_count(now=day + A_DAY + HOUR)
    assert counted(CHAMPION, day) == {"payments": 4, "alerts": 3, "forest_alerts": 1}


def test_it_is_counted_once_however_often_one_looks(pay, day: datetime):
    pay(0.9)
    model_days_count(now=day + A_DAY + HOUR)

    assert model_days_count(now=day + A_DAY + 2 * HOUR) == 0
    model_days_judge(now=day + A_DAY + 2 * HOUR)
    assert counted(CHAMPION, day) == {"payments": 1, "alerts": 1}


def test_rules_and_unscored_test_and_other_payments_do_not_count(pay, day: datetime):
    pay(0.01, outcome=Outcome.DECLINE)  # by a rule: no alert of the model
    pay(0.9, model_version="card-2001-01-01.1")  # of no model that is known
    pay(None, None)
    model_days_count(now=day + A_DAY + HOUR)

    assert counted(CHAMPION, day) == {"payments": 1}


def test_a_policy_that_is_not_stored_has_no_thresholds(pay, day: datetime):
    pay(0.9, policy_version=2_000_000)
    model_days_count(now=day + A_DAY + HOUR)

    assert counted(CHAMPION, day) == {"payments": 1}


def test_labels_of_alerts_are_told_as_soon_as_they_come(pay, day: datetime):
    reviewed = [pay(0.9, outcome=Outcome.REVIEW) for _ in range(3)]
    strange, missed = pay(0.1, 0.9999), pay(0.1)
    model_days_count(now=day + A_DAY + HOUR)

    known_at = day + A_DAY + 2 * HOUR
    label(reviewed[0], is_fraud=True, now=known_at, source="review")
    label(reviewed[1], is_fraud=False, now=known_at, source="review")
    label(strange, is_fraud=True, now=known_at)
    label(missed, is_fraud=True, now=known_at)
    model_days_judge(now=known_at + HOUR)

    assert counted(CHAMPION, day) == {
        "payments": 5,
        "alerts": 4,
        "forest_alerts": 1,
        "reviewed": 2,
        "reviewed_frauds": 1,
        "frauds": 3,
        "alert_frauds": 2,
        "forest_frauds": 1,
    }


def test_the_label_with_authority_counts_for_a_reviewed_alert(pay, day: datetime):
    payment = pay(0.9)
    label(payment, is_fraud=False, now=day + 2 * HOUR, source="review")
    label(payment, is_fraud=True, now=day + 3 * HOUR, source="chargeback")
    model_days_count(now=day + A_DAY + HOUR)

    assert counted(CHAMPION, day)["reviewed_frauds"] == 1


def test_a_day_matures(pay, day: datetime, settings: Settings):
    settings.LABEL_MATURITY_DAYS = 7
    pay(0.1)  # nobody complains
    fraud = pay(0.75)
    pay(0.95)
    pay(0.8, outcome=Outcome.REVIEW)  # held and never decided: nobody will know
    model_days_count(now=day + A_DAY + HOUR)
    label(fraud, is_fraud=True, now=day + 2 * A_DAY)
    model_days_judge(now=day + 7 * A_DAY)
    assert "due" not in counted(CHAMPION, day)

    model_days_judge(now=day + 8 * A_DAY + HOUR)

    found = counted(CHAMPION, day)
    assert (found["due"], found["matured"], found["alerts"], found["alert_frauds"]) == (4, 3, 3, 1)
    bins = ModelDay.objects.get(model__version=CHAMPION, day=day.date()).calibration
    assert (bins[7], bins[9]) == ([1, 0.75, 0.1875, 1], [1, 0.95, 0.0475, 0])
    assert sum(each[0] for each in bins) == 2


def test_alerts_without_a_probability_are_the_forests_and_have_no_calibration(pay, day: datetime):
    payment = pay(None, 0.9999)
    label(payment, is_fraud=True, now=day + 2 * HOUR)
    model_days_count(now=day + 9 * A_DAY)

    found = counted(CHAMPION, day)
    assert (found["alerts"], found["forest_alerts"], found["matured"], found["forest_frauds"]) == (1, 1, 1, 1)
    assert ModelDay.objects.get(model__version=CHAMPION, day=day.date()).calibration == [[0, 0.0, 0.0, 0]] * 10


def test_a_challenger_counts_by_what_it_would_have_alerted(pay, models, day: datetime):
    first, second = pay(0.9), pay(0.1)
    for payment, probability in ((first, 0.2), (second, 0.6)):
        ChallengerScore.objects.create(
            transaction_id=payment.pk, model=models[1], fraud_probability=probability, score_percentile=0.5
        )
    label(second, is_fraud=True, now=day + 2 * HOUR)
    model_days_count(now=day + A_DAY + HOUR)

    assert counted(CHALLENGER, day) == {"payments": 2, "alerts": 1, "frauds": 1, "alert_frauds": 1}
    assert counted(CHAMPION, day) == {"payments": 2, "alerts": 1, "frauds": 1}
    assert ModelDay.objects.get(model__version=CHALLENGER, day=day.date()).spreads == {}


def test_a_challenger_without_scores_has_no_day(pay, models, day: datetime):
    pay(0.9)
    model_days_count(now=day + A_DAY + HOUR)

    assert not ModelDay.objects.filter(model=models[1]).exists()


def test_inputs_and_scores_are_counted_in_the_bins_of_training(pay, models, day: datetime):
    pay(0.003, 0.05)
    pay(0.99, 0.9999)
    model_days_count(now=day + A_DAY + HOUR)

    spreads = ModelDay.objects.get(model__version=CHAMPION, day=day.date()).spreads
    manifest = models[0].manifest
    assert spreads.keys() == {
        "score_percentile",
        "fraud_probability",
        *manifest["forest"]["inputs"],
        *manifest["classifier"]["inputs"],
    }
    assert (sum(spreads["score_percentile"]), spreads["score_percentile"][-1]) == (2, 0)
    assert (spreads["score_percentile"][-3:], spreads["fraud_probability"][0]) == ([0, 1, 0], 1)
    assert spreads["fraud_probability"][-2:] == [1, 0]
    assert spreads["merchant_amount_max_30d"][-1] == 2  # a snapshot that says nothing of it
    assert all(sum(counts) == 2 for counts in spreads.values())


def test_the_bins_of_both_scores_fit_what_the_model_was_trained_and_measured_on(supervised, dataset):
    bins, training = bins_of(supervised.manifest.model_dump()), supervised.manifest.forest.training
    moments = [datetime.fromisoformat(each).timestamp() for each in (training.start, training.end)]
    trained = dataset.rows((dataset.occurred_at >= moments[0]) & (dataset.occurred_at <= moments[1]))
    later = not_known_compromised(dataset, since=moments[1] + 1)
    scores = {
        "score_percentile": np.round(supervised.forest.percentiles(trained.columns), 4),
        "fraud_probability": np.round(supervised.classifier.probabilities(later.columns), 4),
    }

    for name, values in scores.items():
        assert population_stability_index(bins[name], bins[name].counts(values)) < 0.005, name


def test_nothing_is_said_of_inputs_on_a_day_that_two_models_decided(pay, day: datetime):
    pay(0.1)
    pay(0.2, model_version=CHALLENGER)
    model_days_count(now=day + A_DAY + HOUR)

    assert [each.spreads for each in ModelDay.objects.filter(day=day.date())] == [{}, {}]


def test_the_days_of_a_pause_are_counted_afterwards(pay, day: datetime):
    pay(0.9)
    model_days_count(now=day + A_DAY + HOUR)
    pay(0.9, at=day + 2 * A_DAY)
    pay(0.9, at=day + 4 * A_DAY)

    assert model_days_count(now=day + 5 * A_DAY + HOUR) == 2
    days = ModelDay.objects.filter(model__version=CHAMPION).order_by("day").values_list("day", "alerts")
    assert list(days) == [((day + each * A_DAY).date(), 1) for each in (0, 2, 4)]


def test_payments_belong_to_the_day_they_occurred_on_however_late_they_are_entered(pay, day: datetime):
    pay(0.9)
    model_days_count(now=day + A_DAY + HOUR)
    late = pay(0.9, entered_at=day + 3 * A_DAY)
    pay(0.1, at=day - A_DAY, entered_at=day + 3 * A_DAY)

    assert model_days_count(now=day + 3 * A_DAY + HOUR) == 2
    assert counted(CHAMPION, day) == {"payments": 2, "alerts": 2}
    assert counted(CHAMPION, day - A_DAY) == {"payments": 1}
    spreads = ModelDay.objects.get(model__version=CHAMPION, day=day.date()).spreads
    assert sum(spreads["score_percentile"]) == 2
    label(late, is_fraud=True, now=day + 4 * A_DAY)
    model_days_judge(now=day + 4 * A_DAY + HOUR)
    assert counted(CHAMPION, day)["alert_frauds"] == 1


# -- what the database keeps, whoever writes


@pytest.mark.parametrize(
    "counts",
    [
        {"payments": 1, "alerts": 2},
        {"payments": 2, "alerts": 1, "forest_alerts": 2},
        {"payments": 1, "alerts": 1, "reviewed": 2},
        {"payments": 2, "due": 1, "matured": 2},
        {"payments": 2, "frauds": 1, "alert_frauds": 2},
    ],
)
def test_the_database_refuses_parts_larger_than_their_whole(models, counts):
    with pytest.raises(IntegrityError, match="model_day_parts"), transaction.atomic():
        ModelDay.objects.create(model=models[0], day=NOW.date(), **counts)


def test_the_database_keeps_one_row_of_a_model_and_day(models):
    ModelDay.objects.create(model=models[0], day=NOW.date())
    with pytest.raises(IntegrityError, match="model_day_once"), transaction.atomic():
        ModelDay.objects.create(model=models[0], day=NOW.date())
